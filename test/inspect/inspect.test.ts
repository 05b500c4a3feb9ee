import { createInspector as createStately, type StatelyInspectionEvent } from "@statelyai/inspect";
import { describe, expect, it, onTestFinished } from "vitest";
import { MCPConfigTransport } from "../../src/composite/config-transport.js";
import {
  createInspector,
  fromRecording,
  type InspectionEvent,
  type Inspector,
  toRecording,
  toStately,
} from "../../src/inspect/index.js";
import { EDGES } from "../../src/inspect/page/chart.js";
import { Model } from "../../src/inspect/page/model.js";
import { Recorder } from "../../src/inspect/recorder.js";
import { edges } from "../../src/machines/edges.js";
import { FakeServer } from "../../src/testing/index.js";
import { StdioTransport } from "../../src/transports/stdio.js";
import type { ClientTransport } from "../../src/transports/transport.js";
import { closing, fixture, rejection, stdioFixture, until } from "../support/fixtures.js";

const at = (event: object, time = 1): InspectionEvent =>
  ({ at: time, id: "c1", ...event }) as InspectionEvent;
const appeared = at({ type: "appeared", name: "one", kind: "fake", state: "idle", epoch: 0 });
const moved = (from: string, to: string, time: number) =>
  at({ type: "transition", from, to, cause: "x", epoch: 1, attempt: 1 }, time);

describe("what an inspector hears", () => {
  it("is each state, wire and request of a connection, in order", async () => {
    const server = new FakeServer([{ name: "say" }]).on("tools/call", () => ({ content: [] }));
    const events: InspectionEvent[] = [];
    const transport = closing(server.transport({ inspect: (event) => events.push(event) }));
    const session = await transport.connectSession();
    await session.callTool({ name: "say", arguments: { secret: "canary-argument" } });
    server.on("tools/call", () => new Promise(() => {}));
    const lost = rejection(session.callTool({ name: "say" }));
    await until(() => transport.status.inFlight > 0);
    await server.drop();
    await lost;
    await transport.close();
    const said = events.map((event) =>
      event.type === "transition"
        ? `${event.from} > ${event.to}`
        : event.type === "request.settled"
          ? `${event.type} ${event.method} ${event.end}`
          : event.type,
    );
    expect(said).toContain("appeared");
    const order = [
      "idle > connecting.opening",
      "connecting.opening > connected.steady",
      "wire.opened",
      "request.started",
      "request.settled tools/call answered",
      "wire.lost",
      "request.settled tools/call unknown",
      "disconnecting > closed",
    ];
    expect(order.map((what) => said.indexOf(what))).toEqual(
      order.map((what) => said.indexOf(what)).toSorted((a, b) => a - b),
    );
    expect(order.filter((what) => !said.includes(what))).toEqual([]);
    expect(JSON.stringify(events)).not.toContain("canary-argument");
  });

  it("is what a process says on stderr, without the secrets that it was given", async () => {
    const events: InspectionEvent[] = [];
    const { transport } = stdioFixture({
      env: { FIXTURE_TOKEN: "canary-environment" },
      inspect: (event) => events.push(event),
    });
    await transport.withSession((session) => session.ping());
    await transport.close();
    expect(JSON.stringify(events)).not.toContain("canary-environment");
  });

  it("ends with its own end, and one that throws disturbs nobody", async () => {
    const transport = closing(
      new FakeServer().transport({
        inspect: () => {
          throw new Error("no");
        },
      }),
    );
    const heard: string[] = [];
    const stop = transport.inspect(({ type }) => heard.push(type));
    await transport.withSession((session) => session.ping());
    stop();
    const before = heard.length;
    expect(heard.at(-1)).toBe("ended");
    await transport.withSession((session) => session.ping());
    expect(heard).toHaveLength(before);
  });
});

