// Turns the events into one record for each server. It does not touch the page, so that a test can run it.

/** @typedef {import("../../contract/inspection.js").InspectionEvent} InspectionEvent */

const MAX_BANDS = 400;
const MAX_FAULTS = 300;
const MAX_CALLS = 600;
const MAX_LINES = 300;
const MAX_REQUESTS = 100;
const MAX_EVENTS = 5_000;
/** How many servers that are no longer watched are still shown. */
const MAX_GONE = 8;
const RATE_MS = 5_000;
/** The latency is the median of this many calls. */
const LATENCY_OF = 50;

/** The order in which servers are shown; what is in no group comes first. */
const RANKS = [
  ["crashing", "unreachable", "refused", "misconfigured", "down"],
  ["needs sign-in", "stopped", "deaf"],
  ["starting", "degraded"],
  ["ok", "ready"],
  ["known", "idle"],
  ["closed"],
  ["gone"],
];

/** The records of all servers, and the last events. */
export class Model {
  constructor() {
    /** @type {Map<string, Server>} */
    this.servers = new Map();
    /** @type {InspectionEvent[]} */
    this.events = [];
    /** The time of the last event. */
    this.now = 0;
  }

  /** @param {InspectionEvent} event @returns {Server | undefined} */
  apply(event) {
    this.now = Math.max(this.now, event.at);
    this.events.push(event);
    if (this.events.length > MAX_EVENTS * 1.2) this.events.splice(0, this.events.length - MAX_EVENTS);
    let server = this.servers.get(event.id);
    if (!server) {
      if (event.type !== "appeared") return undefined;
      server = new Server(event.id);
      this.servers.set(event.id, server);
    }
    server.apply(event);
    return server;
  }

  /** Forgets the servers that are gone and too many to be shown, and returns their ids. */
  forgetGone() {
    const gone = [...this.servers.values()].filter((server) => server.gone);
    const ids = gone.slice(0, Math.max(0, gone.length - MAX_GONE)).map(({ id }) => id);
    for (const id of ids) this.servers.delete(id);
    return ids;
  }

  nameOf(id) {
    return this.servers.get(id)?.name ?? id;
  }
}

export class Server {
  constructor(id) {
    this.id = id;
    this.name = id;
    this.kind = "";
    this.state = "idle";
    this.detail = undefined;
    /** The step of its sign-in. */
    this.step = "";
    this.since = 0;
    this.epoch = 0;
    this.attempt = 0;
    /** @type {number | undefined} */
    this.nextRetryAt = undefined;
    this.waitMs = 0;
    this.reason = "";
    this.code = "";
    this.wire = undefined;
    this.listening = undefined;
    this.gone = false;
    /** The numbers of the calls that are running. */
    this.running = new Set();
    this.paused = false;
    this.calls = 0;
    this.failures = 0;
    /** When the latest calls settled, and how long they took. */
    this.settled = [];
    this.durations = [];
    /** @type {{ at: number, state: string }[]} */
    this.bands = [];
    /** When calls were answered, and when something went wrong. */
    this.answers = [];
    this.faults = [];
    /** Lines with when they came last, and how often one after another. @type {{ at: number, line: string, times: number }[]} */
    this.stderr = [];
    /** The last requests, with how long they took and how they ended. */
    this.requests = [];
    /** How many calls settled in each second that had any. */
    this.bins = [];
    /** The name of its composite. */
    this.parent = "";
    /** What the program says of it: `explain()`. Not in a recording. */
    this.health = "";
    this.advice = "";
    this.lazy = "";
  }

  /** How it is in one word, by which it is counted and filtered. */
  group() {
    if (this.gone) return "gone";
    if (this.paused) return "stopped";
    if (this.health) return this.health;
    if (this.state === "connected") return this.listening === "lost" ? "deaf" : "ok";
    if (this.reason) return "down";
    return { idle: "known", connecting: "starting" }[this.state] ?? "closed";
  }

  /** What needs a look first comes first. */
  rank() {
    const at = RANKS.findIndex((groups) => groups.includes(this.group()));
    return at === -1 ? 0 : at;
  }

  /** Whether it stands for others, which are counted themselves. */
  get isFleet() {
    return this.kind === "config";
  }

  /** Calls that settled in each of the last seconds, oldest first. */
  perSecond(now, seconds) {
    const counts = new Array(seconds).fill(0);
    for (const { second, calls } of this.bins) {
      const at = seconds - 1 - (Math.floor(now / 1000) - second);
      if (at >= 0 && at < seconds) counts[at] = calls;
    }
    return counts;
  }

  get inFlight() {
    return this.running.size;
  }

