import { describe, expect, it } from "vitest";
import { accessOf, matches } from "../../src/composite/access.js";
import { parseConfig } from "../../src/config/parse.js";
import { catalogOf, FakeMember, NEVER } from "../support/fake-members.js";
import { rejection } from "../support/settling.js";

describe("access", () => {
  it.each([
    ["*", "", true],
    ["*", "anything", true],
    ["get_*", "get_", true],
    ["get_*", "forget_x", false],
    ["*_get", "x_get", true],
    ["*_get", "x_gets", false],
    ["a*b*c", "a-b-b-c", true],
    ["a*b*c", "a-b-b", false],
    ["a?c", "abc", true],
    ["a?c", "ac", false],
    ["", "", true],
    ["", "x", false],
    ["a.c", "abc", false],
    ["**", "x", true],
    ["a", "A", false],
    ["ab", "a", false],
  ])("by the glob %s of %s: %s", (glob, name, expected) => {
    expect(matches(glob, name)).toBe(expected);
  });

  it("is decided in reasonable time, whatever the name", () => {
    expect(matches(`${"a*".repeat(50)}b`, "a".repeat(20_000))).toBe(false);
  });

  it("is what is allowed, by every list, and not denied by any", () => {
    expect(accessOf({})("tools", "x")).toBe(true);
    const some = accessOf({ allow: ["get_*", "note://*"], deny: { tools: ["get_secret"] } });
    expect([some("tools", "get_x"), some("tools", "put_x"), some("resources", "note://x")]).toEqual([
      true,
      false,
      true,
    ]);
    expect([some("prompts", "get_secret"), some("tools", "get_secret")]).toEqual([true, false]);
    const tools = accessOf({ allow: { tools: ["a"] } });
    expect([tools("tools", "b"), tools("prompts", "b"), tools("resources", "b")]).toEqual([
      false,
      true,
      true,
    ]);
  });

  it("is not got around by case or punctuation where it is denied", () => {
    const access = accessOf({ deny: ["delete_*"], allow: ["*"] });
    for (const name of ["delete_x", "Delete-x", "DELETE.x", "delete x"])
      expect(access("tools", name)).toBe(false);
    expect(accessOf({ allow: ["get"] })("tools", "Get")).toBe(false);
  });

  it.each(["includeTools", "enabledTools"])("knows %s", (word) => {
    const access = accessOf({ [word]: ["a"] });
    expect([access("tools", "a"), access("tools", "b"), access("prompts", "b")]).toEqual([true, false, true]);
  });

  it.each(["excludeTools", "disabledTools"])("knows %s", (word) => {
    const access = accessOf({ [word]: ["a"] });
    expect([access("tools", "a"), access("tools", "b"), access("prompts", "a")]).toEqual([false, true, true]);
  });

  it("is in a config in the words of each program", () => {
    const entry = {
      command: "x",
      exclude_tools: ["a"],
      disabled_tools: ["b"],
      autoApprove: ["c"],
      deny: { prompts: ["p"] },
    };
    expect(parseConfig({ one: entry }).servers["one"]).toMatchObject({
      excludeTools: ["a"],
      disabledTools: ["b"],
      autoApprove: ["c"],
      deny: { prompts: ["p"] },
    });
    for (const wrong of [{ disabledTools: "a" }, { allow: { tool: [] } }, { deny: 5 }])
      expect(() => parseConfig({ one: { command: "x", ...wrong } })).toThrow(Object.keys(wrong)[0]);
  });

  it("shuts off lists and calls alike", async () => {
    const may = accessOf({ deny: { tools: ["x"], prompts: ["p"], resources: ["note://*", "doc://{id}"] } });
    const offer = {
      tools: ["x", "y"],
      prompts: ["p", "q"],
      resources: ["note://a", "doc://b"],
      templates: ["doc://{id}"],
    };
    const { catalog, presented } = catalogOf([new FakeMember("a", offer, { may }), new FakeMember("b")]);
    expect((await catalog.tools(NEVER)).map(({ name }) => name)).toEqual(["a_y"]);
    expect((await catalog.prompts(NEVER)).map(({ name }) => name)).toEqual(["a_q"]);
    expect((await catalog.resources(NEVER)).map(({ uri }) => uri)).toEqual(["doc://a/b"]);
    expect(await catalog.templates(NEVER)).toEqual([]);
    expect(await rejection(presented.route("tools/call", { name: "a_x" }, NEVER))).toMatchObject({
      message: expect.stringContaining('no server offers the tool "a_x"'),
    });
    expect(await rejection(presented.route("resources/read", { uri: "note://a/z" }, NEVER))).toMatchObject({
      message: '"note://a/z" is shut off by the config',
    });
  });
});
