import type { Client } from "@modelcontextprotocol/client";
import { describe, expect, it, vi } from "vitest";
import { ServerLists } from "../../src/connection/server-lists.js";

type Offer = Partial<Record<"tools" | "prompts" | "resources" | "resourceTemplates", object[]>>;

/** The Client of an epoch whose server has these lists; what it has no list of, it does not declare. */
function client(offer: Offer, version: string | undefined = "1", more: object = {}) {
  const capabilities = {
    ...(offer.tools && { tools: {} }),
    ...(offer.prompts && { prompts: {} }),
    ...(offer.resources && { resources: {} }),
    ...more,
  };
  const fake = {
    getServerVersion: () => ({ name: "fake", version }),
    getServerCapabilities: () => capabilities,
    listTools: vi.fn(async () => ({ tools: offer.tools })),
    listPrompts: vi.fn(async () => ({ prompts: offer.prompts })),
    listResources: vi.fn(async () => ({ resources: offer.resources })),
    listResourceTemplates: vi.fn(async () => ({ resourceTemplates: offer.resourceTemplates })),
  };
  return fake as typeof fake & Client;
}

const KINDS = [
  ["tools", "tools/list", (name: string) => ({ name })],
  ["prompts", "prompts/list", (name: string) => ({ name })],
  ["resources", "resources/list", (uri: string) => ({ uri, name: "same" })],
  ["resourceTemplates", "resources/templates/list", (uriTemplate: string) => ({ uriTemplate, name: "same" })],
] as const;

describe("a server that is reached again", () => {
  it.each(KINDS)("is compared by its %s", async (kind, method, item) => {
    const lists = new ServerLists();
    expect(await lists.compare(client({}), {})).toBeUndefined();
    const kept = item("kept");
    lists.note(method, { [kind]: [kept, item("gone")], nextCursor: "2" });
    lists.note(method, { [kind]: [item("other")] }, "2");
    const fresh = [{ ...kept }, { ...item("other"), title: "new" }, item("fresh")];
    const change = await lists.compare(client({ resources: [], [kind]: fresh }, "1"), {});
    expect(change!.lists).toEqual({
      [kind]: {
        added: ["fresh"],
        removed: ["gone"],
        changed: ["other"],
        fields: { other: [{ field: "title", from: undefined, to: "new" }] },
      },
    });
    expect(change!.server).toBeUndefined();
  });

  it.each([
    ["many parts", Object.fromEntries(Array.from({ length: 1_001 }, (_, i) => [`p${i}`, {}]))],
    ["much text", ["x".repeat(65_537)]],
    ["long names", { ["x".repeat(65_537)]: 1 }],
  ])("does not tell a value of %s", async (_, large) => {
    const lists = new ServerLists();
    await lists.compare(client({}), {});
    lists.note("tools/list", { tools: [{ name: "a", inputSchema: {} }] });
    const change = await lists.compare(client({ tools: [{ name: "a", inputSchema: large }] }), {});
    expect(change!.lists.tools!.fields).toEqual({
      a: [{ field: "inputSchema", from: {}, to: "[too large to show]" }],
    });
  });

  it.each(KINDS)("is not found changed where its %s are the same", async (kind, method, item) => {
    const lists = new ServerLists();
    const same = { resources: [], [kind]: [item("a"), item("b")] };
    await lists.compare(client(same), {});
    lists.note(method, same);
    expect(await lists.compare(client(same), {})).toBeUndefined();
  });

  it.each([
    ["tools", "tools/list", "listTools"],
    ["prompts", "prompts/list", "listPrompts"],
    ["resources", "resources/list", "listResources"],
    ["resourceTemplates", "resources/templates/list", "listResourceTemplates"],
  ] as const)("and offers no %s any more lost them all, and is not asked", async (kind, method, ask) => {
    const lists = new ServerLists();
    await lists.compare(client({}), {});
    lists.note(method, { [kind]: [{ name: "a" }] });
    const bare = client({});
    expect((await lists.compare(bare, {}))!.lists).toEqual({
      [kind]: { added: [], removed: ["a"], changed: [] },
    });
    expect(bare[ask]).not.toHaveBeenCalled();
    const nothing = client({});
    nothing.getServerCapabilities = () => undefined as never;
    expect(await lists.compare(nothing, {})).toBeUndefined();
  });

  it.each([
    ["added", ["b"]],
    ["removed", ["b"]],
    ["changed", ["a"]],
  ])("is changed where one tool was %s", async (how, names) => {
    const a = { name: "a" };
    const before = how === "removed" ? [a, { name: "b" }] : [a];
    const after = { added: [a, { name: "b" }], removed: [a], changed: [{ ...a, title: "A" }] }[how]!;
    const lists = new ServerLists();
    await lists.compare(client({ tools: before }), {});
    lists.note("tools/list", { tools: before });
    const { tools } = (await lists.compare(client({ tools: after }), {}))!.lists;
    expect(tools).toMatchObject({ added: [], removed: [], changed: [], [how]: names });
  });

  it("is asked past the Client's cache, and only for what was read before", async () => {
    const lists = new ServerLists();
    await lists.compare(client({}), {});
    lists.note("tools/list", { tools: [] });
    const next = client({ tools: [], prompts: [] });
    await lists.compare(next, { timeout: 7 });
    expect(next.listTools).toHaveBeenCalledExactlyOnceWith(undefined, { timeout: 7, cacheMode: "refresh" });
    expect(next.listPrompts).not.toHaveBeenCalled();
  });

  it("with another version says so", async () => {
    const lists = new ServerLists();
    await lists.compare(client({}, "1"), {});
    expect(await lists.compare(client({}, "2"), {})).toEqual({
      lists: {},
      server: { from: { name: "fake", version: "1" }, to: { name: "fake", version: "2" } },
    });
    expect(await lists.compare(client({}, "2"), {})).toBeUndefined();
  });

  it.each([
    [{ logging: {} }, {}, { added: [], removed: ["logging"] }],
    [{}, { logging: {} }, { added: ["logging"], removed: [] }],
    [{ logging: {} }, { completions: {} }, { added: ["completions"], removed: ["logging"] }],
  ])("with %j instead of %j says what came and went", async (before, after, capabilities) => {
    const lists = new ServerLists();
    await lists.compare(client({}, "1", before), {});
    expect(await lists.compare(client({}, "1", after), {})).toEqual({ lists: {}, capabilities });
  });

  it("is compared with the last list, also with what came in while it was read", async () => {
    const lists = new ServerLists();
    const slow = client({ tools: [{ name: "a" }] });
    await lists.compare(slow, {});
    lists.note("tools/list", { tools: [] });
    slow.listTools.mockImplementation(async () => {
      lists.note("tools/list", { tools: [{ name: "a" }] });
      return { tools: [{ name: "a" }] };
    });
    expect((await lists.compare(slow, {}))!.lists.tools!.added).toEqual(["a"]);
    expect(await lists.compare(slow, {})).toBeUndefined();
  });
});

