import { describe, expect, it } from "vitest";
import { bare } from "../../src/composite/naming.js";
import { catalogOf, FakeMember, NEVER } from "../support/fake-members.js";
import { rejection } from "../support/settling.js";

const offer = (name: string) => ({
  tools: [`${name}-tool`],
  prompts: [`${name}-prompt`],
  resources: [`note://${name}`],
  templates: [`day://${name}/{day}`],
});
const message = async (work: Promise<unknown>) => ((await rejection(work)) as Error).message;

/** Two servers of which everything was read. */
async function two(more: [object, object] = [{}, {}]) {
  const [a, b] = (["a", "b"] as const).map((name, i) => new FakeMember(name, offer(name), {}, more[i]));
  const made = catalogOf([a!, b!]);
  for (const method of ["tools/list", "prompts/list", "resources/list", "resources/templates/list"] as const)
    await made.presented.list(method, NEVER);
  return { ...made, a: a!, b: b! };
}

describe("the members of a composite as one server", () => {
  it("have what all of them say of themselves, as far as they were reached", async () => {
    const says = (said: string | undefined, capabilities: object) => ({
      getInstructions: () => said,
      getServerCapabilities: () => capabilities,
    });
    const { presented, a, b } = await two([
      says("be kind", { extensions: { "x/one": {} } }),
      says("", { extensions: { "x/two": {} } }),
    ]);
    expect(presented.upstreams()).toEqual([a, b]);
    expect(presented.instructions()).toBe("# a\n\n> be kind");
    expect(presented.capabilities().extensions).toEqual({ "x/one": {}, "x/two": {} });
    a.reached = false;
    expect(presented.instructions()).toBeUndefined();
    expect(presented.capabilities().extensions).toEqual({ "x/two": {} });
    expect(presented.all("x/list")).toEqual([]);
  });

  it("list each kind, and for how long it holds", async () => {
    const keep = { ttlMs: 5, cacheScope: "public" };
    const { presented } = await two([
      { listPrompts: async () => ({ prompts: [], ...keep }) },
      {
        listPrompts: async () => ({ prompts: [{ name: "p" }], ...keep }),
        listResources: async () => ({ resources: [{ uri: "note://b", name: "b" }], ...keep }),
      },
    ]);
    const none = { ttlMs: 0, cacheScope: "private" };
    const kept = {
      listResources: async () => ({ resources: [], ...keep }),
      listResourceTemplates: async () => ({ resourceTemplates: [], ...keep }),
    };
    const both = await two([kept, kept]);
    expect(await both.presented.list("resources/list", NEVER)).toEqual({ resources: [], ...keep });
    expect(await both.presented.list("resources/templates/list", NEVER)).toEqual({
      resourceTemplates: [],
      ...keep,
    });
    expect(await presented.list("prompts/list", NEVER)).toEqual({ prompts: [{ name: "b_p" }], ...keep });
    expect(await presented.list("resources/list", NEVER)).toEqual({
      resources: [
        { uri: "note://a/a", name: "note://a" },
        { uri: "note://b/b", name: "b" },
      ],
      ...none,
    });
    expect(await presented.list("resources/templates/list", NEVER)).toMatchObject({
      resourceTemplates: [{ uriTemplate: "day://a/a/{day}" }, { uriTemplate: "day://b/b/{day}" }],
      ...none,
    });
  });

  it.each([
    ["tools/call", { name: "b_b-tool", arguments: { x: 1 } }, { name: "b-tool", arguments: { x: 1 } }],
    ["prompts/get", { name: "b_b-prompt", arguments: { x: 1 } }, { name: "b-prompt", arguments: { x: 1 } }],
    ["resources/read", { uri: "note://b/b", _meta: {} }, { uri: "note://b", _meta: {} }],
    ["resources/subscribe", { uri: "note://b/b" }, { uri: "note://b" }],
    ["resources/unsubscribe", { uri: "day://b/b/1" }, { uri: "day://b/1" }],
    [
      "completion/complete",
      { ref: { type: "ref/prompt", name: "b_b-prompt" }, argument: {} },
      { ref: { type: "ref/prompt", name: "b-prompt" }, argument: {} },
    ],
    [
      "completion/complete",
      { ref: { type: "ref/resource", uri: "day://b/b/{day}" }, argument: {} },
      { ref: { type: "ref/resource", uri: "day://b/{day}" }, argument: {} },
    ],
  ])("hand %s on, in the words of its server: %j", async (method, given, params) => {
    const { presented, b } = await two();
    expect(presented.known(method, given)).toEqual({ upstream: b, params });
    expect(await presented.route(method, given, NEVER)).toEqual({ upstream: b, params });
    // By who was never asked, too.
    const fresh = catalogOf([new FakeMember("a"), b]);
    expect(await fresh.presented.route(method, given, NEVER)).toEqual({ upstream: b, params });
  });

  it.each([
    ["tools/call", { name: "b_none" }, 'no server offers the tool "b_none"'],
    ["tools/call", {}, 'no server offers the tool "undefined"'],
    ["prompts/get", { name: "b_none" }, 'no server offers the prompt "b_none"'],
    ["prompts/get", { name: "b_b-tool" }, 'no server offers the prompt "b_b-tool"'],
    ["resources/read", { uri: "x" }, 'no server offers the resource "x"'],
    ["resources/subscribe", {}, 'no server offers the resource "undefined"'],
    [
      "completion/complete",
      { ref: { type: "ref/prompt", name: "b_none" } },
      'no server offers the prompt "b_none"',
    ],
    ["completion/complete", { ref: { type: "ref/resource", uri: "x" } }, 'no server offers the resource "x"'],
    ["completion/complete", {}, 'no server offers the resource "undefined"'],
    ["tasks/get", { taskId: "c:1" }, "tasks/get: no server has this task"],
    ["tasks/get", {}, "tasks/get: no server has this task"],
    ["other/get", {}, "no server knows the method other/get"],
  ])("say of %s %j that nobody has it", async (method, params, why) => {
    const { presented } = await two();
    expect(presented.known(method, params)).toBeUndefined();
    expect(await message(presented.route(method, params, NEVER))).toBe(why);
  });

  it("give what nobody lists to nobody, though one server alone has resources and tasks", async () => {
    const { presented, b } = await two([{ getServerCapabilities: () => ({ resources: {}, tasks: {} }) }, {}]);
    for (const method of ["resources/read", "resources/subscribe", "resources/unsubscribe"]) {
      expect(presented.known(method, { uri: "none://x" })).toBeUndefined();
      expect(presented.known(method, { uri: "note://b/b" })?.upstream).toBe(b);
    }
    expect(presented.known("tasks/get", { taskId: "c:1" })).toBeUndefined();
  });

  it("give an extension's request to the server that it names, before the only one that may know it", async () => {
    const knows = { getServerCapabilities: () => ({ extensions: { "io.x/skills": {} } }) };
    const { presented, a, b } = await two([knows, {}]);
    const route = (params: object, method = "skills/get") => presented.known(method, { ...params });
    expect(route({ taskId: "b:7", x: 1 })).toEqual({ upstream: b, params: { taskId: "7", x: 1 } });
    expect(route({ uri: "note://b/b", x: 1 })).toEqual({ upstream: b, params: { uri: "note://b", x: 1 } });
    expect(route({ name: "b_b-tool" })).toEqual({ upstream: a, params: { name: "b_b-tool" } });
    expect(route({ name: "b_b-tool", x: 1 }, "other/get")).toEqual({
      upstream: b,
      params: { name: "b-tool", x: 1 },
    });
    for (const odd of [
      { uri: 5 },
      { name: 5 },
      { taskId: 5 },
      { taskId: "c:1" },
      { uri: "x" },
      { name: "x" },
    ]) {
      expect(route(odd)).toEqual({ upstream: a, params: odd });
      expect(route(odd, "other/get")).toBeUndefined();
    }
    expect(presented.all("skills/list")).toEqual([a]);
    expect(presented.all("list")).toEqual([]);
    const both = await two([knows, knows]);
    expect(both.presented.known("skills/get", {})).toBeUndefined();
    expect(both.presented.known("skills/get", { name: "b_b-tool" })?.upstream).toBe(both.b);
  });

  it("are heard in the words of the client", async () => {
    const { presented, a } = await two();
    const shown = (method: string, params?: object) =>
      presented.showNotification(a, { method, ...(params && { params: { ...params } }) });
    expect(shown("notifications/resources/updated", { uri: "note://x", more: 1 })).toEqual({
      method: "notifications/resources/updated",
      params: { uri: "note://a/x", more: 1 },
    });
    expect(shown("notifications/message", { logger: "db", data: 1 })).toEqual({
      method: "notifications/message",
      params: { logger: "a/db", data: 1 },
    });
    expect(shown("notifications/message")).toEqual({
      method: "notifications/message",
      params: { logger: "a" },
    });
    expect(shown("notifications/tasks/status", { taskId: "1" })).toEqual({
      method: "notifications/tasks/status",
      params: { taskId: "a:1" },
    });
    expect(shown("notifications/other")).toStrictEqual({ method: "notifications/other" });
    expect(
      presented.show(a, "resources/read", { contents: [{ uri: "note://x" }], taskId: "1" } as never),
    ).toEqual({ contents: [{ uri: "note://a/x" }], taskId: "a:1" });
  });
});

describe("a server alone behind a gateway", () => {
  it("is asked for every name", async () => {
    const one = new FakeMember("one", { tools: ["x"], prompts: ["p"] });
    const { presented } = catalogOf([one], { rule: bare, uriPrefix: false });
    expect(await presented.route("prompts/get", { name: "p" }, NEVER)).toMatchObject({ upstream: one });
    expect(one.asked).toEqual(["ping", "prompts/list"]);
    expect(await message(presented.route("tools/call", { name: "y" }, NEVER))).toBe(
      'no server offers the tool "y"',
    );
  });
});
