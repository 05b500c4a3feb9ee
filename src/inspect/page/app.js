// The page: takes the stream of events, keeps the model, and draws what changed once per frame.
import { describe, isBad, Model } from "./model.js";
import { ago, put, Row } from "./row.js";
import { Timeline } from "./timeline.js";

const STALE_MS = 8_000;
const SHOWN_EVENTS = 250;
const $ = (id) => document.getElementById(id);

let model = new Model();
let hello = { controls: false, recording: false };
/** All events of a recording, so that any moment of it can be shown. */
let recording = [];
/** @type {Map<string, Row>} */
const rows = new Map();
const dirty = new Set();
let order = [];
let chosen;
let logDirty = true;
let heardAt = performance.now();
/** How far the clock of the watched program is ahead of this page's, in ms. */
let skew = 0;
const timeline = new Timeline($("lanes"), document.querySelector("canvas"));

const page = {
  get controls() {
    return hello.controls && !hello.recording;
  },
  async act(id, action) {
    try {
      const response = await fetch("command", {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ id, action }),
      });
      if (!response.ok) complain(`${model.nameOf(id)}: ${await response.text()}`);
    } catch {
      complain("the program is gone: nothing was done");
    }
  },
  choose(id) {
    chosen = chosen === id ? undefined : id;
    for (const [key, { root }] of rows) root.classList.toggle("chosen", key === chosen);
    showDetail();
    if (chosen) $("detail").scrollIntoView({ block: "nearest" });
  },
};

/** Until when the last message stays. */
let saidUntil = 0;

/** Shows why a button failed, for a while. */
function complain(text) {
  saidUntil = 0;
  say(text, true);
  saidUntil = performance.now() + 8_000;
}

function say(text, stale = false) {
  if (performance.now() < saidUntil) return;
  put($("link"), text);
  $("link").classList.toggle("stale", stale);
}

function connect() {
  const source = new EventSource("events");
  source.addEventListener("hello", ({ data }) => {
    heardAt = performance.now();
    hello = JSON.parse(data);
    skew = hello.now - Date.now();
    reset();
    recording = [];
    $("cursor").hidden = !hello.recording;
    $("export").hidden = hello.recording;
    say(hello.recording ? `recording: ${hello.recording}` : "live");
  });
  source.addEventListener("batch", ({ data }) => {
    heardAt = performance.now();
    const events = JSON.parse(data);
    try {
      for (const event of events) {
        if (hello.recording) recording.push(event);
        take(event);
      }
    } catch (error) {
      complain(`what came cannot be shown: ${error.message}`);
    }
  });
  source.addEventListener("beat", () => {
    heardAt = performance.now();
    if (!hello.recording) say("live");
  });
  source.addEventListener("error", () => {
    // Refused for good: another program has the port now, and another token.
    if (source.readyState === EventSource.CLOSED) {
      complain("this address is no longer valid: open the one that the program printed last");
      saidUntil = Number.POSITIVE_INFINITY;
    } else say("the program is gone; what you see is its last state. Trying again…", true);
  });
}

function reset() {
  model = new Model();
  rows.clear();
  order = [];
  $("servers").replaceChildren();
}

function take(event) {
  const server = model.apply(event);
  logDirty = true;
  if (!server) return;
  if (!rows.has(server.id)) {
    const row = new Row(server, page);
    rows.set(server.id, row);
    $("servers").append(row.root);
    filter();
  }
  dirty.add(server.id);
}

/** The current time of the watched program. */
const now = () => (hello.recording ? model.now : Date.now() + skew);

let countedAt = 0;
function frame() {
  const at = now();
  $("empty").hidden = rows.size > 0;
  if (dirty.size > 0 && $("filter").value) filter();
  for (const id of dirty) rows.get(id)?.update(at);
  const count = performance.now() - countedAt > 500;
  if (count) {
    countedAt = performance.now();
    for (const row of rows.values()) {
      row.tick(at);
      row.count(at);
    }
    for (const id of model.forgetGone()) drop(id);
    summarise();
    if (logDirty) showLog();
    if (chosen) showDetail();
    if (performance.now() - heardAt > STALE_MS && !hello.recording)
      say(`stale: nothing heard for ${ago(performance.now() - heardAt)}`, true);
  } else for (const row of waiting()) row.tick(at);
  dirty.clear();
  timeline.draw(order, at);
  put($("span"), timeline.span >= 60_000 ? `${timeline.span / 60_000} min` : `${timeline.span / 1000} s`);
  requestAnimationFrame(frame);
}

const waiting = () => [...rows.values()].filter(({ server }) => server.detail === "waiting");

function drop(id) {
  rows.get(id)?.root.remove();
  rows.delete(id);
  if (chosen === id) chosen = undefined;
  filter();
}

function summarise() {
  const states = {};
  for (const { server } of rows.values())
    if (!server.gone) states[server.state] = (states[server.state] ?? 0) + 1;
  const parts = Object.entries(states).map(([state, n]) => `${n} ${state}`);
  put($("sum"), parts.join(" · "));
}

