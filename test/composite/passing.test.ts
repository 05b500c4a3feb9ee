import { describe, expect, it } from "vitest";
import { joinCapabilities, mayKnow } from "../../src/composite/capabilities.js";
import { leastOf } from "../../src/composite/offer.js";
import { rewriteUris, withMeta } from "../../src/composite/result-uris.js";
import { originOfTask, showTask, showTasks } from "../../src/composite/task-ids.js";
import { joinLists } from "../../src/gateway/join-lists.js";
import { catalogOf, FakeMember, NEVER } from "../support/fake-members.js";
import { rejection } from "../support/fixtures.js";

const show = (uri: string) => `shown:${uri}`;
const APP = "io.modelcontextprotocol/ui";

describe("what passes a composite", () => {
  it("has every URI as it is shown: of contents, links, prompts, and of the pages of apps", () => {
    const ui = { _meta: { ui: { resourceUri: "ui://x", other: 1 }, "ui/resourceUri": "ui://y", more: 2 } };
    const shownUi = {
      _meta: { ui: { resourceUri: "shown:ui://x", other: 1 }, "ui/resourceUri": "shown:ui://y", more: 2 },
    };
    expect(withMeta(ui, show)).toEqual(shownUi);
    expect(withMeta({ _meta: { "ui/resourceUri": "ui://y" } }, show)).toEqual({
      _meta: { "ui/resourceUri": "shown:ui://y" },
    });
    for (const same of [{}, { _meta: { ui: {} } }, { _meta: { ui: { resourceUri: 5 }, x: 1 } }])
      expect(withMeta(same, show)).toBe(same);
    const text = { type: "text", text: "note://x" };
    const content = [
      text,
      { ...text, ...ui },
      { type: "resource_link", uri: "note://a", ...ui },
      { type: "resource", resource: { uri: "note://b", ...ui } },
      { type: "resource", resource: {} },
      null,
    ];
    const shown = [
      text,
      { ...text, ...shownUi },
      { type: "resource_link", uri: "shown:note://a", ...shownUi },
      { type: "resource", resource: { uri: "shown:note://b", ...shownUi } },
      { type: "resource", resource: {} },
      null,
    ];
    expect(rewriteUris("tools/call", { content, ...ui }, show)).toEqual({ content: shown, ...shownUi });
    expect(rewriteUris("tools/call", { content: [text] }, show)).toEqual({ content: [text] });
    expect(
      rewriteUris("prompts/get", { messages: content.map((c) => ({ role: "user", content: c })) }, show),
    ).toEqual({
      messages: shown.map((c) => ({ role: "user", content: c })),
    });
    expect(rewriteUris("resources/read", { contents: [{ uri: "note://c", ...ui }] }, show)).toEqual({
      contents: [{ uri: "shown:note://c", ...shownUi }],
    });
    for (const odd of [{ content: "x" }, { messages: 5 }, { contents: null }])
      for (const method of ["tools/call", "prompts/get", "resources/read", "other"])
        expect(rewriteUris(method, odd as never, show)).toEqual(odd);
  });

  it("has tasks under their server's name, wherever they stand", () => {
    const related = { "io.modelcontextprotocol/related-task": { taskId: "1" }, other: 2 };
    expect(
      showTasks("a/b", { taskId: "1", task: { taskId: "2" }, tasks: [{ taskId: "3" }, 4], _meta: related }),
    ).toEqual({
      taskId: "a%2Fb:1",
      task: { taskId: "a%2Fb:2" },
      tasks: [{ taskId: "a%2Fb:3" }, 4],
      _meta: { "io.modelcontextprotocol/related-task": { taskId: "a%2Fb:1" }, other: 2 },
    });
    const plain = { content: [], task: null, tasks: "x", _meta: { x: 1 } };
    expect(showTasks("a", plain)).toEqual(plain);
    expect(originOfTask(showTask("a:b", "1:2"))).toEqual({ server: "a:b", taskId: "1:2" });
    for (const odd of [5, undefined, "x", "%E0%A4%A:1"]) expect(originOfTask(odd)).toBeUndefined();
  });

  it("are the capabilities of all, in union", () => {
    const one = { extensions: { [APP]: { a: 1 } }, experimental: { x: {} }, prompts: {} };
    const other = { extensions: { [APP]: { a: 2 }, "org/skills": {} }, tasks: { list: {} } };
    expect(joinCapabilities([one, other])).toEqual({
      tools: { listChanged: true },
      prompts: { listChanged: true },
      resources: { listChanged: true, subscribe: true },
      logging: {},
      completions: {},
      extensions: { [APP]: { a: 1 }, "org/skills": {} },
      experimental: { x: {} },
      tasks: { list: {} },
    });
    expect(Object.keys(joinCapabilities([]))).toHaveLength(5);
    expect([mayKnow(other, "skills/list"), mayKnow(other, "tasks/get"), mayKnow(one, "x/y")]).toEqual([
      true,
      true,
      true,
    ]);
    expect([mayKnow(other, "uix/list"), mayKnow(undefined, "skills/list"), mayKnow(one, "skills/x")]).toEqual(
      [false, false, false],
    );
  });

  it("is kept for the least time that a server says, and for the fewest", () => {
    const [long, short] = [
      { ttlMs: 9, cacheScope: "public" },
      { ttlMs: 3, cacheScope: "public" },
    ] as const;
    expect(leastOf([long, short])).toEqual(short);
    expect(leastOf([long, { ...short, cacheScope: "private" }])).toEqual({ ttlMs: 3, cacheScope: "private" });
    for (const none of [[], [long, undefined]])
      expect(leastOf(none)).toEqual({ ttlMs: 0, cacheScope: "private" });
  });

  it("joins the lists of an extension", () => {
    expect(
      joinLists([
        { skills: [1], n: 1, nextCursor: "x" },
        { skills: [2], n: 2, more: [3] },
      ]),
    ).toEqual({
      skills: [1, 2],
      n: 1,
      more: [3],
    });
  });
});

