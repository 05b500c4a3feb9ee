import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { bare } from "../../src/composite/naming.js";
import { Pin } from "../../src/composite/pin.js";
import { type LockedServers, lockText } from "../../src/config/lock.js";
import { catalogOf, FakeMember, NEVER } from "../support/fake-members.js";
import { rejection } from "../support/settling.js";
import { temporary } from "../support/temporary.js";

const inputSchema = { type: "object" };
const tool = (name: string, description?: string) => ({
  name,
  inputSchema,
  ...(description && { description }),
});

/** A pin on a lock of these servers. */
function pinned(servers: LockedServers = {}, mode: "warn" | "block" = "block") {
  const path = join(temporary(), "mcp.lock.json");
  const write = (all: LockedServers) => writeFileSync(path, lockText(all));
  write(servers);
  const pin = new Pin(mode, path);
  const reports: string[] = [];
  const driftOf = (
    items: object[],
    kind: "tools" | "resources" | "resourceTemplates" = "tools",
    server = "one",
  ) => Object.fromEntries(pin.driftOf(server, kind, items, (why) => reports.push(why)));
  return { pin, path, write, reports, driftOf };
}

describe("the drift from a lock", () => {
  it("is what is new, and which fields changed, in any order", () => {
    const { driftOf, reports, path } = pinned({
      one: { tools: { a: { ...tool("a", "A"), title: "T" }, b: tool("b") } },
    });
    expect(
      driftOf([
        { title: "T", ...tool("a", "A") },
        { ...tool("b"), description: undefined },
      ]),
    ).toEqual({});
    expect(reports).toEqual([]);
    expect(driftOf([tool("c"), { ...tool("a", "other"), annotations: {} }])).toEqual({
      c: "not locked",
      a: "annotations, description, title changed",
    });
    expect(reports).toEqual([
      `tools that are not as in ${path}, and blocked: "c" (not locked), "a" (annotations, description, title changed); run holdfast lock, and review what it changes`,
    ]);
  });

  it("is of one server and one list, whatever names they choose", () => {
    const { driftOf } = pinned({
      one: { tools: { a: tool("a") }, resources: { "x:y": { uri: "x:y", name: "y" } } },
    });
    expect(driftOf([tool("a")], "tools", "two")).toEqual({ a: "not locked" });
    expect(driftOf([tool("a")], "tools", "constructor")).toEqual({ a: "not locked" });
    expect(driftOf([tool("toString")])).toEqual({ toString: "not locked" });
    expect(driftOf([{ uri: "x:y", name: "y" }], "resources")).toEqual({});
    expect(driftOf([{ uriTemplate: "x:y", name: "y" }], "resourceTemplates")).toEqual({
      "x:y": "not locked",
    });
  });

  it("names ten, and how many others there are", () => {
    const { driftOf, reports } = pinned({}, "warn");
    const all = Array.from({ length: 12 }, (_, i) => tool(`t${i}`));
    driftOf(all.slice(0, 10));
    driftOf(all);
    expect(reports[0]).toMatch(/mcp\.lock\.json: "t0" \(not locked\), .*"t9" \(not locked\); run/);
    expect(reports[1]).toMatch(/"t9" \(not locked\) and 2 others; run/);
    expect(reports[1]).not.toContain("t10");
  });

  it("is compared with the lock as it is now", () => {
    const { driftOf, write, path, reports, pin } = pinned({});
    expect(driftOf([tool("a")])).toEqual({ a: "not locked" });
    write({ one: { tools: { a: tool("a") } } });
    expect(driftOf([tool("a")])).toEqual({});
    rmSync(path);
    expect(driftOf([tool("a"), tool("b")])).toEqual({ a: "not locked", b: "not locked" });
    expect(reports.at(-1)).toBe(`there is no ${path}, so nothing is compared; write it with holdfast lock`);
    expect(pin.refusal("one_a", "not locked")).toBe(
      `"one_a" is blocked, because it is not as in ${path} (not locked): run holdfast lock, and review what it changes`,
    );
  });

  it("needs a lock where it blocks, and none where it warns", () => {
    const path = join(temporary(), "mcp.lock.json");
    expect(() => new Pin("block", path)).toThrow(
      expect.objectContaining({
        code: "CONFIG_INVALID",
        message: `pin is "block", and there is no ${path}: write it with holdfast lock, and review it`,
        path: "pin",
      }),
    );
    const pin = new Pin("warn", path);
    expect([pin.blocks, pinned().pin.blocks]).toEqual([false, true]);
    const reports: string[] = [];
    expect(pin.driftOf("one", "tools", [tool("a")], (why) => reports.push(why)).size).toBe(0);
    expect(reports).toHaveLength(1);
  });
});