describe("a list that came in", () => {
  it.each([
    ["nothing", {}],
    ["a text", { tools: "many" }],
    ["items that are none", { tools: [null, 1, "text", {}, { name: 7 }, undefined] }],
  ])("is passed over where it holds %s", async (_what, result) => {
    const lists = new ServerLists();
    await lists.compare(client({ tools: [] }), {});
    lists.note("tools/list", result);
    expect(await lists.compare(client({ tools: [] }), {})).toBeUndefined();
  });

  it("of no kind that is known is not noted", async () => {
    const lists = new ServerLists();
    await lists.compare(client({}), {});
    lists.note("custom/list", { undefined: [{ name: "x" }], tools: [{ name: "x", annotations: {} }] });
    expect(await lists.compare(client({}), {})).toBeUndefined();
  });

  it.each([
    [{ readOnlyHint: true }, true],
    [{ idempotentHint: true }, true],
    [{ readOnlyHint: false, idempotentHint: false }, false],
    [{ readOnlyHint: "yes", idempotentHint: 1 }, false],
    [{ destructiveHint: false }, false],
    [undefined, false],
  ])("with the annotations %j makes its tool repeatable: %s", (annotations, repeatable) => {
    const lists = new ServerLists();
    lists.note("tools/list", { tools: [{ name: "it", annotations }] });
    expect(lists.repeatable("it")).toBe(repeatable);
  });

  it("vouches for its own tools only", () => {
    const lists = new ServerLists();
    expect(lists.repeatable("it")).toBe(false);
    const tools = [{ name: "it", annotations: { readOnlyHint: true } }];
    lists.note("prompts/list", { prompts: tools });
    expect(lists.repeatable("it")).toBe(false);
    lists.note("tools/list", { tools });
    expect(lists.repeatable("it")).toBe(true);
    expect(lists.repeatable("other")).toBe(false);
    expect(lists.repeatable(undefined)).toBe(false);
  });
});

