import { describe, expect, it, onTestFinished, vi } from "vitest";
import type { Kind, Offer } from "../../src/composite/offer.js";
import { METHOD_OF, readOffer } from "../../src/composite/offer.js";
import { Reading } from "../../src/composite/reading.js";
import { FakeMember, NEVER } from "../support/fake-members.js";
import { gate } from "../support/gate.js";
import { rejection } from "../support/settling.js";

/** What is read of some servers, while time stands still. */
function readingOf() {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const heard: string[] = [];
  let changes = true;
  const reading = new Reading({
    listWaitMs: 100,
    listTimeoutMs: 1_000,
    report: (message) => heard.push(message),
    onRead: ({ name }, offer) => {
      heard.push(`${name}: ${Object.keys(offer)[0]}`);
      return changes;
    },
    onLate: (kind) => heard.push(`late ${kind}`),
    onSlow: () => heard.push("slow"),
  });
  const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);
  return {
    reading,
    heard,
    pass,
    sameAsBefore: () => {
      changes = false;
    },
  };
}

function held(name: string) {
  const member = new FakeMember(name);
  const { opened, open } = gate();
  member.hold = opened;
  return { member, open };
}

describe("the reading of lists", () => {
  it("asks each server once at a time, for each kind", async () => {
    const { reading, heard, pass } = readingOf();
    const { member, open } = held("a");
    const all = Promise.all([
      reading.within("tools", [member], NEVER),
      reading.within("tools", [member], NEVER),
      reading.of("tools", member, NEVER),
      reading.within("prompts", [member], NEVER),
    ]);
    await pass(0);
    expect(member.asked).toEqual(["tools/list", "prompts/list"]);
    open();
    await all;
    expect(heard).toEqual(["a: tools", "a: prompts"]);
    expect([reading.someoneIsSlow, vi.getTimerCount()]).toEqual([false, 0]);
    await reading.within("tools", [member], NEVER);
    expect(member.asked).toHaveLength(3);
  });

  it("waits for nobody longer than the bound, and not at all for who is late already", async () => {
    const { reading, heard, pass } = readingOf();
    const [a, b] = [held("a"), held("b")];
    let over = 0;
    const wait = () => void reading.within("tools", [a.member, b.member], NEVER).then(() => over++);
    wait();
    await pass(99);
    b.open();
    await pass(0);
    expect([over, reading.someoneIsSlow]).toEqual([0, false]);
    await pass(1);
    expect([over, reading.someoneIsSlow]).toEqual([1, true]);
    expect(heard).toEqual(["b: tools", "slow"]);
    wait();
    await pass(0);
    expect([over, heard]).toEqual([2, ["b: tools", "slow", "b: tools"]]);
    a.open();
    await pass(0);
    expect(heard.slice(3)).toEqual(["a: tools", "late tools", "slow"]);
    expect(reading.someoneIsSlow).toBe(false);
  });

  it("calls a server slow for one late list, though it is asked for another one", async () => {
    const { reading, pass } = readingOf();
    const a = held("a");
    const first = reading.within("tools", [a.member], NEVER);
    await pass(100);
    await first;
    const second = reading.within("prompts", [a.member], NEVER);
    expect(reading.someoneIsSlow).toBe(true);
    a.open();
    await second;
    await pass(0);
    expect(reading.someoneIsSlow).toBe(false);
  });

  it("tells of a late list only where it is another one", async () => {
    const { reading, heard, pass, sameAsBefore } = readingOf();
    const a = held("a");
    const first = reading.within("tools", [a.member], NEVER);
    await pass(100);
    await first;
    sameAsBefore();
    a.open();
    await pass(0);
    expect(heard).toEqual(["slow", "a: tools", "slow"]);
  });

  it("says what could not be read, of a server that is up", async () => {
    const { reading, heard } = readingOf();
    const member = new FakeMember("a");
    member.fails = new Error("no");
    await reading.within("templates", [member], NEVER);
    expect(heard).toEqual(["a: resources/templates/list could not be read: no"]);
    member.state = "connecting";
    await reading.within("tools", [member], NEVER);
    member.state = "connected";
    member.reached = false;
    const abort = new AbortController();
    const lost = rejection(reading.of("tools", member, abort.signal));
    abort.abort(new Error("enough"));
    expect(await lost).toMatchObject({ message: "enough" });
    reading.close();
    await vi.advanceTimersByTimeAsync(0);
    expect(heard).toHaveLength(1);
  });

  it("says nothing once nobody asks any more", async () => {
    const { reading, heard, pass } = readingOf();
    const { member, open } = held("a");
    member.fails = new Error("no");
    const done = reading.of("tools", member, NEVER);
    await pass(0);
    reading.close();
    open();
    await done;
    expect(heard).toEqual([]);
  });

  it("ends with who waits, and leaves no timer", async () => {
    const { reading } = readingOf();
    const { member } = held("a");
    const abort = new AbortController();
    const lost = rejection(reading.within("tools", [member], abort.signal));
    abort.abort(new Error("enough"));
    expect(await lost).toMatchObject({ message: "enough" });
    expect([reading.someoneIsSlow, vi.getTimerCount()]).toEqual([false, 0]);
  });
});

