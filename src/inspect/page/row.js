// The row of one server. It is made once; later only what changed is written.
import { chart } from "./chart.js";

const ACTIONS = [
  ["retry", "retry now", "skip the wait before the next attempt"],
  ["disconnect", "disconnect", "let the connection go; sessions stay open"],
  ["reconnect", "reconnect", "let it go and open it anew"],
  ["pause", "pause", "stop its process for a while, for a demo"],
];

function element(name, className, parent) {
  const made = document.createElement(name);
  made.className = className;
  parent.append(made);
  return made;
}

/** Sets a text only if it differs: setting the same text again would still cost a layout. */
export const put = (node, text) => {
  if (node.textContent !== text) node.textContent = text;
};

export class Row {
  /** @param {import("./model.js").Server} server @param {{ controls: boolean, act(id: string, action: string): void, choose(id: string): void }} page */
  constructor(server, page) {
    this.server = server;
    this.root = document.createElement("li");
    this.root.className = "server";
    this.root.tabIndex = 0;
    this.root.dataset.id = server.id;
    this.chart = chart();
    this.root.append(this.chart.svg);
    const how = element("div", "how", this.root);
    const head = element("div", "head", how);
    this.name = element("span", "name", head);
    this.kind = element("span", "kind", head);
    this.state = element("div", "state", how);
    this.wait = element("i", "", element("div", "wait", how));
    this.why = element("div", "why", how);
    this.who = element("div", "who", this.root);
    this.numbers = element("div", "numbers", this.root);
    this.buttons = element("div", "buttons", this.root);
    this.action = {};
    for (const [name, label, title] of page.controls ? ACTIONS : []) {
      const button = element("button", name, this.buttons);
      button.type = "button";
      button.textContent = label;
      button.title = title;
      button.addEventListener("click", () =>
        page.act(server.id, name === "pause" && server.paused ? "resume" : name),
      );
      this.action[name] = button;
    }
    this.root.addEventListener("click", (event) => {
      if (!event.target.closest("button")) page.choose(server.id);
    });
    this.root.addEventListener("keydown", (event) => {
      if (event.target === this.root && event.key === "Enter") page.choose(server.id);
    });
  }

  /** @param {number} now */
  update(now) {
    const { server } = this;
    const { state, detail, wire } = server;
    this.chart.light(state);
    put(this.name, server.name);
    put(this.kind, ` ${server.kind}${server.gone ? " · no longer watched" : ""}`);
    this.root.classList.toggle("gone", server.gone);
    put(this.why, server.reason);
    if (this.why.title !== server.reason) this.why.title = server.reason;
    put(this.who, this.#whoText());
    const { retry, disconnect, reconnect, pause } = this.action;
    if (retry) {
      retry.disabled = server.gone || detail !== "waiting";
      disconnect.disabled = server.gone || state === "idle" || state === "closed";
      reconnect.disabled = server.gone;
      pause.disabled = server.gone || wire?.pid === undefined;
      put(pause, server.paused ? "go on" : "pause");
    }
    this.count(now);
    this.tick(now);
  }

  /** Updates what changes with time: the bar until the next attempt, and the age of the state. */
  tick(now) {
    const { server } = this;
    const { state, detail, nextRetryAt, waitMs, attempt } = server;
    const waits = detail === "waiting" && nextRetryAt !== undefined;
    this.root.classList.toggle("waiting", waits);
    const step = detail === "authorizing" && server.step ? ` · ${server.step}` : "";
    const path = detail === undefined || detail === "steady" ? state : `${state} · ${detail}${step}`;
    const parts = [path];
    if (attempt > 1 && state === "connecting") parts.push(`attempt ${attempt}`);
    if (waits) {
      const left = Math.max(0, nextRetryAt - now);
      parts.push(`next try in ${(left / 1000).toFixed(1)} s`);
      this.wait.style.transform = `scaleX(${waitMs > 0 ? 1 - left / waitMs : 1})`;
    } else parts.push(`for ${ago(now - server.since)}`);
    put(this.state, parts.join(", "));
  }

  /** Calls in flight, per second, and how long they take. */
  count(now) {
    const { server } = this;
    const latency = server.latency();
    const text = `${server.inFlight} in flight · ${server.rate(now).toFixed(1)}/s${latency === undefined ? "" : ` · ${latency.toFixed(latency < 10 ? 1 : 0)} ms`}`;
    put(this.numbers, server.failures > 0 ? `${text} · ${server.failures} failed` : text);
  }

  #whoText() {
    const { wire, epoch, listening } = this.server;
    if (!wire) return epoch > 0 ? `epoch ${epoch}` : "";
    const { server = "an anonymous server", version = "", era = "", protocol = "", pid, session } = wire;
    const where = pid !== undefined ? `pid ${pid}` : session !== undefined ? `session ${session}…` : "";
    const deaf = listening === "lost" ? "cannot speak first" : "";
    return [`${server} ${version}`.trim(), `${era} ${protocol}`.trim(), where, `epoch ${epoch}`, deaf]
      .filter(Boolean)
      .join(" · ");
  }
}

/** A duration as a short text. */
export function ago(ms) {
  const s = Math.max(0, Math.floor(ms / 1000));
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`;
  return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
}