describe("what is blocked", () => {
  const lock = {
    one: {
      tools: { a: tool("a"), b: tool("b") },
      prompts: { p: { name: "p" } },
      resources: { "note://a": { uri: "note://a", name: "note://a" } },
      resourceTemplates: {
        "doc://{id}": { uriTemplate: "doc://{id}", name: "doc://{id}" },
      },
    },
  };
  const route = (presented: ReturnType<typeof catalogOf>["presented"], method: string, params: object) =>
    presented.route(method, { ...params }, NEVER);
  const refusal = async (work: Promise<unknown>) => ((await rejection(work)) as Error).message;
  const uris = (list: { uri: string }[]) => list.map(({ uri }) => uri);

  it("is neither listed nor reached, and says so under each of its names", async () => {
    const { pin, path } = pinned(lock);
    const one = new FakeMember(
      "one",
      {
        tools: [tool("a", "drifted"), tool("b"), tool("c")],
        prompts: ["p", "q"],
        resources: ["note://a", "note://b"],
        templates: ["doc://{id}", "other://{id}/x"],
      },
      { pin: () => pin, tools: { c: { name: "d" } } },
    );
    const { catalog, presented } = catalogOf([one, new FakeMember("two", { tools: ["x"] })]);
    expect((await catalog.tools(NEVER)).map(({ name }) => name)).toEqual(["one_b", "two_x"]);
    expect((await catalog.prompts(NEVER)).map(({ name }) => name)).toEqual(["one_p"]);
    expect(uris(await catalog.resources(NEVER))).toEqual(["note://one/a"]);
    expect((await catalog.templates(NEVER)).map((one) => one.uriTemplate)).toEqual(["doc://one/{id}"]);
    expect(await route(presented, "tools/call", { name: "one_b" })).toMatchObject({ upstream: one });
    expect(await route(presented, "prompts/get", { name: "one_p" })).toMatchObject({ upstream: one });
    for (const uri of ["note://one/a", "doc://one/1"])
      expect(await route(presented, "resources/read", { uri })).toMatchObject({ upstream: one });
    for (const [name, why] of [
      ["one_a", "description changed"],
      ["one_d", "not locked"],
    ])
      expect(await refusal(route(presented, "tools/call", { name }))).toContain(
        `"${name}" is blocked, because it is not as in ${path} (${why})`,
      );
    expect(await refusal(route(presented, "tools/call", { name: "one_c" }))).toContain("no server offers");
    expect(await refusal(route(presented, "prompts/get", { name: "one_q" }))).toContain('"one_q" is blocked');
    for (const uri of ["note://one/b", "other://one/1/x"])
      expect(await refusal(route(presented, "resources/read", { uri }))).toContain(`"${uri}" is blocked`);
  });

  it("is known again when the server was reached anew and its list was read", async () => {
    const { pin } = pinned(lock);
    const one = new FakeMember("one", { tools: [tool("a"), tool("b")] }, { pin: () => pin });
    const { catalog, presented } = catalogOf([one, new FakeMember("two", { tools: ["x"] })]);
    await catalog.tools(NEVER);
    const call = (name: string) => presented.known("tools/call", { name, arguments: {} });
    await Promise.all([catalog.resources(NEVER), catalog.templates(NEVER)]);
    const read = () => presented.known("resources/read", { uri: "note://one/x" })?.upstream;
    expect([call("one_a")?.upstream, read()]).toEqual([one, one]);
    one.epoch = 2;
    expect([call("one_a"), read()]).toEqual([undefined, undefined]);
    expect(call("two_x")).toBeDefined();
    one.offer = { tools: [tool("a", "drifted"), tool("b")] };
    expect(await refusal(route(presented, "tools/call", { name: "one_a" }))).toContain("description changed");
    expect(call("one_b")?.upstream).toBe(one);
    expect(one.asked.filter((method) => method === "ping")).toHaveLength(1);
  });

  it("is found at whichever server it is, and what is not compared is not known yet", async () => {
    const { pin } = pinned({ two: {} });
    const two = new FakeMember("two", { tools: [tool("a")] }, { pin: () => pin });
    const { catalog, presented } = catalogOf([new FakeMember("one"), two], { rule: bare });
    await catalog.tools(NEVER);
    expect(await refusal(route(presented, "tools/call", { name: "a" }))).toContain('"a" is blocked');
    two.epoch = 2;
    two.fails = new Error("no");
    expect(await refusal(route(presented, "tools/call", { name: "b" }))).toBe(
      'no server offers the tool "b"; not known yet: two (connected)',
    );
  });

  it("is nothing where the pin only warns", async () => {
    const { pin } = pinned(lock, "warn");
    const one = new FakeMember(
      "one",
      { tools: [tool("a", "drifted")], resources: ["note://z"] },
      { pin: () => pin },
    );
    const { catalog, presented, reports } = catalogOf([one, new FakeMember("two")]);
    await Promise.all([catalog.tools(NEVER), catalog.resources(NEVER)]);
    one.epoch = 2;
    expect(presented.known("tools/call", { name: "one_a", arguments: {} })?.upstream).toBe(one);
    expect(presented.known("resources/read", { uri: "note://one/z" })?.upstream).toBe(one);
    expect(reports).toEqual([
      expect.stringMatching(/^one: tools that are not as in .*: "a" \(description changed\)/),
      expect.stringMatching(/^one: resources that are not as in .*: "note:\/\/z" \(not locked\)/),
    ]);
  });

  it("without prefixes is found by the templates and lists of each server", async () => {
    const { pin } = pinned(lock);
    const one = new FakeMember(
      "one",
      { resources: ["note://a"], templates: ["doc://{id}", "new://{id}", "new://{id}/x"] },
      { pin: () => pin },
    );
    const two = new FakeMember("two", { templates: ["fine://{id}"] });
    const { catalog, presented } = catalogOf([one, two], { uriPrefix: false });
    await Promise.all([catalog.resources(NEVER), catalog.templates(NEVER)]);
    expect(presented.known("resources/read", { uri: "fine://1" })?.upstream).toBe(two);
    expect(presented.known("resources/read", { uri: "doc://1" })?.upstream).toBe(one);
    for (const uri of ["new://1", "new://{id}"])
      expect(await refusal(route(presented, "resources/read", { uri }))).toContain(`"${uri}" is blocked`);
    expect(await refusal(route(presented, "resources/read", { uri: "none://1" }))).toContain(
      "no server offers",
    );
  });
});
