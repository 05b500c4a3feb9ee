import { SdkError, SdkErrorCode } from "@modelcontextprotocol/client";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { bare } from "../../src/composite/naming.js";
import { catalogOf, FakeMember, NEVER } from "../support/fake-members.js";
import { rejection } from "../support/fixtures.js";

const names = (list: { name: string }[]) => list.map(({ name }) => name);
const tool = (name: string) => ["tools/call", { name, arguments: {} }] as const;

function gate() {
  let open = () => {};
  const closed = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { closed, open };
}

function stillTime() {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
}

describe("the lists of a composite", () => {
  it("are empty where nothing was read yet", async () => {
    const a = new FakeMember("a", {
      tools: ["x"],
      prompts: ["p"],
      resources: ["note://r"],
      templates: ["note://{t}"],
    });
    a.state = "connecting";
    const { catalog } = catalogOf([a, new FakeMember("b", { tools: ["x"] })]);
    for (const list of [
      await catalog.prompts(NEVER),
      await catalog.resources(NEVER),
      await catalog.templates(NEVER),
    ])
      expect(list).toEqual([]);
    expect(names(await catalog.tools(NEVER))).toEqual(["b_x"]);
    expect([catalog.shownOf("tools", "b"), catalog.shownOf("tools", "a")]).toEqual([["b_x"], []]);
    expect(a.asked).toEqual([]);
  });

  it("have the pages of apps as they are shown", async () => {
    const ui = { name: "x", _meta: { ui: { resourceUri: "ui://page" } } };
    const { catalog } = catalogOf([new FakeMember("a", { tools: [ui] }), new FakeMember("b")]);
    expect((await catalog.tools(NEVER))[0]?._meta).toEqual({ ui: { resourceUri: "ui://a/page" } });
  });

  it("are those of all servers, in the declared order, under shown names", async () => {
    const a = new FakeMember("a", {
      tools: ["x"],
      prompts: ["p"],
      resources: ["note://r"],
      templates: ["note://{t}"],
    });
    const b = new FakeMember("b", {
      tools: ["x"],
      prompts: ["p"],
      resources: ["note://r"],
      templates: ["note://{t}"],
    });
    const { catalog } = catalogOf([a, b]);
    expect(names(await catalog.tools(NEVER))).toEqual(["a_x", "b_x"]);
    expect(names(await catalog.prompts(NEVER))).toEqual(["a_p", "b_p"]);
    expect((await catalog.resources(NEVER)).map(({ uri }) => uri)).toEqual(["note://a/r", "note://b/r"]);
    expect((await catalog.templates(NEVER)).map((t) => t.uriTemplate)).toEqual([
      "note://a/{t}",
      "note://b/{t}",
    ]);
  });

  it("say of what was renamed what it is at its server, and nobody else can say so", async () => {
    const forged = { name: "y", _meta: { holdfast: { server: "b", name: "z" }, kept: 1 } };
    const a = new FakeMember("a", { tools: ["b_x", forged] });
    const b = new FakeMember("a_b", { tools: ["x"] });
    const { catalog } = catalogOf([a, b]);
    const tools = await catalog.tools(NEVER);
    expect(tools.map(({ _meta }) => _meta)).toEqual([
      { holdfast: { server: "a", name: "b_x" } },
      { kept: 1 },
      undefined,
    ]);
  });

  it("come with what is known after a bound, and the late ones are announced when they are other ones", async () => {
    stillTime();
    const [hung, quick] = [
      new FakeMember("hung", { tools: ["a"] }),
      new FakeMember("quick", { tools: ["x"] }),
    ];
    const { catalog, late, slow } = catalogOf([hung, quick]);
    expect(names(await catalog.tools(NEVER))).toEqual(["hung_a", "quick_x"]);
    const { closed, open } = gate();
    hung.hold = closed;
    quick.offer = { tools: ["x", "y"] };
    const list = catalog.tools(NEVER);
    await vi.advanceTimersByTimeAsync(999);
    expect(catalog.someoneIsSlow).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(names(await list)).toEqual(["hung_a", "quick_x", "quick_y"]);
    expect([catalog.someoneIsSlow, slow()]).toEqual([true, 1]);
    // Nobody waits for it twice, and it is not asked twice.
    expect(names(await catalog.tools(NEVER))).toEqual(["hung_a", "quick_x", "quick_y"]);
    expect(hung.asked).toEqual(["tools/list", "tools/list"]);
    expect(late).toEqual([]);
    hung.offer = { tools: ["a", "b"] };
    open();
    await vi.advanceTimersByTimeAsync(0);
    expect(late).toEqual([]);
    expect([catalog.someoneIsSlow, slow()]).toEqual([false, 2]);
    // What it answered was what it had been asked for; the next list has the rest.
    expect(names(await catalog.tools(NEVER))).toContain("hung_b");
  });

  it("keep a server slow that stays silent, for as long as it does: its list is asked for again", async () => {
    stillTime();
    const hung = new FakeMember("hung", { tools: ["a"] });
    const { catalog, slow, reports, late } = catalogOf([hung, new FakeMember("quick", { tools: ["x"] })]);
    const silent = (ms: number) => new SdkError(SdkErrorCode.RequestTimeout, `not answered within ${ms} ms`);
    const [first, second, third] = [gate(), gate(), gate()];
    hung.hold = first.closed;
    const list = catalog.tools(NEVER);
    await vi.advanceTimersByTimeAsync(1_000);
    await list;
    for (const [before, next, ms] of [
      [first, second, 10_000],
      [second, third, 20_000],
    ] as const) {
      hung.hold = next.closed;
      hung.fails = silent(ms);
      before.open();
      await vi.advanceTimersByTimeAsync(0);
      expect([catalog.someoneIsSlow, slow()]).toEqual([true, 1]);
      // Nobody waits for it again: no time passes here.
      expect(names(await catalog.tools(NEVER))).toEqual(["quick_x"]);
    }
    expect(hung.asked).toEqual(["tools/list", "tools/list", "tools/list"]);
    expect(hung.timeouts).toEqual([10_000, 20_000, 40_000]);
    hung.fails = undefined;
    third.open();
    await vi.advanceTimersByTimeAsync(0);
    expect([catalog.someoneIsSlow, slow()]).toEqual([false, 2]);
    expect(late).toEqual(["tools"]);
    expect(reports).toEqual(["hung: tools/list could not be read: not answered within 10000 ms"]);
  });

  it("do not keep a silent server slow that is no more, or whose connection is lost", async () => {
    stillTime();
    const hung = new FakeMember("hung", { tools: ["a"] });
    const { catalog } = catalogOf([hung, new FakeMember("quick", {})]);
    const { closed, open } = gate();
    hung.hold = closed;
    const list = catalog.tools(NEVER);
    await vi.advanceTimersByTimeAsync(1_000);
    await list;
    hung.state = "connecting";
    hung.fails = new SdkError(SdkErrorCode.RequestTimeout, "not answered");
    open();
    await vi.advanceTimersByTimeAsync(0);
    expect(catalog.someoneIsSlow).toBe(false);
    expect(hung.asked).toHaveLength(1);
  });

  it("announce a late one that brings something", async () => {
    stillTime();
    const hung = new FakeMember("hung", { tools: ["a"] });
    const { closed, open } = gate();
    hung.hold = closed;
    const { catalog, late } = catalogOf([hung, new FakeMember("quick", {})]);
    const list = catalog.tools(NEVER);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await list).toEqual([]);
    open();
    await vi.advanceTimersByTimeAsync(0);
    expect(late).toEqual(["tools"]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("end with their caller, and keep what another one offered before", async () => {
    const a = new FakeMember("a", { tools: ["x"] });
    const { catalog, reports } = catalogOf([a, new FakeMember("b", { tools: ["y"] })]);
    await catalog.tools(NEVER);
    a.state = "connecting";
    expect(names(await catalog.tools(NEVER))).toEqual(["a_x", "b_y"]);
    expect(a.asked).toHaveLength(1);
    a.state = "connected";
    a.fails = new Error("no");
    expect(names(await catalog.tools(NEVER))).toEqual(["a_x", "b_y"]);
    expect(reports).toEqual(["a: tools/list could not be read: no"]);
    a.hold = new Promise(() => {});
    const abort = new AbortController();
    const list = rejection(catalog.tools(abort.signal));
    abort.abort(new Error("enough"));
    expect(await list).toMatchObject({ message: "enough" });
    catalog.drop("a");
    expect(catalog.knownTool("a_x")).toBeUndefined();
    expect(catalog.knownTool("b_y")).toBeDefined();
  });
});

describe("a call through a composite", () => {
  const refused = async (work: Promise<unknown>) => ((await rejection(work)) as Error).message;

  it("of what the config shuts off meanwhile goes nowhere", async () => {
    const shut = new Set<string>();
    const offer = { tools: ["x"], prompts: ["x"] };
    const a = new FakeMember("a", offer, { may: (kind, name) => !shut.has(`${kind} ${name}`) });
    const { catalog, presented } = catalogOf([a, new FakeMember("b")]);
    await Promise.all([catalog.tools(NEVER), catalog.prompts(NEVER)]);
    const known = () => [catalog.knownTool("a_x")?.member, catalog.knownPrompt("a_x")?.member];
    expect(known()).toEqual([a, a]);
    shut.add("tools x");
    expect(known()).toEqual([undefined, a]);
    shut.clear();
    shut.add("prompts x");
    expect(known()).toEqual([a, undefined]);
    shut.add("resources note://r");
    expect(await refused(presented.route("resources/read", { uri: "note://a/r" }, NEVER))).toBe(
      '"note://a/r" is shut off by the config',
    );
  });

  it("of a server that has not begun yet says so", async () => {
    const { presented } = catalogOf([new FakeMember("a")], { servers: () => ["a", "later"] });
    expect(presented.known("resources/read", { uri: "note://later/x" })).toBeUndefined();
    expect(await refused(presented.route("resources/read", { uri: "note://later/x" }, NEVER))).toBe(
      'no server offers the resource "note://later/x"; not known yet: later (not started yet)',
    );
  });

  it("of a server that is lost before it was read fails as that does, under the signal of the call", async () => {
    const abort = new AbortController();
    const ping = vi.fn(() => Promise.reject(new Error("gone")));
    const { presented } = catalogOf([new FakeMember("a", {}, {}, { ping }), new FakeMember("b")]);
    expect(await refused(presented.route(...tool("a_x"), abort.signal))).toBe("gone");
    expect(ping).toHaveBeenCalledWith({ signal: abort.signal });
  });

  it("waits for those whose lists are known in part, and says in which state they are", async () => {
    const a = new FakeMember("a", { templates: ["file:///{+path}"] });
    const b = new FakeMember("b", { templates: ["x://{x}"] });
    a.detail = "steady";
    const { catalog, presented } = catalogOf([a, b], { rule: bare, uriPrefix: false });
    await catalog.templates(NEVER);
    expect(presented.known("resources/read", { uri: "file:///x" })).toBeUndefined();
    await catalog.resources(NEVER);
    expect(presented.known("resources/read", { uri: "file:///x" })?.upstream).toBe(a);
    b.fails = new Error("no");
    catalog.drop("a");
    a.fails = new Error("no");
    expect(await refused(presented.route(...tool("x"), NEVER))).toBe(
      'no server offers the tool "x"; not known yet: a (steady), b (connected)',
    );
  });

  it("of a list that is read no more since the end waits for nobody", async () => {
    const a = new FakeMember("a", { tools: ["x"] });
    const { closed, open } = gate();
    a.hold = closed;
    a.fails = new Error("no");
    const { catalog, reports } = catalogOf([a]);
    const list = catalog.tools(NEVER);
    catalog.close();
    open();
    expect([await list, reports]).toEqual([[], []]);
  });

  it("of a known name goes straight to its owner; of an unknown one, its owner alone is asked", async () => {
    const [hung, quick] = [
      new FakeMember("hung", { tools: ["a"] }),
      new FakeMember("quick", { tools: ["x"] }),
    ];
    hung.hold = new Promise(() => {});
    const { presented } = catalogOf([hung, quick]);
    expect(presented.known(...tool("quick_x"))).toBeUndefined();
    expect(await presented.route(...tool("quick_x"), NEVER)).toMatchObject({
      upstream: quick,
      params: { name: "x" },
    });
    expect(quick.asked).toEqual(["ping", "tools/list"]);
    expect(presented.known(...tool("quick_x"))).toMatchObject({ upstream: quick });
    expect(await rejection(presented.route(...tool("quick_no"), NEVER))).toMatchObject({
      message: 'no server offers the tool "quick_no"; not known yet: hung (connected)',
    });
    // Asked again, since it may be new.
    expect(quick.asked).toEqual(["ping", "tools/list", "tools/list"]);
    expect(hung.asked).toEqual([]);
    quick.offer = { tools: ["no"] };
    expect(await presented.route(...tool("quick_no"), NEVER)).toMatchObject({ params: { name: "no" } });
  });

  it("waits for a server that was never read, and names it when the time is over", async () => {
    const hung = new FakeMember("hung", { tools: ["a"] });
    const { closed, open } = gate();
    hung.hold = closed;
    const { presented } = catalogOf([hung, new FakeMember("quick")]);
    const abort = new AbortController();
    const lost = rejection(presented.route(...tool("hung_a"), abort.signal));
    abort.abort(new Error("the deadline is over"));
    // A ping knows nothing of the signal here.
    open();
    expect(await lost).toMatchObject({
      message: 'hung did not answer tools/list, in which "hung_a" may be: the deadline is over',
    });
    hung.reached = false;
    const again = catalogOf([hung]);
    expect(await rejection(again.presented.route(...tool("a"), abort.signal))).toMatchObject({
      message: "hung was never reached",
    });
  });

  it("of a name that is nobody's asks everybody, within the bound, and says who is not known", async () => {
    stillTime();
    const [hung, quick] = [new FakeMember("hung"), new FakeMember("quick", { tools: ["x"] })];
    hung.reached = false;
    hung.state = "connecting";
    const { presented, members, reports } = catalogOf([hung, quick], {
      rule: bare,
      servers: () => ["hung", "quick", "later", "dead"],
    });
    const dead = new FakeMember("dead");
    dead.state = "closed";
    members.push(dead);
    const found = presented.route(...tool("x"), NEVER);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await found).toMatchObject({ upstream: quick });
    expect(await rejection(presented.route(...tool("y"), NEVER))).toMatchObject({
      message: 'no server offers the tool "y"; not known yet: hung (connecting), later (not started yet)',
    });
    expect(reports).toEqual([]);
  });

  it("of a name that two offer is refused, with both names", async () => {
    const both = [
      new FakeMember("a", { tools: ["x"], prompts: ["p"] }),
      new FakeMember("b", { tools: ["x"] }),
    ];
    const { presented } = catalogOf(both, { rule: bare });
    expect(await rejection(presented.route(...tool("x"), NEVER))).toMatchObject({
      code: -32602,
      message: '"x" is offered by a and b: ask for a_x or b_x',
    });
    expect(await presented.route("prompts/get", { name: "p" }, NEVER)).toMatchObject({
      upstream: both[0],
      params: { name: "p" },
    });
    const ref = { type: "ref/prompt", name: "p" };
    expect(presented.known("completion/complete", { ref, argument: 1 })).toEqual({
      upstream: both[0],
      params: { ref, argument: 1 },
    });
    expect(
      await rejection(presented.route("completion/complete", { ref: { ...ref, name: "q" } }, NEVER)),
    ).toMatchObject({
      message: 'no server offers the prompt "q"',
    });
  });
});

describe("a resource of a composite", () => {
  const read = (uri: string) => ["resources/read", { uri }] as const;

  it("with prefixes is its server's, without that anybody is asked", async () => {
    const a = new FakeMember("a");
    const { presented } = catalogOf([a, new FakeMember("b", { templates: ["{+any}"] })]);
    expect(presented.known(...read("note://a/x"))).toEqual({ upstream: a, params: { uri: "note://x" } });
    const ref = { type: "ref/resource", uri: "note://a/{id}" };
    expect(presented.known("completion/complete", { ref })).toEqual({
      upstream: a,
      params: { ref: { ...ref, uri: "note://{id}" } },
    });
    expect(await rejection(presented.route(...read("note://c/x"), NEVER))).toMatchObject({
      message: 'no server offers the resource "note://c/x"',
    });
  });

  it("without prefixes is whose list has it, before any template", async () => {
    const a = new FakeMember("a", { resources: ["note://x"], templates: ["note://t/{id}"] });
    const b = new FakeMember("b", { templates: ["note://{+all}", "{+every}", "other://{x}/y{?z}"] });
    const { catalog, presented } = catalogOf([a, b], { rule: bare, uriPrefix: false });
    expect(await presented.route(...read("note://x"), NEVER)).toMatchObject({ upstream: a });
    expect(await presented.route(...read("note://only"), NEVER)).toMatchObject({ upstream: b });
    expect(await presented.route(...read("other://1/y"), NEVER)).toMatchObject({ upstream: b });
    expect(await rejection(presented.route(...read("note://t/1"), NEVER))).toMatchObject({
      message: '"note://t/1" is offered by a and b',
    });
    for (const uri of ["file:///x", "other://1/z", "other://1"])
      expect(await rejection(presented.route(...read(uri), NEVER))).toMatchObject({
        message: `no server offers the resource ${JSON.stringify(uri)}`,
      });
    expect(catalog.showUri("a", "note://x")).toBe("note://x");
    expect(catalog.showUri("b", "holdfast://x")).toBe("holdfast://b/x");
  });

  it("without prefixes that two list is shown under our scheme, for each", async () => {
    const [a, b] = [
      new FakeMember("a", { resources: ["note://x"] }),
      new FakeMember("b", { resources: ["note://x"] }),
    ];
    const { catalog, presented } = catalogOf([a, b], { rule: bare, uriPrefix: false });
    const shown = (await catalog.resources(NEVER)).map(({ uri }) => uri);
    expect(shown).toEqual(["holdfast://a/%3Annote://x", "holdfast://b/%3Annote://x"]);
    expect(presented.known(...read(shown[1]!))).toEqual({ upstream: b, params: { uri: "note://x" } });
    expect(await rejection(presented.route(...read("note://x"), NEVER))).toMatchObject({
      message: '"note://x" is offered by a and b',
    });
    b.offer = {};
    await catalog.resources(NEVER);
    expect(presented.known(...read("note://x"))).toMatchObject({ upstream: a });
    expect(presented.known(...read(shown[1]!))).toMatchObject({ upstream: b });
  });

  it("of a template only waits for those who may list it", async () => {
    stillTime();
    const [a, b] = [new FakeMember("a", { templates: ["file:///{+path}"] }), new FakeMember("b")];
    b.hold = new Promise(() => {});
    const { presented } = catalogOf([a, b], { rule: bare, uriPrefix: false });
    const lost = rejection(presented.route(...read("file:///secret"), NEVER));
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await lost).toMatchObject({ message: expect.stringContaining("not known yet: b (connected)") });
    b.state = "closed";
    expect(presented.known(...read("file:///secret"))).toMatchObject({ upstream: a });
  });
});