describe("one list of a server", () => {
  const tags = (...all: string[]) => ({ _meta: { fastmcp: { tags: all } } });
  const lists = {
    listTools: vi.fn(async () => ({ tools: [{ name: "x", inputSchema: {}, ...tags("t") }, { name: "y" }] })),
    listPrompts: vi.fn(async () => ({
      prompts: [{ name: "x", ...tags("t") }, { name: "y" }, { name: "z" }],
    })),
    listResources: vi.fn(async () => ({
      resources: [{ uri: "x", ...tags("t") }, { uri: "y" }, { uri: "z" }],
    })),
    listResourceTemplates: vi.fn(async () => ({
      resourceTemplates: [{ uriTemplate: "x", ...tags("t") }, { uriTemplate: "y" }, { uriTemplate: "z" }],
    })),
  };
  const read = (kind: Kind, member: FakeMember, report = (_: string) => {}) =>
    readOffer(member, kind, { signal: NEVER, timeout: 7, report });
  const kinds = [
    ["tools", "listTools"],
    ["prompts", "listPrompts"],
    ["resources", "listResources"],
    ["templates", "listResourceTemplates"],
  ] as const;

  it.each(kinds)(
    "%s: is what the config lets through, with the epoch in which it was read",
    async (kind, method) => {
      const may = (what: string, key: string) =>
        !(key === "y" && what === (kind === "templates" ? "resources" : kind));
      const member = new FakeMember("a", {}, { may, excludeTags: ["t"] }, lists);
      member.epoch = 3;
      const offer: Offer = await read(kind, member);
      const shown = kind === "tools" ? [...offer.tools!.keys()] : (offer[kind] as object[]);
      const key = kind === "prompts" ? "name" : kind === "resources" ? "uri" : "uriTemplate";
      expect(shown).toEqual(kind === "tools" ? [] : [{ [key]: "z" }]);
      expect(offer.keep).toEqual({ [kind]: { ttlMs: 0, cacheScope: "private" } });
      expect(offer.epochs).toEqual({ [kind]: 3 });
      expect(offer.drift).toEqual({ [kind]: undefined });
      expect(lists[method]).toHaveBeenLastCalledWith(undefined, { signal: NEVER, timeout: 7 });
    },
  );

  it("has each tool by its shown name", async () => {
    const member = new FakeMember("a", {}, { tools: { x: { name: "z" } }, includeTags: ["t"] }, lists);
    const offer = await read("tools", member);
    expect([...offer.tools!].map(([name, { original }]) => [name, original])).toEqual([["z", "x"]]);
    const reports: string[] = [];
    const wrong = new FakeMember("a", {}, { tools: { none: {} } }, lists);
    await read("tools", wrong, (why) => reports.push(why));
    expect(reports).toEqual(["tools.none: the server has no such tool"]);
  });

  it("of templates is empty where the server does not know the method, and nothing else is", async () => {
    const failing = (error: unknown) =>
      new FakeMember(
        "a",
        {},
        {},
        { listResourceTemplates: () => Promise.reject(error), listTools: () => Promise.reject(error) },
      );
    const unknown = Object.assign(new Error("no such method"), { code: -32601 });
    expect((await read("templates", failing(unknown))).templates).toEqual([]);
    const other = Object.assign(new Error("no"), { code: -32603 });
    expect(await rejection(read("templates", failing(other)))).toBe(other);
    expect(await rejection(read("tools", failing(unknown)))).toBe(unknown);
  });

  it("is kept for as long as the server says, where that is a time", async () => {
    const keep = async (said: object) => {
      const member = new FakeMember("a", {}, {}, { listTools: async () => ({ tools: [], ...said }) });
      return (await read("tools", member)).keep?.tools;
    };
    expect(await keep({ ttlMs: 5, cacheScope: "public" })).toEqual({ ttlMs: 5, cacheScope: "public" });
    expect(await keep({ ttlMs: 0, cacheScope: "shared" })).toEqual({ ttlMs: 0, cacheScope: "private" });
    for (const ttlMs of [-5, 0.5, "5", Number.MAX_VALUE]) expect((await keep({ ttlMs }))?.ttlMs).toBe(0);
  });

  it("is asked for by its method", () => {
    expect(METHOD_OF).toEqual({
      tools: "tools/list",
      prompts: "prompts/list",
      resources: "resources/list",
      templates: "resources/templates/list",
    });
  });
});
