// The picture of the README: CPU of a call, to that of the SDK's client. Its greys are readable on white and on black.
const ROWS = ["memory", "stdio", "HTTP", "SSE", "WebSocket"];
const SIDES = [
  ["SDK 2", "v2", "#8b949e"],
  ["SDK 1", "v1", "#b1bac4"],
  ["holdfast", "holdfast", "#2f81f7"],
  ["floor", "floor", "#57ab5a"],
];
const [LEFT, WIDTH, BAR, GAP] = [110, 480, 12, 18];

export function pictureOf(rows) {
  const group = SIDES.length * BAR + GAP;
  const height = 60 + ROWS.length * group;
  const text = (x, y, words, more = "") => `<text x="${x}" y="${y}"${more}>${words}</text>`;
  const legend = SIDES.map(
    ([name, , color], i) =>
      `<rect x="${LEFT + i * 100}" y="34" width="10" height="10" fill="${color}"/>${text(LEFT + 16 + i * 100, 43, name)}`,
  );
  const most = Math.max(...ROWS.flatMap((name) => SIDES.map(([, side]) => find(rows, name)[side].cpuRatio)));
  const bars = ROWS.flatMap((name, row) => {
    const top = 60 + row * group;
    return [
      text(LEFT - 10, top + (SIDES.length * BAR) / 2 + 4, name, ' text-anchor="end"'),
      ...SIDES.map(([, side, color], i) => {
        const { cpu, cpuRatio } = find(rows, name)[side];
        const width = Math.max(1, (cpuRatio / most) * WIDTH).toFixed(1);
        const y = top + i * BAR;
        return `<rect x="${LEFT}" y="${y}" width="${width}" height="${BAR - 2}" fill="${color}"/>${text(LEFT + Number(width) + 6, y + 9, `${cpu < 10 ? cpu.toFixed(1) : Math.round(cpu)} µs`, ' font-size="10"')}`;
      }),
    ];
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 680 ${height}" font-family="sans-serif" font-size="12" fill="#767676" role="img">
<title>CPU of a call, 32 at a time, for the SDK's clients, holdfast and the floor</title>
${text(0, 16, "CPU of the client for one call, 32 at a time", ' font-size="14" font-weight="bold"')}
${[...legend, ...bars].join("\n")}
</svg>
`;
}

const find = (rows, name) => rows.find((row) => row.name === name && row.width === 32);
