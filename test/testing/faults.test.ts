import { describe, expect, it } from "vitest";
import { FakeServer, type Fault, inject, leftBehind, random } from "../../src/testing/index.js";
import { closing, recorded, rejection, until } from "../support/fixtures.js";
import { SETTINGS } from "../support/run-settings.js";

const TIMEOUT = { code: "REQUEST_TIMEOUT" };
const LOST = { code: "CONNECTION_LOST", outcome: "unknown" };

/** A connection with one fault at the first call of a tool. */
async function withFault(fault: Omit<Fault, "nth" | "method">) {
  const calls: string[] = [];
  const server = new FakeServer([{ name: "say" }]).on("tools/call", ({ arguments: args }) => {
    const { text } = args as { text: string };
    calls.push(text);
    return { content: [{ type: "text", text }] };
  });
  const transport = closing(server.transport());
  const injection = inject(transport, {
    attempts: [{ faults: [{ nth: 0, method: "tools/call", ...fault }] }],
  });
  const session = await transport.connectSession();
  const say = async (text: string, timeout = 100_000) => {
    const result = await session.callTool({ name: "say", arguments: { text } }, { timeout });
    return (result.content[0] as { text: string }).text;
  };
  return { transport, injection, session, say, calls };
}

describe("a fault of a message", () => {
  it.each([
    ["out", "drop", TIMEOUT, []],
    ["in", "drop", TIMEOUT, ["a"]],
    ["out", "truncate", TIMEOUT, []],
    ["in", "truncate", TIMEOUT, ["a"]],
    ["out", "half-open", TIMEOUT, []],
    ["in", "half-open", TIMEOUT, ["a"]],
    ["out", "corrupt", TIMEOUT, []],
    ["in", "corrupt", { code: "INVALID_ANSWER", outcome: expect.any(String) }, ["a"]],
    ["in", "refuse", TIMEOUT, ["a"]],
    ["out", "kill", LOST, ["a"]],
    ["in", "kill", LOST, ["a"]],
  ] as const)(
    "%s, %s: the call fails, and the server did what it was told",
    async (direction, kind, error, did) => {
      const { say, calls } = await withFault({ kind, direction });
      expect(await rejection(say("a", error === TIMEOUT ? 300 : undefined))).toMatchObject(error);
      expect(calls).toEqual(did);
    },
  );

  it.each([
    ["out", "delay", 1],
    ["in", "delay", 1],
    ["out", "duplicate", 2],
    ["in", "duplicate", 1],
    ["out", "stall", 1],
    ["in", "stall", 1],
    ["out", "reorder", 1],
    ["in", "reorder", 1],
    // Refused before it was done: it is sent again, which is what the outcome is for.
    ["out", "refuse", 1],
  ] as const)("%s, %s: the call is answered all the same", async (direction, kind, times) => {
    const { say, calls } = await withFault({ kind, direction });
    expect(await say("a")).toBe("a");
    expect(calls).toHaveLength(times);
  });

  it("that changes the order lets the next one pass first", async () => {
    const { say, calls } = await withFault({ kind: "reorder", direction: "out" });
    await Promise.all([say("a"), say("b")]);
    expect(calls).toEqual(["b", "a"]);
  });

  it("that delays takes as long as it says", async () => {
    const { say } = await withFault({ kind: "delay", direction: "in", ms: 120 });
    const startedAt = performance.now();
    await say("a");
    expect(performance.now() - startedAt).toBeGreaterThan(100);
  });
});

describe("a refused answer", () => {
  it("is no false alarm: nobody can know that it will not come", async () => {
    const { PROMISES } = await import("../../src/testing/promises.js");
    const { play } = await import("../../src/testing/run.js");
    const server = new FakeServer([{ name: "x" }]);
    const faults = [{ kind: "refuse", direction: "in", nth: 0, method: "tools/list" } as const];
    const record = await play(
      (options) => server.transport(options),
      { attempts: [{ faults }], steps: ["session", "read", "settle"], beside: false },
      { ...SETTINGS, callMs: 200 },
    );
    expect(PROMISES.find(({ id }) => id === "settles")!.judge(record)).toBeUndefined();
  });
});

