import { describe, expect, it } from "vitest";
import { OverLimit, SCHEMA_LIMITS, type SchemaLimits, Steps } from "../../src/connection/schemas/limits.js";
import { Patterns } from "../../src/connection/schemas/patterns.js";
import { planOf } from "../../src/connection/schemas/plan.js";
import { Validators } from "../../src/connection/validators.js";

/** The least value of a limit under which something is still done. */
function least(isDone: (limit: number) => boolean): number {
  for (let limit = 0; limit <= 1_000; limit++) if (isDone(limit)) return limit;
  throw new Error("it is done under no limit");
}

const plan = (schema: object, limits: Partial<SchemaLimits> = {}) =>
  planOf(schema as never, { ...SCHEMA_LIMITS, ...limits }, new Patterns(new Steps(SCHEMA_LIMITS)));

/** What a schema costs to compile, by each limit. */
const costOf = (schema: object) => {
  const of = (name: "keywords" | "depth" | "characters") =>
    least((limit) => {
      try {
        plan(schema, { [name]: limit });
        return true;
      } catch (error) {
        if (error instanceof OverLimit) return false;
        throw error;
      }
    });
  return [of("keywords"), of("depth"), of("characters")];
};

/** How many steps the check of a value takes. */
const stepsOf = (schema: object, data: unknown) =>
  least((steps) => {
    const warnings: string[] = [];
    new Validators((message) => warnings.push(message), { steps }).getValidator(schema as never)(data);
    return warnings.length === 0;
  });

const texts = (count: number, text = "abc") => Array.from({ length: count }, (_, i) => `${text}${i}`);

describe("what a schema costs", () => {
  it.each<[string, object, number[]]>([
    ["nothing", {}, [1, 0, 0]],
    ["a keyword", { minLength: 1 }, [2, 0, 9]],
    ["a keyword with a text", { type: "string" }, [2, 0, 10]],
    [
      "notes",
      { title: "t".repeat(99), description: "d", default: 1, examples: [1], $comment: "c" },
      [1, 0, 0],
    ],
    ["more notes", { deprecated: true, readOnly: true, writeOnly: true }, [1, 0, 0]],
    ["a list of texts", { required: texts(40) }, [6, 2, 198]],
    ["a list of numbers", { x: [1, 2, 3] }, [5, 2, 1]],
    ["nested schemas", { items: { items: { type: "string" } } }, [6, 2, 20]],
    ["a list of schemas", { anyOf: [{ type: "string" }, { minimum: 1 }] }, [6, 2, 22]],
    ["properties", { properties: { alpha: { type: "string" }, beta: {} } }, [5, 2, 29]],
    ["a list of values", { enum: texts(40) }, [7, 1, 264]],
    ["a deep value", { const: { a: [{ bc: "d" }, null, 1] } }, [3, 3, 12]],
    ["a pattern", { pattern: "^a{100}$" }, [6, 0, 15]],
    ["a pattern of names", { patternProperties: { "^a{100}$": {} } }, [7, 2, 25]],
    ["a reference", { $ref: "#/$defs/a", $defs: { a: { required: texts(100) } } }, [27, 4, 517]],
    [
      "the same reference twice",
      { anyOf: [{ $ref: "#/$defs/a" }, { $ref: "#/$defs/a" }], $defs: { a: { minimum: 1 } } },
      [11, 2, 44],
    ],
    [
      "a reference to a list's item",
      { $ref: "#/anyOf/1", anyOf: [{}, { required: texts(50) }] },
      [18, 4, 266],
    ],
    [
      "a reference with escapes",
      { $ref: "#/$defs/a~1b~0c", $defs: { "a/b~c": { required: texts(50) } } },
      [17, 4, 277],
    ],
    ["a reference to itself", { $ref: "#", minimum: 1 }, [6, 0, 12]],
    ["a reference elsewhere", { $ref: "other.json", minimum: 1 }, [6, 0, 21]],
    [
      "a reference that names its document",
      { $ref: "x#/$defs/a", $defs: { a: { required: texts(50) } } },
      [17, 4, 268],
    ],
  ])("to compile: %s", (_what, schema, cost) => {
    expect(costOf(schema)).toEqual(cost);
  });

  it.each<[string, object, unknown, number]>([
    ["nothing", {}, 1, 1],
    ["a type", { type: "number" }, 1, 2],
    ["a long text", { type: "string" }, "x".repeat(320), 12],
    ["a long list", { type: "array" }, Array(40).fill(1), 12],
    ["an object", { type: "object" }, Object.fromEntries(texts(40).map((key) => [key, 1])), 12],
    ["each item", { items: { type: "number" } }, Array(40).fill(1), 93],
    ["a pattern", { pattern: "^(abc)*$" }, "abc".repeat(100), 388],
    ["a format", { format: "date" }, "2026-11-28", 5],
    ["a format with a function", { format: "date-time" }, "2026-11-28T00:00:00Z", 7],
    ["a format by a pattern", { format: "uuid" }, "123e4567-e89b-12d3-a456-426614174000", 9],
    ["a format of numbers", { format: "int32" }, 7, 2],
    ["unique items", { uniqueItems: true }, texts(40), 58],
    ["unique objects", { uniqueItems: true }, texts(10).map((a) => ({ a, b: [1, 2] })), 66],
    ["items that need not be unique", { uniqueItems: false }, Array(40).fill(1), 12],
    ["a list of values", { enum: texts(40) }, "abc3", 43],
    ["a reference", { $ref: "#/$defs/a", $defs: { a: { type: "number" } } }, 1, 6],
    ["a recursion", { properties: { a: { $ref: "#" } } }, { a: { a: { a: {} } } }, 20],
  ])("to check: %s", (_what, schema, data, steps) => {
    expect(stepsOf(schema, data)).toBe(steps);
  });
});
