// The line of one server. It is made once; later only what changed is written.
import { spark } from "./spark.js";

export function element(name, className, parent, text) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  parent?.append(made);
  return made;
}

/** Sets a text only if it differs: setting the same text again would still cost a layout. */
export const put = (node, text) => {
  if (node.textContent !== text) node.textContent = text;
};

export class Row {
  /** @param {import("./model.js").Server} server @param {{ choose(id: string): void }} page */
  constructor(server, page) {
    this.server = server;
    this.root = element("li", "server");
    this.root.tabIndex = 0;
    this.root.dataset.id = server.id;
    this.health = element("span", "health", this.root);
    this.name = element("span", "name", this.root);
    this.state = element("span", "state", this.root);
    const says = element("span", "says", this.root);
    this.why = element("span", "why", says);
    this.who = element("span", "who", says);
    this.spark = spark(this.root);
    this.numbers = element("span", "numbers", this.root);
    this.wait = element("i", "wait", this.root);
    this.root.addEventListener("click", () => page.choose(server.id));
    this.root.addEventListener("keydown", (event) => {
      if (event.target === this.root && event.key === "Enter") page.choose(server.id);
    });
  }

  /** @param {number} now */
  update(now) {
    const { server } = this;
    const { root } = this;
    root.dataset.state = server.state;
    root.dataset.group = server.group();
    put(this.health, server.group());
    put(this.name, server.name);
    root.title = `${server.name} (${server.kind})${server.gone ? ", no longer watched" : ""}`;
    root.classList.toggle("gone", server.gone);
    root.classList.toggle("stopped", server.paused);
    root.classList.toggle("told", this.#why() !== "");
    put(this.why, this.#why());
    put(this.who, whoOf(server));
    this.spark.draw(server.durations);
    this.count(now);
    this.tick(now);
  }

  /** Updates what changes with time: the bar until the next attempt, and the age of the state. */
  tick(now) {
    const { server } = this;
    const { nextRetryAt, waitMs } = server;
    const waits = server.detail === "waiting" && nextRetryAt !== undefined;
    this.root.classList.toggle("waiting", waits);
    if (waits) {
      const left = Math.max(0, nextRetryAt - now);
      this.wait.style.transform = `scaleX(${waitMs > 0 ? 1 - left / waitMs : 1})`;
    }
    put(this.state, stateOf(server, now));
  }

  /** Calls in flight, per second, and how long they take. */
  count(now) {
    const { server } = this;
    const latency = server.latency();
    const parts = [
      server.inFlight > 0 && `${server.inFlight} open`,
      server.calls > 0 && `${server.rate(now).toFixed(1)}/s`,
      latency !== undefined && `${latency.toFixed(latency < 10 ? 1 : 0)} ms`,
      server.failures > 0 && `${server.failures} failed`,
    ];
    put(this.numbers, parts.filter(Boolean).join(" · "));
  }

  #why() {
    const { server } = this;
    return server.paused ? "its process was stopped on this page" : server.advice || server.reason;
  }
}

/** The state in words, with the attempt, the time until the next one, or the age. */
export function stateOf(server, now) {
  const { state, detail, nextRetryAt, attempt } = server;
  if (server.paused) return "stopped";
  const step = detail === "authorizing" && server.step ? ` · ${server.step}` : "";
  if (detail === "waiting" && nextRetryAt !== undefined)
    return `next try in ${(Math.max(0, nextRetryAt - now) / 1000).toFixed(1)} s, attempt ${attempt}`;
  const parts = [detail === undefined || detail === "steady" ? state : `${detail}${step}`];
  if (attempt > 1 && state === "connecting") parts.push(`attempt ${attempt}`);
  return [...parts, ago(now - server.since)].join(", ");
}

/** What is known of the server behind the connection. */
export function whoOf({ wire, epoch, listening }) {
  if (!wire) return epoch > 0 ? `epoch ${epoch}` : "";
  const { server = "an anonymous server", version = "", era = "", protocol = "", pid, session } = wire;
  const where = pid !== undefined ? `pid ${pid}` : session !== undefined ? `session ${session}…` : "";
  const deaf = listening === "lost" ? "cannot speak first" : "";
  return [`${server} ${version}`.trim(), `${era} ${protocol}`.trim(), where, `epoch ${epoch}`, deaf]
    .filter(Boolean)
    .join(" · ");
}

/** A duration as a short text. */
export function ago(ms) {
  const s = Math.max(0, Math.floor(ms / 1000));
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`;
  return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
}

/** The time of day, as it stands before events and lines. */
export function clock(at) {
  return `${new Date(at).toTimeString().slice(0, 8)}.${String(at % 1000).padStart(3, "0")}`;
}