describe("what a review of this found, and must not come back", () => {
  const small = { command: process.execPath, args: [fixture("small-server.mjs")] };
  const dead = { command: "no-such-command-anywhere" };
  const watchedBy = (inspector: Inspector) => {
    const model = new Model();
    for (const event of fromRecording(inspector.recording())) model.apply(event);
    return [...model.servers.values()].filter(({ gone }) => !gone).map(({ name }) => name);
  };
  const inspecting = async (...transports: ClientTransport[]) => {
    const inspector = await createInspector({ transports });
    onTestFinished(() => inspector.close());
    return inspector;
  };

  it("a resource is named without what is often secret in its address", async () => {
    const server = new FakeServer().on("resources/read", () => ({ contents: [] }));
    server.on("initialize", () => ({
      protocolVersion: "2025-11-25",
      capabilities: { resources: {} },
      serverInfo: { name: "fake", version: "1" },
    }));
    const events: InspectionEvent[] = [];
    const transport = closing(server.transport({ inspect: (event) => events.push(event) }));
    await transport.withSession((session) =>
      session.readResource({ uri: "postgres://admin:canary-password@db/x?token=canary-query" }),
    );
    expect(JSON.stringify(events)).toContain("postgres://db/x");
    expect(JSON.stringify(events)).not.toContain("canary");
  });

  it("two configs do not throw each other's servers out", async () => {
    const config = (...names: string[]) =>
      closing(
        new MCPConfigTransport({
          config: { mcpServers: Object.fromEntries(names.map((name) => [name, small])) },
          name: names.join("+"),
        }),
      );
    const [one, two] = [config("a", "b"), config("c", "d")];
    const inspector = await inspecting(one, two);
    await one.setConfig({ mcpServers: { a: small, b: small, e: small } });
    expect(watchedBy(inspector).toSorted()).toEqual(["a", "a+b", "b", "c", "c+d", "d", "e"]);
    inspector.unwatch(two);
    expect(watchedBy(inspector).toSorted()).toEqual(["a", "a+b", "b", "e"]);
  });

  it("a config that is no longer watched brings nothing back, though it was watched twice", async () => {
    const config = closing(
      new MCPConfigTransport({ config: { mcpServers: { a: small, b: small } }, name: "fleet" }),
    );
    const inspector = await inspecting(config, config);
    expect(inspector.recording().match(/"appeared"/g)).toHaveLength(3);
    inspector.unwatch(config);
    await config.setConfig({ mcpServers: { a: small, b: small, c: small } });
    expect(watchedBy(inspector)).toEqual([]);
    inspector.watch(config);
    await config.setConfig({ mcpServers: { a: small, c: small, d: small } });
    expect(watchedBy(inspector).toSorted()).toEqual(["a", "c", "d", "fleet"]);
  });

  it("a server that is watched for itself stays, though its config was watched once", async () => {
    const config = closing(
      new MCPConfigTransport({ config: { mcpServers: { a: small, b: small } }, name: "fleet" }),
    );
    const inspector = await inspecting(config);
    inspector.unwatch(config).watch(config.server("a")).unwatch(config);
    expect(watchedBy(inspector)).toEqual(["a"]);
  });

  it("a server that had failed is no longer shown once the config has it no more", async () => {
    const transport = closing(
      new MCPConfigTransport({ config: { mcpServers: { good: small, bad: dead } }, name: "fleet" }),
    );
    const inspector = await inspecting(transport);
    await transport.connectSession();
    await until(() => transport.servers["bad"]?.state === "closed");
    await transport.setConfig({ mcpServers: { good: small } });
    expect(watchedBy(inspector)).not.toContain("bad");
  });

  it("a single server behind a gateway is watched, too", async () => {
    const server = { ...small, tools: { echo: { name: "say" } } };
    const inspector = await inspecting(
      closing(new MCPConfigTransport({ config: { mcpServers: { only: server } } })),
    );
    expect(watchedBy(inspector)).toHaveLength(2);
  });

  it("who comes late hears why a server is down, and when the next try is", async () => {
    const transport = closing(
      new StdioTransport({ ...dead, reconnect: { initial: true, baseMs: 60_000, capMs: 60_000 } }),
    );
    await rejection(transport.connect());
    const [first] = await new Promise<InspectionEvent[]>((resolve) =>
      transport.inspect((event) => resolve([event])),
    );
    expect(first).toMatchObject({ type: "appeared", state: "closed", code: "SPAWN_FAILED", attempt: 1 });
    const recorder = new Recorder(4);
    for (const event of [
      appeared,
      at({ ...moved("connecting.opening", "closed", 2), code: "SPAWN_FAILED", reason: "no such command" }, 2),
    ])
      recorder.add(event);
    for (let i = 0; i < 50; i++) recorder.add(at({ type: "stderr", line: "x" }, 3));
    const model = new Model();
    for (const event of recorder.events()) model.apply(event);
    expect(model.servers.get("c1")).toMatchObject({ state: "closed", reason: "no such command" });
  });

  it("calls that run are counted though their beginning is forgotten", () => {
    const recorder = new Recorder(4);
    recorder.add(appeared);
    for (const request of [1, 2]) recorder.add(at({ type: "request.started", request, method: "x" }, 2));
    for (let i = 0; i < 50; i++) recorder.add(at({ type: "stderr", line: "x" }, 3));
    const shown = () => {
      const model = new Model();
      for (const event of recorder.events()) model.apply(event);
      return model.servers.get("c1")!.inFlight;
    };
    expect(shown()).toBe(2);
    recorder.add(at({ type: "request.settled", request: 1, method: "x", durationMs: 1, end: "answered" }, 4));
    expect(shown()).toBe(1);
  });

  it("a listener that throws keeps no event from the others", () => {
    const recorder = new Recorder(4);
    const heard: string[] = [];
    recorder.onEvent(() => {
      throw new Error("no");
    });
    recorder.onEvent(({ type }) => heard.push(type));
    recorder.add(appeared);
    expect(heard).toEqual(["appeared"]);
  });

  it("a fault stays on the timeline, however many calls follow; a process that stands still is shown so to all", () => {
    const model = new Model();
    model.apply(appeared);
    model.apply(
      at({ ...moved("connected.steady", "connecting.waiting", 5), code: "CONNECTION_LOST", reason: "x" }, 5),
    );
    for (let i = 0; i < 5_000; i++)
      model.apply(
        at({ type: "request.settled", request: i, method: "x", durationMs: 1, end: "answered" }, 10 + i),
      );
    model.apply(at({ type: "paused" }, 20));
    expect(model.servers.get("c1")).toMatchObject({ faults: [5], paused: true });
    model.apply(at({ type: "wire.lost", epoch: 1 }, 21));
    expect(model.servers.get("c1")!.paused).toBe(false);
  });

  it("servers that are gone do not pile up on the page", () => {
    const model = new Model();
    for (let i = 0; i < 40; i++)
      for (const type of ["appeared", "ended"])
        model.apply({ ...appeared, id: `c${i}`, type } as InspectionEvent);
    model.forgetGone();
    expect(model.servers.size).toBe(8);
  });
});

