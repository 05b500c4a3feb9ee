// Small charts: one line each, drawn as SVG without axes. What it means stands beside it.

const NS = "http://www.w3.org/2000/svg";
const [WIDTH, HEIGHT] = [60, 14];

/** Adds a chart to an element. `draw` takes the values, oldest first. */
export function spark(parent, className = "spark") {
  const svg = document.createElementNS(NS, "svg");
  svg.setAttribute("class", className);
  svg.setAttribute("viewBox", `0 0 ${WIDTH} ${HEIGHT}`);
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("aria-hidden", "true");
  const line = document.createElementNS(NS, "polyline");
  svg.append(line);
  parent.append(svg);
  let last = "";
  return {
    svg,
    draw(values) {
      const most = Math.max(1e-9, ...values);
      const step = WIDTH / Math.max(1, values.length - 1);
      const points = values
        .map(
          (value, i) => `${(i * step).toFixed(1)},${(HEIGHT - 1 - (value / most) * (HEIGHT - 2)).toFixed(1)}`,
        )
        .join(" ");
      if (points !== last) line.setAttribute("points", points);
      last = points;
    },
  };
}
