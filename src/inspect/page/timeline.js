// Draws the states of all servers over time on a canvas, in one lane for each server. Only what is visible is drawn.

const LABEL = 130;
const SPANS = [5_000, 10_000, 30_000, 60_000, 300_000, 900_000, 3_600_000];

export class Timeline {
  /** @param {HTMLElement} box @param {HTMLCanvasElement} canvas */
  constructor(box, canvas) {
    this.box = box;
    this.canvas = canvas;
    this.context = canvas.getContext("2d");
    this.zoom = 2;
    /** The time at the right end while the timeline is paused. */
    this.frozenAt = undefined;
    this.spacer = document.createElement("div");
    box.append(this.spacer);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
      this.colours = undefined;
    });
  }

  get span() {
    return SPANS[this.zoom];
  }

  zoomBy(step) {
    this.zoom = Math.min(SPANS.length - 1, Math.max(0, this.zoom + step));
  }

  /** @param {import("./model.js").Server[]} servers @param {number} now */
  draw(servers, now) {
    const { box, canvas, context } = this;
    const lane = servers.length > 40 ? 13 : servers.length > 12 ? 15 : 20;
    const ratio = devicePixelRatio;
    const width = box.clientWidth;
    const wanted = servers.length * lane;
    const height = Math.max(lane, Math.min(wanted, Math.round(innerHeight * 0.34)));
    if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
      canvas.style.width = `${width}px`;
      canvas.style.height = `${height}px`;
    }
    const extra = Math.max(0, wanted - height);
    if (this.extra !== extra) this.spacer.style.height = `${extra}px`;
    this.extra = extra;
    this.colours ??= this.#readColours();
    const end = this.frozenAt ?? now;
    const start = end - this.span;
    const scale = (width - LABEL) / this.span;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    context.font = `${Math.min(11, lane - 1)}px system-ui, sans-serif`;
    context.textBaseline = "middle";
    const first = Math.floor(box.scrollTop / lane);
    const last = Math.min(servers.length, first + Math.ceil(height / lane) + 1);
    for (let i = first; i < last; i++) {
      const server = servers[i];
      const y = i * lane - box.scrollTop;
      context.fillStyle = this.colours.text;
      context.fillText(this.#fitted(server.name), 0, y + lane / 2);
      this.#bands(server, y + 1, lane - 2, start, end, scale);
      this.#marks(server, y + 1, lane - 2, start, end, scale);
    }
  }

  #bands({ bands, gone }, y, height, start, end, scale) {
    const { context, colours } = this;
    context.globalAlpha = gone ? 0.5 : 1;
    for (let i = bands.length - 1; i >= 0; i--) {
      const from = Math.max(start, bands[i].at);
      const to = Math.min(end, bands[i + 1]?.at ?? end);
      if (to >= from && to > start) {
        context.fillStyle = colours[bands[i].state] ?? colours.idle;
        context.fillRect(LABEL + (from - start) * scale, y, Math.max(1, (to - from) * scale), height);
      }
      if (bands[i].at <= start) break;
    }
    context.globalAlpha = 1;
  }

  #marks({ answers, faults }, y, height, start, end, scale) {
    const { context, colours } = this;
    const seen = (marks, draw) => {
      for (let i = marks.length - 1; i >= 0 && marks[i] >= start; i--)
        if (marks[i] <= end) draw(LABEL + (marks[i] - start) * scale);
    };
    context.fillStyle = colours.mark;
    seen(answers, (x) => context.fillRect(x, y + height * 0.35, 1, height * 0.3));
    // In the colour of the text, with an edge in that of the ground: seen on every band, in the dark and in the light.
    context.fillStyle = colours.text;
    context.strokeStyle = colours.panel;
    context.lineWidth = 2;
    seen(faults, (x) => {
      context.beginPath();
      context.moveTo(x, y);
      context.lineTo(x + 5, y + height);
      context.lineTo(x - 5, y + height);
      context.closePath();
      context.stroke();
      context.fill();
    });
  }

  /** A name, cut with `…` where it is too long for its column. */
  #fitted(name) {
    const { context } = this;
    const room = LABEL - 8;
    if (context.measureText(name).width <= room) return name;
    let length = name.length - 1;
    while (length > 1 && context.measureText(`${name.slice(0, length)}…`).width > room) length--;
    return `${name.slice(0, length)}…`;
  }

  #readColours() {
    const probe = document.createElement("i");
    document.body.append(probe);
    const colours = {};
    for (const name of [
      "idle",
      "connecting",
      "connected",
      "disconnecting",
      "closed",
      "fault",
      "text",
      "panel",
    ]) {
      probe.style.color = `var(--${name})`;
      colours[name] = getComputedStyle(probe).color;
    }
    probe.remove();
    colours.mark = "rgba(255, 255, 255, 0.85)";
    return colours;
  }
}