describe("a method that only an extension knows", () => {
  const withSkills = (name: string, offer = {}) =>
    new FakeMember(name, offer, {}, { getServerCapabilities: () => ({ extensions: { "io.x/skills": {} } }) });

  it("goes to the only server that may know it, or to whom it names", async () => {
    const [a, b] = [withSkills("a"), new FakeMember("b", { tools: ["t"] })];
    const { presented, catalog } = catalogOf([a, b]);
    expect(presented.known("skills/get", { id: 1 })).toEqual({ upstream: a, params: { id: 1 } });
    expect(presented.all("skills/get")).toEqual([]);
    expect(presented.all("skills/list")).toEqual([a]);
    expect(presented.known("other/get", { uri: "note://b/x" })).toEqual({
      upstream: b,
      params: { uri: "note://x" },
    });
    await catalog.tools(NEVER);
    expect(presented.known("other/get", { name: "b_t" })).toEqual({ upstream: b, params: { name: "t" } });
    expect(presented.known("tasks/get", { taskId: "b:1" })).toEqual({ upstream: b, params: { taskId: "1" } });
    expect(await rejection(presented.route("tasks/get", { taskId: "c:1" }, NEVER))).toMatchObject({
      code: -32602,
    });
    expect(await rejection(presented.route("other/get", {}, NEVER))).toMatchObject({
      code: -32601,
      message: "no server knows the method other/get",
    });
  });

  it("goes to a server that came late as to one that was there from the start", async () => {
    const late = withSkills("late");
    late.reached = false;
    const { presented } = catalogOf([new FakeMember("a"), late]);
    expect(presented.capabilities().extensions).toBeUndefined();
    expect(presented.known("skills/get", { id: 1 })).toBeUndefined();
    expect(presented.all("skills/list")).toEqual([]);
    late.reached = true;
    expect(presented.known("skills/get", { id: 1 })).toEqual({ upstream: late, params: { id: 1 } });
    expect(presented.all("skills/list")).toEqual([late]);
    expect(presented.capabilities().extensions).toEqual({ "io.x/skills": {} });
  });

  it("goes to a lazy server by what is known of it, and is declared by that", () => {
    const lazy = Object.assign(new FakeMember("lazy"), {
      reached: false,
      known: { capabilities: { extensions: { "io.x/skills": {} } }, instructions: "be kind" },
    });
    const { presented } = catalogOf([lazy as FakeMember]);
    expect(presented.capabilities().extensions).toEqual({ "io.x/skills": {} });
    expect(presented.instructions()).toContain("be kind");
    expect(presented.known("skills/get", { id: 1 })).toEqual({ upstream: lazy, params: { id: 1 } });
  });

  it("that two may know is nobody's, where it does not say whose", async () => {
    const { presented } = catalogOf([withSkills("a"), withSkills("b")]);
    expect(await rejection(presented.route("skills/get", { id: 1 }, NEVER))).toMatchObject({
      message: "skills/get may be of a and b, and does not say of which",
    });
    expect(presented.all("skills/list")).toHaveLength(2);
  });

  it("finds a resource as a document of its server names it", async () => {
    const a = new FakeMember("a", { resources: ["skill://x/SKILL.md"] });
    const { presented, catalog } = catalogOf([a, new FakeMember("b", { resources: ["skill://y"] })]);
    await catalog.resources(NEVER);
    await catalog.templates(NEVER);
    expect(presented.known("resources/read", { uri: "skill://x/SKILL.md" })).toMatchObject({ upstream: a });
  });

  it("says of a list how long it holds", async () => {
    const keeps = (name: string, ttlMs: unknown, cacheScope = "public") =>
      new FakeMember(name, {}, {}, { listTools: async () => ({ tools: [], ttlMs, cacheScope }) });
    const { presented } = catalogOf([keeps("a", 500), keeps("b", 300)]);
    expect(await presented.list("tools/list", NEVER)).toEqual({
      tools: [],
      ttlMs: 300,
      cacheScope: "public",
    });
    expect(await presented.list("prompts/list", NEVER)).toMatchObject({ ttlMs: 0, cacheScope: "private" });
    for (const odd of [-1, 0.5, "5", undefined])
      expect(await catalogOf([keeps("a", odd)]).presented.list("tools/list", NEVER)).toMatchObject({
        ttlMs: 0,
      });
  });
});
