import type { Tool } from "@modelcontextprotocol/client";
import { describe, expect, it } from "vitest";
import { shownTools, type ToolRules } from "../../src/composite/transforms.js";
import { parseConfig } from "../../src/config/parse.js";

const may = () => true;

function thrown(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  throw new Error("it did not throw");
}

const schema = (properties: object, required?: string[]) =>
  ({ type: "object", properties, ...(required && { required }) }) as Tool["inputSchema"];

/** What one tool looks like after its transform, and what was reported. */
function shownAs(transform: object, inputSchema: Tool["inputSchema"] = schema({}), more: object = {}) {
  const reports: string[] = [];
  const rules = { may, tools: { t: transform }, ...more } as ToolRules;
  const [shown] = shownTools([{ name: "t", inputSchema, ...more }], rules, (why) => reports.push(why));
  return { shown, reports };
}

const tool = (name: string, properties: object = {}): Tool => ({
  name,
  inputSchema: { type: "object", properties } as Tool["inputSchema"],
});

describe("transforms of tools", () => {
  it("take any name that a server chooses for a name", () => {
    const names = ["putDie", "constructor", "toString", "__proto__", "hasOwnProperty"];
    const reports: string[] = [];
    const shown = shownTools(
      names.map((name) => tool(name, { constructor: {} })),
      { may, tools: { putDie: { description: "x" } } },
      (why) => reports.push(why),
    );
    expect(shown.map(({ tool: { name } }) => name)).toEqual(names);
    expect(reports).toEqual([]);
  });

  it("never give one tool the name of another", () => {
    const reports: string[] = [];
    const rules = { may, tools: { echo: { name: "write" } } };
    for (const order of [
      ["echo", "write"],
      ["write", "echo"],
    ]) {
      const shown = shownTools(
        order.map((name) => tool(name)),
        rules,
        (why) => reports.push(why),
      );
      expect(shown.map(({ original, tool: { name } }) => [original, name])).toEqual([["write", "write"]]);
    }
    expect(reports[0]).toContain("the server has a tool write already");
  });

  it("are applied in one step: swaps and chains work, and a name is free whose tool is not shown", () => {
    const shownBy = (tools: ToolRules["tools"], offered = ["a", "b", "c"]) => {
      const reports: string[] = [];
      const shown = shownTools(
        offered.map((name) => tool(name)),
        { may, tools },
        (why) => reports.push(why),
      );
      return { names: Object.fromEntries(shown.map((one) => [one.original, one.tool.name])), reports };
    };
    expect(shownBy({ a: { name: "b" }, b: { name: "a" } })).toEqual({
      names: { a: "b", b: "a", c: "c" },
      reports: [],
    });
    expect(shownBy({ a: { name: "b" }, b: { name: "c" }, c: { name: "a" } }).names).toEqual({
      a: "b",
      b: "c",
      c: "a",
    });
    expect(shownBy({ a: { name: "b" }, b: { enabled: false } })).toEqual({
      names: { a: "b", c: "c" },
      reports: [],
    });
    expect(shownBy({ a: { name: "b" } })).toEqual({
      names: { b: "b", c: "c" },
      reports: ["tools.a.name: the server has a tool b already; this one is left out"],
    });
    expect(shownBy({ none: { name: "x" } }).reports).toEqual(["tools.none: the server has no such tool"]);
  });

  it("replace each field that is set, and leave the rest", () => {
    const _meta = { kept: 1, fastmcp: { a: 1, tags: ["old"] } };
    const { shown } = shownAs({ title: "T", description: "D", version: "2", tags: ["new"] }, schema({}), {
      _meta,
    });
    expect(shown?.tool).toMatchObject({
      name: "t",
      title: "T",
      description: "D",
      _meta: { kept: 1, fastmcp: { a: 1, tags: ["new"], version: "2" } },
    });
    expect(shownAs({ meta: { x: 1 } }, schema({}), { _meta }).shown?.tool._meta).toEqual({ ..._meta, x: 1 });
    expect(shownAs({ meta: null }, schema({}), { _meta: { kept: 1 } }).shown?.tool._meta).toEqual({
      fastmcp: {},
    });
    expect(shownAs({}, schema({}), { _meta }).shown?.tool._meta).toEqual(_meta);
    expect(shownAs({ enabled: false }).shown).toBeUndefined();
  });

  it("set nothing that they do not say", () => {
    const inputSchema = schema({ s: { type: "string" } });
    const tool = (transform: object) => shownAs(transform, inputSchema).shown?.tool;
    expect(tool({ name: "u" })).toStrictEqual({ name: "u", inputSchema });
    expect(tool({ version: "2" })).toStrictEqual({
      name: "t",
      inputSchema,
      _meta: { fastmcp: { version: "2" } },
    });
    expect(tool({ tags: ["a"] })).toStrictEqual({
      name: "t",
      inputSchema,
      _meta: { fastmcp: { tags: ["a"] } },
    });
    expect(tool({ arguments: { s: { name: "r" } } })).toStrictEqual({
      name: "t",
      inputSchema: schema({ r: { type: "string" } }),
    });
    const { shown } = shownAs({ arguments: { s: { name: "r" } } }, inputSchema);
    expect(shown?.argumentsOf({})).toStrictEqual({});
    expect(shownAs({ arguments: {} }, { type: "object" }).shown?.argumentsOf(undefined)).toStrictEqual({});
  });

  it("filter by tags after they are set: first include, then exclude; no tag is no match", () => {
    const tagged = (tags: unknown, place = "fastmcp") => ({ _meta: { [place]: { tags } } });
    const seen = (transform: object, rules: object, item: object = {}) =>
      shownAs(transform, schema({}), { ...item, ...rules }).shown !== undefined;
    expect(seen({ tags: ["a"] }, { includeTags: ["a"] })).toBe(true);
    expect(seen({}, { includeTags: ["a"] }, tagged(["a"], "_fastmcp"))).toBe(true);
    expect(seen({ tags: ["a", "b"] }, { includeTags: ["a"], excludeTags: ["b"] })).toBe(false);
    for (const none of [tagged("a"), {}]) expect(seen({}, { includeTags: ["a"] }, none)).toBe(false);
    expect(seen({}, { includeTags: [] }, tagged(["a"]))).toBe(false);
    expect(seen({}, { excludeTags: ["a"] })).toBe(true);
    expect(seen({ tags: ["a", "c"] }, { excludeTags: ["a", "b"] })).toBe(false);
  });
});

