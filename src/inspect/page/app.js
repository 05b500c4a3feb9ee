// The page: takes the stream of events, keeps the model, and draws what changed once per frame.
import { Detail } from "./detail.js";
import { describe, isBad, Model } from "./model.js";
import { ago, clock, element, put, Row } from "./row.js";
import { Timeline } from "./timeline.js";

const STALE_MS = 8_000;
const SHOWN_EVENTS = 250;
const $ = (id) => document.getElementById(id);

let model = new Model();
let hello = { controls: false, stop: false, calls: false, offers: false, recording: false };
/** All events of a recording, so that any moment of it can be shown. */
let recording = [];
/** @type {Map<string, Row>} */
const rows = new Map();
const dirty = new Set();
let order = [];
let chosen;
/** The group that is shown alone. */
let only;
let logDirty = true;
let heardAt = performance.now();
/** How far the clock of the watched program is ahead of this page's, in ms. */
let skew = 0;
const timeline = new Timeline($("lanes"), document.querySelector("canvas"));

const page = {
  get hello() {
    return hello;
  },
  act: (id, action) => page.ask("command", { id, action }),
  /** Asks the program for something. Undefined: it was refused, and the page says why. */
  async ask(path, body) {
    try {
      const response = await fetch(path, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      });
      if (!response.ok) complain(`${model.nameOf(body.id)}: ${await response.text()}`);
      else if (response.status !== 204) return await response.json();
    } catch {
      complain("the program is gone: nothing was done");
    }
    return undefined;
  },
  choose(id) {
    chosen = chosen === id ? undefined : id;
    for (const [key, { root }] of rows) root.classList.toggle("chosen", key === chosen);
    const row = chosen && rows.get(chosen);
    detail.show(row?.server);
    if (!row) return;
    row.root.after(detail.root);
    detail.root.style.order = row.root.style.order;
    detail.update(now());
    detail.root.scrollIntoView({ block: "nearest" });
  },
  close: () => chosen && page.choose(chosen),
};
const detail = new Detail(page);

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
  source.addEventListener("explained", ({ data }) => {
    for (const [id, said] of Object.entries(JSON.parse(data))) {
      const server = model.servers.get(id);
      if (!server) continue;
      Object.assign(server, said);
      dirty.add(id);
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
  chosen = undefined;
  detail.show(undefined);
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
  }
  dirty.add(server.id);
}

/** The current time of the watched program. */
const now = () => (hello.recording ? model.now : Date.now() + skew);

let countedAt = 0;
function frame() {
  const at = now();
  $("empty").hidden = rows.size > 0;
  for (const id of dirty) rows.get(id)?.update(at);
  if (dirty.size > 0) arrange();
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
    detail.update(at);
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
  if (chosen === id) page.close();
  arrange();
}

/** Those that are counted: a config stands for its servers, which are counted themselves. */
const counted = () => {
  const parents = new Set([...rows.values()].map(({ server }) => server.parent));
  return [...rows.values()].filter(({ server }) => !server.gone && !parents.has(server.name));
};

function summarise() {
  const groups = new Map();
  for (const { server } of counted().toSorted((a, b) => a.server.rank() - b.server.rank()))
    groups.set(server.group(), (groups.get(server.group()) ?? 0) + 1);
  if (only !== undefined && !groups.has(only)) groups.set(only, 0);
  const key = `${only} ${[...groups].join()}`;
  if ($("sum").dataset.key === key) return;
  $("sum").dataset.key = key;
  $("sum").replaceChildren(
    ...[...groups].map(([group, n]) => {
      const button = element("button", "count", undefined, `${n} ${group}`);
      button.type = "button";
      button.dataset.group = group;
      button.setAttribute("aria-pressed", String(group === only));
      button.title = `show only these; again: all`;
      button.addEventListener("click", () => {
        only = only === group ? undefined : group;
        arrange();
        summarise();
      });
      return button;
    }),
  );
}

/** Hides what is filtered out, and puts what needs a look first. */
function arrange() {
  const text = $("filter").value.trim().toLowerCase();
  const shows = ({ server }) =>
    (only === undefined || server.group() === only) &&
    `${server.name} ${server.kind} ${server.state} ${server.group()}`.toLowerCase().includes(text);
  let index = 0;
  const shown = [];
  for (const row of rows.values()) {
    const hidden = !shows(row);
    if (row.root.hidden !== hidden) row.root.hidden = hidden;
    const place = String(row.server.rank() * 100_000 + index++);
    if (row.root.style.order !== place) row.root.style.order = place;
    if (!hidden) shown.push(row);
  }
  const row = chosen && rows.get(chosen);
  if (row) detail.root.style.order = row.root.style.order;
  order = shown.toSorted((a, b) => a.root.style.order - b.root.style.order).map(({ server }) => server);
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
    const line = element("li", "");
    element("time", "", line, clock(event.at)).title = new Date(event.at).toISOString();
    element("span", "", line, who);
    element("span", isBad(event) ? "bad" : "what", line, what);
    lines.push(line);
  }
  $("events").replaceChildren(...lines);
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
  const at = order.findIndex(({ id }) => rows.get(id)?.root === document.activeElement);
  const next = order[Math.min(order.length - 1, Math.max(0, at + step))];
  if (next) rows.get(next.id)?.root.focus();
}

const KEYS = {
  p: pause,
  "+": () => timeline.zoomBy(-1),
  "=": () => timeline.zoomBy(-1),
  "-": () => timeline.zoomBy(1),
  "/": () => $("filter").focus(),
  ArrowDown: () => moveFocus(1),
  ArrowUp: () => moveFocus(-1),
  Escape: () => ($("help").open ? $("help").close() : page.close()),
  "?": () => ($("help").open ? $("help").close() : $("help").show()),
};
addEventListener("keydown", (event) => {
  if (event.target.closest?.("input, select") || event.ctrlKey || event.metaKey || event.altKey) return;
  const act = KEYS[event.key];
  if (!act) return;
  event.preventDefault();
  act();
});
$("pause").addEventListener("click", pause);
$("in").addEventListener("click", () => timeline.zoomBy(-1));
$("out").addEventListener("click", () => timeline.zoomBy(1));
$("keys").addEventListener("click", KEYS["?"]);
$("filter").addEventListener("input", arrange);
$("search").addEventListener("input", showLog);
$("calls").addEventListener("change", showLog);
$("cursor").addEventListener("input", rewind);

connect();
requestAnimationFrame(frame);