describe("what was listed once", () => {
  const offers = (lists: ServerLists, name: string) => lists.repeatable(name);
  const tool = (name: string) => ({ name, annotations: { readOnlyHint: true } });

  it("is forgotten when the whole list was read again without it, and not before", () => {
    const lists = new ServerLists();
    lists.note("tools/list", { tools: [tool("old")] });
    lists.note("tools/list", { tools: [tool("a")], nextCursor: "2" });
    expect(offers(lists, "old")).toBe(true);
    lists.note("tools/list", { tools: [tool("b")], nextCursor: null }, "2");
    expect(["old", "a", "b"].map((name) => offers(lists, name))).toEqual([false, true, true]);
    lists.note("tools/list", { tools: [] });
    expect(offers(lists, "a")).toBe(false);
  });

  it("is kept where a page came whose beginning nobody read", () => {
    const lists = new ServerLists();
    lists.note("tools/list", { tools: [tool("a")] });
    lists.note("tools/list", { tools: [tool("b")] }, "2");
    expect(["a", "b"].map((name) => offers(lists, name))).toEqual([true, true]);
  });

  it("is bounded, however long a list is", () => {
    const lists = new ServerLists();
    for (let page = 0; page < 30; page++) {
      const tools = Array.from({ length: 1_000 }, (_, i) => tool(`${page}/${i}`));
      lists.note("tools/list", { tools, nextCursor: "more" }, page === 0 ? undefined : "more");
    }
    expect(offers(lists, "0/0")).toBe(false);
    expect(offers(lists, "29/999")).toBe(true);
  });
});

describe("a list that is read again", () => {
  it("tells what differs, field by field, once it is whole", () => {
    const heard: unknown[] = [];
    const lists = new ServerLists((kind, difference) => heard.push([kind, difference]));
    const tool = { name: "a", description: "adds", inputSchema: { type: "object" }, gone: 1 };
    lists.note("tools/list", { tools: [tool, { name: "old" }] });
    lists.note("tools/list", { tools: [{ ...tool, inputSchema: { type: "object" } }, { name: "old" }] });
    expect(heard).toEqual([]);
    const { gone: _, ...rest } = tool;
    lists.note("tools/list", { tools: [{ ...rest, description: "steals" }], nextCursor: "2" });
    expect(heard).toEqual([]);
    lists.note("tools/list", { tools: [{ name: "__proto__" }] }, "2");
    expect(heard).toEqual([
      [
        "tools",
        {
          added: ["__proto__"],
          removed: ["old"],
          changed: ["a"],
          fields: {
            a: [
              { field: "description", from: "adds", to: "steals" },
              { field: "gone", from: 1, to: undefined },
            ],
          },
        },
      ],
    ]);
    lists.note("prompts/list", { prompts: [{ name: "p" }], nextCursor: "2" });
    lists.note("prompts/list", { prompts: [{ name: "q" }] }, "2");
    expect(heard).toHaveLength(1);
  });

  it("tells only whoever asked for that", async () => {
    const heard: unknown[] = [];
    const lists = new ServerLists((kind) => heard.push(kind));
    expect(lists.reread(["tools"], client({ tools: [] }), {})).toBeUndefined();
    lists.note("tools/list", { tools: [{ name: "a" }] });
    const fake = client({ tools: [{ name: "b" }] });
    fake.listTools.mockImplementation(async () => {
      lists.note("tools/list", { tools: [{ name: "b" }] });
      return { tools: [{ name: "b" }] };
    });
    expect(await lists.reread(["tools", "prompts"], fake, {})).toEqual({
      tools: { added: ["b"], removed: ["a"], changed: [] },
    });
    expect(fake.listPrompts).not.toHaveBeenCalled();
    expect(heard).toEqual([]);
    lists.note("tools/list", { tools: [] });
    expect(heard).toEqual(["tools"]);
  });
});