  /** @param {InspectionEvent} event */
  apply(event) {
    switch (event.type) {
      case "appeared":
        this.name = event.name;
        this.kind = event.kind;
        this.parent = event.parent ?? "";
        this.epoch = event.epoch;
        this.gone = false;
        this.attempt = event.attempt ?? 0;
        this.nextRetryAt = event.nextRetryAt;
        this.waitMs = Math.max(0, (event.nextRetryAt ?? event.at) - event.at);
        this.reason = event.reason ?? "";
        this.code = event.code ?? "";
        this.#enter(event.state, event.since ?? event.at);
        break;
      case "ended":
        this.gone = true;
        break;
      case "transition":
        this.epoch = event.epoch;
        this.attempt = event.attempt;
        this.nextRetryAt = event.delayMs === undefined ? undefined : event.at + event.delayMs;
        this.waitMs = event.delayMs ?? 0;
        if (event.reason) this.reason = event.reason;
        if (event.code) {
          this.code = event.code;
          if (!event.from.startsWith("disconnecting")) mark(this.faults, event.at, MAX_FAULTS);
        }
        if (event.to === "connected.steady") this.reason = this.code = "";
        if (event.to === "closed") this.running.clear();
        this.#enter(event.to, event.at);
        break;
      case "authorizing":
        this.step = event.step;
        break;
      case "wire.opened":
        this.wire = event;
        this.paused = false;
        break;
      case "wire.lost":
        this.paused = false;
        this.wire = undefined;
        this.listening = undefined;
        break;
      case "listening":
        this.listening = event.listening;
        break;
      case "request.started":
        this.running.add(event.request);
        break;
      case "request.settled":
        this.running.delete(event.request);
        this.calls++;
        this.settled.push(event.at);
        if (this.settled.length > 40_000) this.settled.splice(0, 20_000);
        this.#count(event.at);
        this.requests.push({ ...event, call: callOf(event), bad: isBad(event) });
        if (this.requests.length > MAX_REQUESTS) this.requests.shift();
        this.durations.push(event.durationMs);
        if (this.durations.length > LATENCY_OF) this.durations.shift();
        if (event.end === "answered" || event.end === "refused") mark(this.answers, event.at, MAX_CALLS);
        else {
          this.failures++;
          mark(this.faults, event.at, MAX_FAULTS);
        }
        break;
      case "paused":
        this.paused = true;
        break;
      case "resumed":
        this.paused = false;
        break;
      case "stderr":
        this.#hear(event);
        break;
    }
  }

  /** Calls per second, over the last moments. */
  rate(now) {
    while (this.settled.length > 0 && this.settled[0] < now - RATE_MS) this.settled.shift();
    return this.settled.length / (RATE_MS / 1000);
  }

  /** The median time of the last calls, in ms. Undefined: there was none. */
  latency() {
    const sorted = [...this.durations].sort((a, b) => a - b);
    return sorted[sorted.length >> 1];
  }

  #count(at) {
    const second = Math.floor(at / 1000);
    const last = this.bins.at(-1);
    if (last?.second === second) last.calls++;
    else this.bins.push({ second, calls: 1 });
    if (this.bins.length > MAX_REQUESTS) this.bins.shift();
  }

  /** A line that is the same as the one before only counts. */
  #hear({ at, line }) {
    const last = this.stderr.at(-1);
    if (last?.line === line) {
      last.at = at;
      last.times++;
      return;
    }
    this.stderr.push({ at, line, times: 1 });
    if (this.stderr.length > MAX_LINES) this.stderr.shift();
  }

  #enter(path, at) {
    const [state, detail] = path.split(".");
    if (state !== this.state || this.bands.length === 0) {
      this.since = at;
      this.bands.push({ at, state });
      if (this.bands.length > MAX_BANDS) this.bands.shift();
    }
    this.state = state;
    this.detail = detail;
  }
}

function mark(marks, at, most) {
  marks.push(at);
  if (marks.length > most) marks.splice(0, most / 4);
}

const callOf = ({ method, name }) => (name ? `${method} ${name}` : method);

/** An event in words. */
export function describe(event) {
  switch (event.type) {
    case "appeared":
      return `appeared, ${event.state} (${event.kind})`;
    case "ended":
      return "no longer watched";
    case "transition": {
      const next = event.delayMs === undefined ? "" : `, next try in ${(event.delayMs / 1000).toFixed(1)} s`;
      const attempt = event.attempt > 1 ? `, attempt ${event.attempt}` : "";
      return `${event.from} → ${event.to} (${event.cause}${attempt}${next})${event.reason ? `: ${event.reason}` : ""}`;
    }
    case "wire.opened":
      return `wire ${event.epoch} opened${event.pid === undefined ? "" : `, pid ${event.pid}`}`;
    case "wire.lost":
      return `wire ${event.epoch} ${event.code ? "lost" : "closed"}`;
    case "listening":
      return `the stream on which it speaks first: ${event.listening}`;
    case "authorizing":
      return event.step === "waiting" ? "waits for a person to sign in" : `signs in: ${event.step}`;
    case "request.started":
      return callOf(event);
    case "request.settled":
      return `${callOf(event)}: ${event.end}${event.code ? ` (${event.code})` : ""} after ${event.durationMs} ms`;
    case "request.resent":
      return `${callOf(event)} was lost (${event.outcome}): sent again`;
    case "changed":
      return `came back changed: ${event.what}`;
    case "paused":
      return "its process stands still";
    case "resumed":
      return "its process goes on";
    case "stderr":
      return event.line;
    case "warning":
      return event.message;
    default:
      return "";
  }
}

/** Whether something went wrong. */
export const isBad = (event) =>
  event.type === "warning" ||
  event.type === "request.resent" ||
  (event.type === "wire.lost" && event.code !== undefined) ||
  (event.type === "transition" && event.reason !== undefined) ||
  (event.type === "request.settled" && event.end !== "answered" && event.end !== "refused");
