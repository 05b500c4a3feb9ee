// What is known of one server, below its line: facts, charts, buttons, requests, stderr, and what it offers.
import { chart } from "./chart.js";
import { offersPart } from "./offers.js";
import { clock, element, put, stateOf, whoOf } from "./row.js";
import { spark } from "./spark.js";

const ACTIONS = [
  ["retry", "retry now", "skip the wait before the next attempt"],
  ["disconnect", "disconnect", "let the connection go; sessions stay open"],
  ["reconnect", "reconnect", "let it go and open it anew"],
  ["pause", "stop process", "stop its process (SIGSTOP) until you let it go on"],
];
const RATE_SECONDS = 60;

export class Detail {
  /** @param {{ hello: object, act(id: string, action: string): void, ask(path: string, body: object): Promise<any>, close(): void }} page */
  constructor(page) {
    this.page = page;
    this.server = undefined;
    this.root = element("li", "");
    this.root.id = "detail";
    this.root.hidden = true;
    const bar = element("div", "bar", this.root);
    this.name = element("h2", "", bar);
    this.name.id = "detail-name";
    this.buttons = element("span", "buttons", bar);
    const close = element("button", "", bar, "close ");
    close.type = "button";
    element("kbd", "", close, "esc");
    close.addEventListener("click", () => page.close());
    this.body = element("div", "parts", this.root);
    const facts = element("section", "", this.body);
    this.chart = chart();
    facts.append(this.chart.svg);
    this.facts = element("dl", "", facts);
    this.facts.id = "facts";
    const charts = element("p", "charts", facts);
    this.latency = spark(charts, "big");
    this.latencyText = element("span", "", charts);
    this.rate = spark(charts, "big");
    this.rateText = element("span", "", charts);
    this.requests = this.#list("requests", "last requests");
    this.stderr = this.#list("stderr", "stderr");
    this.offers = element("section", "offers", this.body);
  }

  #list(id, title) {
    const section = element("section", "", this.body);
    element("h3", "", section, title);
    const list = element("ol", "lines", section);
    list.id = id;
    return list;
  }

  /** Shows a server, or none. */
  show(server) {
    this.server = server;
    this.root.hidden = !server;
    this.buttons.replaceChildren();
    this.offers.replaceChildren();
    if (!server) return;
    const { hello } = this.page;
    const allowed = ACTIONS.filter(([name]) => hello.controls && (name !== "pause" || hello.stop));
    this.action = Object.fromEntries(
      allowed.map(([name, label, title]) => {
        const button = element("button", name, this.buttons, label);
        button.type = "button";
        button.title = title;
        button.addEventListener("click", () =>
          this.page.act(server.id, name === "pause" && server.paused ? "resume" : name),
        );
        return [name, button];
      }),
    );
    if (hello.offers) offersPart(this.offers, server, this.page);
  }

  /** Writes what changed. @param {number} now */
  update(now) {
    const { server } = this;
    if (!server) return;
    put(this.name, server.name);
    this.chart.light(server.state);
    this.#facts(now);
    this.latency.draw(server.durations);
    const latency = server.latency();
    put(
      this.latencyText,
      latency === undefined ? "no calls yet" : `latency, last ${server.durations.length} calls`,
    );
    this.rate.draw(server.perSecond(now, RATE_SECONDS));
    put(this.rateText, `calls per second, last ${RATE_SECONDS} s`);
    this.#buttons();
    fill(this.requests, server.requests, ({ at, call, durationMs, end, code, bad }) => [
      [clock(at)],
      [`${durationMs} ms`],
      [call],
      [`${end}${code ? ` (${code})` : ""}`, bad ? "bad" : "what"],
    ]);
    fill(this.stderr, server.stderr, ({ at, line, times }) => [
      [clock(at)],
      [times > 1 ? `${times}×` : ""],
      [line],
    ]);
  }

  #buttons() {
    const { server } = this;
    const { retry, disconnect, reconnect, pause } = this.action ?? {};
    if (retry) {
      retry.disabled = server.gone || server.detail !== "waiting";
      disconnect.disabled = server.gone || server.state === "idle" || server.state === "closed";
      reconnect.disabled = server.gone;
    }
    if (!pause) return;
    pause.disabled = server.gone || server.wire?.pid === undefined;
    put(pause, server.paused ? "let it go on" : "stop process");
  }

  #facts(now) {
    const { server } = this;
    const facts = {
      state: stateOf(server, now),
      health: server.health,
      advice: server.advice,
      reason: server.reason,
      code: server.code,
      lazy: server.lazy && `${server.lazy}: it is started by its first call`,
      server: whoOf(server),
      kind: server.kind,
      "part of": server.parent,
      "speaks first": server.listening,
      calls: `${server.calls}, ${server.failures} failed`,
    };
    const shown = Object.entries(facts).filter(([, value]) => value !== undefined && value !== "");
    if (this.facts.childElementCount !== shown.length * 2) {
      this.facts.replaceChildren();
      for (const [key] of shown) {
        element("dt", "", this.facts, key);
        element("dd", "", this.facts);
      }
    }
    shown.forEach(([key, value], i) => {
      put(this.facts.children[i * 2], key);
      put(this.facts.children[i * 2 + 1], String(value));
    });
  }
}

/** Writes a list anew where its last entry changed, newest first. */
function fill(list, items, cells) {
  const last = items.at(-1);
  const key = `${items.length} ${last ? `${last.at} ${last.times ?? ""} ${last.request ?? ""}` : ""}`;
  if (list.dataset.key === key) return;
  list.dataset.key = key;
  list.replaceChildren(
    ...items
      .slice(-100)
      .reverse()
      .map((item) => {
        const line = element("li", "");
        for (const [text, className] of cells(item)) element("span", className ?? "", line, text);
        return line;
      }),
  );
  if (items.length === 0) element("li", "none", list, "nothing");
}