function filter() {
  const text = $("filter").value.trim().toLowerCase();
  const shows = ({ server }) => `${server.name} ${server.kind} ${server.state}`.toLowerCase().includes(text);
  order = [];
  for (const row of rows.values()) {
    row.root.hidden = !shows(row);
    if (!row.root.hidden) order.push(row.server);
  }
}

function showLog() {
  logDirty = false;
  const text = $("search").value.trim().toLowerCase();
  const withCalls = $("calls").checked;
  const lines = [];
  for (let i = model.events.length - 1; i >= 0 && lines.length < SHOWN_EVENTS; i--) {
    const event = model.events[i];
    if (event.type === "request.started") continue;
    if (!withCalls && event.type === "request.settled" && !isBad(event)) continue;
    const who = model.nameOf(event.id);
    const what = describe(event);
    if (text && !`${who} ${event.type} ${what}`.toLowerCase().includes(text)) continue;
    const line = document.createElement("li");
    const time = document.createElement("time");
    const moment = new Date(event.at);
    time.textContent = `${moment.toTimeString().slice(0, 8)}.${String(event.at % 1000).padStart(3, "0")}`;
    time.title = moment.toISOString();
    const name = document.createElement("span");
    name.textContent = who;
    const words = document.createElement("span");
    words.className = isBad(event) ? "bad" : "what";
    words.textContent = what;
    line.append(time, name, words);
    lines.push(line);
  }
  $("events").replaceChildren(...lines);
}

function showDetail() {
  const server = chosen && model.servers.get(chosen);
  $("detail").hidden = !server;
  if (!server) return;
  put($("detail-name"), server.name);
  const { wire } = server;
  const facts = {
    state: server.detail ? `${server.state}.${server.detail}` : server.state,
    reason: server.reason,
    code: server.code,
    epoch: String(server.epoch),
    attempt: String(server.attempt),
    server: wire && `${wire.server ?? ""} ${wire.version ?? ""}`,
    protocol: wire && `${wire.era ?? ""} ${wire.protocol ?? ""}`,
    pid: wire?.pid,
    session: wire?.session && `${wire.session}…`,
    "speaks first": server.listening,
    calls: `${server.calls}, ${server.failures} failed`,
  };
  const nodes = [];
  for (const [key, value] of Object.entries(facts)) {
    if (value === undefined || value === "") continue;
    const [dt, dd] = [document.createElement("dt"), document.createElement("dd")];
    dt.textContent = key;
    dd.textContent = String(value);
    nodes.push(dt, dd);
  }
  $("facts").replaceChildren(...nodes);
  const text = server.stderr.join("\n") || "nothing";
  const pre = $("stderr");
  if (pre.textContent === text) return;
  const following = pre.scrollTop + pre.clientHeight >= pre.scrollHeight - 4;
  pre.textContent = text;
  if (following) pre.scrollTop = pre.scrollHeight;
}

function pause() {
  timeline.frozenAt = timeline.frozenAt === undefined ? now() : undefined;
  $("pause").setAttribute("aria-pressed", String(timeline.frozenAt !== undefined));
}

/** Shows a recording as it was at one moment. */
function rewind() {
  const part = Number($("cursor").value) / 1000;
  const [first, last] = [recording[0]?.at ?? 0, recording.at(-1)?.at ?? 0];
  const until = first + (last - first) * part;
  reset();
  for (const event of recording) if (event.at <= until) take(event);
  model.now = until;
}

function moveFocus(step) {
  const shown = [...rows.values()].filter(({ root }) => !root.hidden);
  const at = shown.findIndex(({ root }) => root === document.activeElement);
  shown[Math.min(shown.length - 1, Math.max(0, at + step))]?.root.focus();
}

const KEYS = {
  p: pause,
  "+": () => timeline.zoomBy(-1),
  "=": () => timeline.zoomBy(-1),
  "-": () => timeline.zoomBy(1),
  "/": () => $("filter").focus(),
  ArrowDown: () => moveFocus(1),
  ArrowUp: () => moveFocus(-1),
  Escape: () => chosen && page.choose(chosen),
};
addEventListener("keydown", (event) => {
  if (event.target instanceof HTMLInputElement || event.ctrlKey || event.metaKey || event.altKey) return;
  const act = KEYS[event.key];
  if (!act) return;
  event.preventDefault();
  act();
});
$("pause").addEventListener("click", pause);
$("in").addEventListener("click", () => timeline.zoomBy(-1));
$("out").addEventListener("click", () => timeline.zoomBy(1));
$("close-detail").addEventListener("click", () => chosen && page.choose(chosen));
$("filter").addEventListener("input", filter);
$("search").addEventListener("input", showLog);
$("calls").addEventListener("change", showLog);
$("cursor").addEventListener("input", rewind);

connect();
requestAnimationFrame(frame);