describe("a recorder", () => {
  it("keeps the last events, and what must be known to read them", () => {
    const recorder = new Recorder(10);
    recorder.add(appeared);
    recorder.add(moved("idle", "connecting.opening", 2));
    recorder.add(moved("connecting.opening", "connected.steady", 3));
    recorder.add(at({ type: "wire.opened", epoch: 1, pid: 7 }, 3));
    for (let i = 0; i < 100; i++) recorder.add(at({ type: "stderr", line: `line ${i}` }, 10 + i));
    const model = new Model();
    for (const event of recorder.events()) model.apply(event);
    expect(model.servers.get("c1")).toMatchObject({
      name: "one",
      state: "connected",
      detail: "steady",
      wire: { pid: 7 },
    });
    expect(recorder.events().length).toBeLessThan(20);
    expect(recorder.events().at(-1)).toMatchObject({ line: "line 99" });
  });

  it("writes a recording that can be read again, and says what is wrong with another file", () => {
    const events = [appeared, moved("idle", "connecting.opening", 2)];
    expect(fromRecording(toRecording(events))).toEqual(events);
    expect(() => fromRecording("{}\n")).toThrow(/not a recording/);
    expect(() => fromRecording(`${toRecording([])}{"at":1}\n`)).toThrow(/line 2 is no event/);
    expect(() => fromRecording(`${toRecording([])}{"at":1,"id":"a","type":"appeared","name":"x"}\n`)).toThrow(
      /line 2: kind of "appeared" must be a string/,
    );
    expect(() => fromRecording(`${toRecording([])}nonsense\n`)).toThrow(/line 2 is not JSON/);
  });
});

