import { describe, expect, it } from "vitest";
import { Breaches } from "../../src/base/breaches.js";
import { SCHEMA_LIMITS, Steps } from "../../src/connection/schemas/limits.js";
import { Patterns } from "../../src/connection/schemas/patterns.js";
import { planOf } from "../../src/connection/schemas/plan.js";
import { Validators } from "../../src/connection/validators.js";

function world(limits = {}) {
  const warnings: string[] = [];
  const validators = new Validators((message) => warnings.push(message), limits);
  return { warnings, check: (schema: object, data: unknown) => validators.getValidator(schema)(data) };
}
const named = (count: number, value: unknown) =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`p${i}`, value]));
/** `{ a: { a: … } }`, this deep. */
const nested = (depth: number, inner: object, wrap: (inner: object) => object) => {
  let schema = inner;
  for (let i = 0; i < depth; i++) schema = wrap(schema);
  return schema;
};

describe("a schema of a server is checked within limits", () => {
  it.each([
    ["a pattern that takes for ever elsewhere", { pattern: "^(a+)+$" }, `${"a".repeat(40)}!`, "aaa"],
    ["a pattern with escapes of JavaScript", { pattern: "^\\u0061\\/(?<rest>\\d+)$" }, "b/1", "a/1"],
    ["names by pattern", { patternProperties: { "^(a+)+$": { type: "number" } } }, { aa: "x" }, { aa: 1 }],
    [
      "unique items in any order of their fields",
      { uniqueItems: true },
      [
        { a: 1, b: [2] },
        { b: [2], a: 1 },
      ],
      [1, "1"],
    ],
    [
      "a reference to itself",
      { properties: { a: { $ref: "#" } }, required: ["n"] },
      { n: 1, a: {} },
      { n: 1, a: { n: 2 } },
    ],
    ["a format", { format: "date" }, "tomorrow", "2026-11-28"],
    [
      "an enum of objects",
      { enum: [{ default: { type: "x" } }] },
      { default: {} },
      { default: { type: "x" } },
    ],
    [
      "a property called like a keyword",
      { properties: { pattern: { type: "string" }, description: { const: 1 } } },
      { description: 2 },
      { pattern: "(", description: 1 },
    ],
    [
      "draft 7",
      { $schema: "http://json-schema.org/draft-07/schema#", items: [{ type: "number" }] },
      ["x"],
      [1],
    ],
    [
      "draft 2019-09",
      { $schema: "https://json-schema.org/draft/2019-09/schema", items: [{ type: "number" }] },
      ["x"],
      [1],
    ],
  ])("and still judges: %s", (_what, schema, wrong, right) => {
    const { check, warnings } = world();
    expect(check(schema, wrong)).toMatchObject({ valid: false });
    expect(check(schema, right)).toMatchObject({ valid: true });
    expect(warnings).toEqual([]);
  });

  it.each([
    [
      "too many properties",
      { properties: named(20_000, { type: "string", minLength: 1 }) },
      /more than 1,000 keywords/,
    ],
    ["too deep", nested(65, {}, (a) => ({ items: a })), /more than 64 levels/],
    ["so deep that a recursion ends", nested(50_000, {}, (a) => ({ items: a })), /more than 64 levels/],
    ["too long", { enum: ["x".repeat(2 ** 20)] }, /longer than 1,048,576 characters/],
    [
      "too long a list of values",
      { enum: Array.from({ length: 10_001 }, (_, i) => ({ i })) },
      /more than 1,000 keywords/,
    ],
    [
      "one part behind many spellings",
      {
        $defs: { a: { anyOf: Array(400).fill({}) }, aa: {} },
        allOf: ["a", "%61", "%61%61", "a"].map((a) => ({ $ref: `#/$defs/${a}` })),
      },
      /more than 1,000 keywords/,
    ],
    ["a schema in a value", { enum: [{}], $ref: "#/%65num/0" }, /points at a value/],
    [
      "the schema of schemas",
      { $ref: "https://json-schema.org/draft/2020-12/schema" },
      /can't resolve reference/,
    ],
    ["look-around where more may be less", { not: { pattern: "(?=a)" } }, /look-around/],
    ["look-around in a name", { patternProperties: { "(?=a)": false } }, /look-around/],
    ["a huge pattern", { not: { pattern: "(a{1000}){1000}{1000}" } }, /too large/],
    ["an unknown dialect", { $schema: "http://example.com/" }, /unsupported dialect/],
  ])("and not at all where it is %s", (_what, schema, why) => {
    const { check, warnings } = world();
    expect(check(schema, {})).toMatchObject({ valid: true });
    expect(check(schema, {})).toMatchObject({ valid: true });
    expect(warnings).toEqual([expect.stringMatching(why)]);
  });

  it.each([
    ["choices within choices", { $ref: "#/$defs/d0", $defs: named0(30) }, {}, /more than 200,000 steps/],
    ["a loop of references", { anyOf: [{ $ref: "#" }, { $ref: "#" }] }, {}, /steps|call stack/],
    ["a wide pattern over a long text", { pattern: "^(?:.?){300}!$" }, "a".repeat(60_000), /steps/],
    [
      "many patterns over many names",
      { patternProperties: Object.fromEntries(Array.from({ length: 90 }, (_, i) => [`${i}[a-z]{20}$`, {}])) },
      named(5_000, 1),
      /steps/,
    ],
  ])("and no further than its steps: %s", (_what, schema, data, why) => {
    const { check, warnings } = world();
    expect(check(schema, data)).toMatchObject({ valid: true });
    expect(warnings).toEqual([expect.stringMatching(why)]);
  });

  it("drops a pattern that nobody can check, and holds the rest", () => {
    const { check, warnings } = world();
    const schema = { properties: { mail: { type: "string", pattern: "^(?!\\.)x" } } };
    expect(check(schema, { mail: "y" })).toMatchObject({ valid: true });
    expect(check(schema, { mail: 1 })).toMatchObject({ valid: false });
    expect(warnings).toEqual([expect.stringMatching(/a part of an output schema.*look-around/i)]);
  });

  it("leaves one answer out for a text that is too long, and checks the next one", () => {
    const { check, warnings } = world({ textCharacters: 10 });
    const schema = { pattern: "^a+$" };
    expect(check(schema, "b".repeat(11))).toMatchObject({ valid: true });
    expect(warnings).toHaveLength(1);
    expect(check(schema, "b")).toMatchObject({ valid: false });
  });

  it("checks no more what went over its steps once", () => {
    const { check } = world({ steps: 100 });
    const schema = { items: { type: "number" } };
    expect(check(schema, ["x"])).toMatchObject({ valid: false });
    expect(check(schema, Array(200).fill(1))).toMatchObject({ valid: true });
    expect(check(schema, ["x"])).toMatchObject({ valid: true });
  });

  it("changes nothing of what it is given", () => {
    const schema = { properties: { a: { pattern: "(?=x)", description: "a" } } };
    const before = structuredClone(schema);
    const steps = new Steps(SCHEMA_LIMITS);
    planOf(schema, SCHEMA_LIMITS, new Patterns(steps));
    expect(schema).toEqual(before);
  });
});

/** Each refers to the next one twice. */
function named0(count: number): object {
  const next = (i: number) => ({ $ref: `#/$defs/d${i + 1}` });
  const defs = Array.from({ length: count }, (_, i) => [`d${i}`, { allOf: [next(i), next(i)] }]);
  return Object.fromEntries([...defs, [`d${count}`, {}]]);
}

describe("what goes over a limit is said", () => {
  it("once, and again each time that the count has grown tenfold", () => {
    const said: string[] = [];
    const breaches = new Breaches((message) => said.push(message));
    for (let i = 0; i < 5_000; i++) breaches.note("too much");
    expect(said).toEqual([
      "too much",
      "too much (10 times by now)",
      "too much (100 times by now)",
      "too much (1,000 times by now)",
    ]);
  });
});