describe("transforms of arguments", () => {
  const two = schema({ s: { type: "string" }, n: { type: "number", default: 1 } }, ["s"]);
  const called = (transform: object, given: Record<string, unknown> | undefined, input = two) =>
    shownAs({ arguments: transform }, input).shown?.argumentsOf(given);
  const refusal = (transform: object, given: Record<string, unknown>) =>
    thrown(() => called(transform, given)) as { code: number; message: string };

  it("rename, describe and give examples", () => {
    const s = { name: "text", description: "D", examples: ["x"] };
    const { shown } = shownAs({ arguments: { s } }, two);
    expect(shown?.tool.inputSchema).toEqual({
      type: "object",
      properties: {
        text: { type: "string", description: "D", examples: ["x"] },
        n: { type: "number", default: 1 },
      },
      required: ["text"],
    });
    expect(called({ s }, { text: "a", n: 2, more: 3 })).toEqual({ s: "a", n: 2, more: 3 });
    expect(refusal({ s }, { s: "a" })).toMatchObject({
      code: -32602,
      message: 'the argument "s" is called "text" here',
    });
    // A swap: each name means the other argument.
    expect(called({ s: { name: "n" }, n: { name: "s" } }, { n: "a", s: 2 })).toEqual({ s: "a", n: 2 });
  });

  it("give defaults, and hide", () => {
    const shown = (args: object) => shownAs({ arguments: args }, two).shown?.tool.inputSchema;
    expect(shown({ s: { default: "d" } })).toEqual(
      schema({ s: { type: "string", default: "d" }, n: { type: "number", default: 1 } }),
    );
    expect(called({ s: { default: "d" } }, undefined)).toEqual({ s: "d" });
    expect(called({ s: { default: "d" } }, { s: "a" })).toEqual({ s: "a" });
    const hidden = { s: { hide: true, default: "d" } };
    expect(shown(hidden)).toEqual(schema({ n: { type: "number", default: 1 } }));
    expect(called(hidden, {})).toEqual({ s: "d" });
    expect(refusal(hidden, { s: "a" }).message).toBe('the argument "s" is not to be set');
    expect(called({ n: { hide: true } }, { s: "a" })).toEqual({ s: "a" });
  });

  it("make an argument required, and hold to it", () => {
    const args = { n: { name: "count", required: true } };
    expect(shownAs({ arguments: args }, two).shown?.tool.inputSchema).toEqual(
      schema({ s: { type: "string" }, count: { type: "number" } }, ["s", "count"]),
    );
    expect(refusal(args, { s: "a" }).message).toBe('the argument "count" is required');
    expect(called(args, { s: "a", count: 0 })).toEqual({ s: "a", n: 0 });
  });

  it("that cannot be done leave the tool out, and say so", () => {
    for (const [args, why] of [
      [{ none: {} }, "arguments.none: the tool has no such argument"],
      [{ s: { name: "n" } }, 'arguments.n: another argument is called "n" already'],
      [{ s: { hide: true } }, "arguments.s: a required argument can be hidden only with a default"],
    ] as const) {
      const { shown, reports } = shownAs({ arguments: args }, two);
      expect(shown).toBeUndefined();
      expect(reports).toEqual([`tools.t.${why}; the tool is left out`]);
    }
    const own = schema({ s: { default: 1 } }, ["s"]);
    expect(shownAs({ arguments: { s: { hide: true } } }, own).reports).toEqual([]);
    expect(
      shownAs({ arguments: { s: { hide: true }, n: { name: "s" } } }, schema({ s: {}, n: {} })).reports,
    ).toEqual([]);
  });

  it("that can never be done are errors of the config", () => {
    const problemsOf = (args: object) =>
      (
        thrown(() => parseConfig({ a: { command: "x", tools: { t: { arguments: args } } } })) as {
          problems: { path: string; message: string }[];
        }
      ).problems.map(({ path, message }) => `${path}: ${message}`);
    expect(
      problemsOf({
        a: { required: false },
        b: { required: true, default: 1 },
        c: { required: true, hide: true },
        d: { name: "x" },
        e: { name: "x" },
      }),
    ).toEqual([
      'a.tools.t.arguments.e.name: another argument is called "x" already',
      "a.tools.t.arguments.a.required: expected true: a default is what makes an argument optional",
      "a.tools.t.arguments.b.required: an argument with a default is not required",
      "a.tools.t.arguments.c.required: an argument that is hidden is nobody's to give",
    ]);
    expect(() =>
      parseConfig({ a: { command: "x", tools: { t: { arguments: { a: { required: true, name: "y" } } } } } }),
    ).not.toThrow();
  });
});