describe("the page's model", () => {
  it("counts calls, knows their latency, and marks faults", () => {
    const model = new Model();
    model.apply(appeared);
    for (let i = 1; i <= 4; i++) {
      model.apply(at({ type: "request.started", request: i, method: "tools/call" }, 1_000 * i));
      const end = i === 4 ? "unknown" : "answered";
      if (i > 1)
        model.apply(
          at({ type: "request.settled", request: i, method: "tools/call", durationMs: i, end }, 1_000 * i),
        );
    }
    const server = model.servers.get("c1")!;
    expect(server).toMatchObject({ inFlight: 1, calls: 3, failures: 1 });
    expect(server.latency()).toBe(3);
    expect(server.rate(4_000)).toBeCloseTo(0.6);
    expect(server).toMatchObject({ answers: [2_000, 3_000], faults: [4_000] });
  });

  it("folds equal lines, counts calls a second, and ranks what is broken first", () => {
    const model = new Model();
    model.apply(appeared);
    for (const [line, t] of [
      ["a", 1],
      ["a", 2],
      ["b", 3],
      ["a", 4],
    ] as const)
      model.apply(at({ type: "stderr", line }, t));
    const server = model.servers.get("c1")!;
    expect(server.stderr).toEqual([
      { at: 2, line: "a", times: 2 },
      { at: 3, line: "b", times: 1 },
      { at: 4, line: "a", times: 1 },
    ]);
    for (const t of [1_000, 1_500, 3_000])
      model.apply(
        at({ type: "request.settled", request: t, method: "x", durationMs: 1, end: "answered" }, t),
      );
    expect(server.perSecond(3_999, 4)).toEqual([0, 2, 0, 1]);
    expect(server.requests.map(({ call, end, bad }) => [call, end, bad])).toEqual(
      Array.from({ length: 3 }, () => ["x", "answered", false]),
    );
    expect([server.group(), server.rank()]).toEqual(["known", 4]);
    model.apply(at({ ...moved("connecting.opening", "connecting.waiting", 5), code: "X", reason: "x" }, 5));
    expect([server.group(), server.rank()]).toEqual(["down", 0]);
    server.health = "needs sign-in";
    expect([server.group(), server.rank()]).toEqual(["needs sign-in", 1]);
  });

  it("does not grow with time", () => {
    const model = new Model();
    model.apply(appeared);
    for (let i = 0; i < 30_000; i++) {
      model.apply(moved("idle", i % 2 === 0 ? "connecting.opening" : "idle", i));
      model.apply(
        at({ type: "request.settled", request: i, method: "x", durationMs: 1, end: "answered" }, i),
      );
      model.apply(at({ type: "stderr", line: "x" }, i));
    }
    const { bands, answers, stderr, settled } = model.servers.get("c1")!;
    expect(
      Math.max(bands.length, answers.length, stderr.length, settled.length / 10, model.events.length / 2),
    ).toBeLessThan(4_100);
  });

  it("draws the edges that the machine has, and no other", () => {
    const states = [...edges].map((edge) => edge.split(" -> ").map((path) => path.split(".")[0]));
    const machine = new Set(
      states.filter(([from, to]) => from !== to).map(([from, to]) => `${from} -> ${to}`),
    );
    expect(Object.keys(EDGES).toSorted()).toEqual([...machine].toSorted());
  });
});

describe("Stately's inspector", () => {
  it("is fed with its own shapes, made from what is redacted", () => {
    const [actor] = toStately(appeared);
    expect(actor).toMatchObject({
      type: "@xstate.actor",
      name: "one",
      sessionId: "c1",
      snapshot: { value: "idle" },
    });
    expect(Object.keys(JSON.parse(actor!.definition!).states).toSorted()).toEqual([
      "closed",
      "connected",
      "connecting",
      "disconnecting",
      "idle",
    ]);
    const said = toStately(moved("idle", "connecting.opening", 2));
    expect(said.map(({ type }) => type)).toEqual(["@xstate.event", "@xstate.snapshot"]);
    expect(said[1]).toMatchObject({
      event: { type: "x" },
      snapshot: { status: "active", value: { connecting: "opening" } },
    });
    // Its own types accept it.
    const accepted: StatelyInspectionEvent[] = said as never as StatelyInspectionEvent[];
    const sent: StatelyInspectionEvent[] = [];
    const stately = createStately({ send: (event) => sent.push(event) });
    for (const event of accepted) stately.adapter.send(event);
    expect(sent).toHaveLength(2);
    expect(toStately(at({ type: "stderr", line: "x" }))).toEqual([]);
  });
});

describe("the page's server", () => {
  it("refuses a wrong token, a foreign host and a foreign origin, and has no other files", async () => {
    const inspector = await createInspector();
    try {
      const { url } = inspector;
      const { port } = new URL(url);
      const get = async (path: string | URL, headers: Record<string, string> = {}) => {
        const { request } = await import("node:http");
        return new Promise<number>((resolve, reject) =>
          request(path, { headers, agent: false }, (response) => {
            response.resume();
            resolve(response.statusCode!);
          })
            .on("error", reject)
            .end(),
        );
      };
      expect(await get(url)).toBe(200);
      expect(await get(url, { host: `localhost:${port}` })).toBe(200);
      expect(await get(url, { host: `evil.example:${port}` })).toBe(403);
      expect(await get(url, { origin: "https://evil.example" })).toBe(403);
      expect(await get(url.replace(/[^/]+\/$/, "wrong/"))).toBe(403);
      expect(await get(`http://127.0.0.1:${port}/`)).toBe(403);
      expect(await get(`${url}..%2f..%2fserver.js`)).toBe(404);
      const form = await fetch(`${url}command`, { method: "POST", body: "id=1" });
      expect(form.status).toBe(415);
      const page = await fetch(url);
      expect(page.headers.get("content-security-policy")).toContain("default-src 'none'");
      await page.text();
      await form.text();
    } finally {
      await inspector.close();
    }
  });
});