describe("a fault of an attempt", () => {
  it("refuses, hangs, or opens too late, and the next attempt is another one", async () => {
    const server = new FakeServer();
    const transport = closing(
      server.transport({ connectTimeoutMs: 1_500, reconnect: { initial: true, baseMs: 1 } }),
    );
    const { wires } = inject(transport, {
      attempts: [{ opens: "refused" }, { opens: "hangs" }, { opens: "late" }],
    });
    const events = recorded(transport);
    await transport.connectSession();
    expect(transport.status.epoch).toBe(4);
    const why = events.flatMap((event) =>
      event.type === "transition" && event.error ? [event.error.message] : [],
    );
    expect(why[0]).toContain("the test kit refused the connection");
    expect(wires.map(({ script, closes }) => [script.opens, closes])).toContainEqual(["late", 1]);
    expect(wires.at(-1)).toMatchObject({ closes: 0, epoch: 4 });
  });

  it("ends with what was injected: later wires are the transport's own", async () => {
    const server = new FakeServer();
    const transport = closing(server.transport());
    const injection = inject(transport, { attempts: [{ opens: "refused" }] });
    injection.stop();
    await transport.connectSession();
    expect(injection.wires).toEqual([]);
  });
});

describe("faults by chance", () => {
  it("are the same for the same seed", () => {
    const draw = (seed: number) => {
      const plan = random({ seed, probability: 0.3 });
      return Array.from({ length: 50 }, (_, nth) => plan({ direction: "in", method: "x", nth }));
    };
    expect(draw(7)).toEqual(draw(7));
    expect(draw(7)).not.toEqual(draw(8));
    expect(draw(7).filter(Boolean).length).toBeGreaterThan(5);
    // The first numbers of small seeds must not be all alike.
    const first = Array.from({ length: 1_000 }, (_, seed) => draw(seed)[0]).filter(Boolean);
    expect(first.length).toBeGreaterThan(200);
    expect(first.length).toBeLessThan(400);
  });
});

describe("a fake server", () => {
  it("does what it is told: answers, refuses, speaks first, says wrong things, goes away", async () => {
    const server = new FakeServer([{ name: "x" }]).on("tools/call", () => {
      throw new Error("out of order");
    });
    const transport = closing(server.transport({ era: "legacy" }));
    const heard: string[] = [];
    const session = await transport.connectSession({ onNotification: ({ method }) => heard.push(method) });
    expect(await rejection(session.callTool({ name: "x" }))).toMatchObject({
      message: expect.stringContaining("out of order"),
    });
    expect(
      await rejection(
        session
          .listPrompts()
          .then((list) => expect(list.prompts).toEqual([]))
          .then(() => Promise.reject(1)),
      ),
    ).toBe(1);
    server.notify("notifications/tools/list_changed");
    server.say({ nonsense: true });
    await until(() => heard.includes("notifications/tools/list_changed"));
    await server.drop();
    await session.ping();
    expect(server.connections).toBe(2);
    expect(
      server.received.filter((message) => "method" in message && message.method === "initialize"),
    ).toHaveLength(2);
  });
});

describe("leftBehind", () => {
  it("says what was left and where it was made, and nothing of others", async () => {
    const other = setTimeout(() => {}, 10_000);
    let timer: NodeJS.Timeout | undefined;
    const { left, result } = await leftBehind(async () => {
      clearTimeout(setTimeout(() => {}, 10_000));
      timer = setTimeout(() => {}, 10_000);
      return "done";
    });
    clearTimeout(timer);
    clearTimeout(other);
    expect(result).toBe("done");
    expect(left).toEqual([expect.stringMatching(/^a timer made at .*faults\.test\.ts/)]);
  });
});
