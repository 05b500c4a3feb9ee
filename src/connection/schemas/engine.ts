import type { JsonSchemaType } from "@modelcontextprotocol/client";
import { fieldsOf, isObject } from "../../base/fields.js";
import { type SchemaEngine, schemaEngine } from "../../session/sdk-internals.js";
import type { Steps } from "./limits.js";
import type { Patterns } from "./patterns.js";
import { STEPS } from "./plan.js";

/** So many characters of a text cost a step where it is held against a format. */
const CHARACTERS_PER_STEP = 8;
/** So many faults that were found cost a step each time that a schema is applied: they are copied. */
const FAULTS_PER_STEP = 8;
/** From so many properties on, what is required is checked in a loop. The code for each of them costs more to compile. */
const LOOP_FROM = 8;

/** The SDK's engine for the dialect of a schema, bound to count its steps and to match on `patterns`. */
export function boundEngine(schema: JsonSchemaType, patterns: Patterns, steps: Steps): SchemaEngine {
  const engine = schemaEngine(schema);
  const regExp = (source: string) => patterns.get(source);
  engine.opts.code.regExp = Object.assign(regExp, { code: "pattern" });
  // It would print what it cannot compile, all of it.
  engine.logger = { log() {}, warn() {}, error() {} };
  engine.opts.code.optimize = 0;
  engine.opts.loopRequired = LOOP_FROM;
  // What is behind a reference is compiled once, and not at each place that refers to it.
  engine.opts.inlineRefs = false;
  // The schemas of JSON Schema itself count no steps, so nothing may refer to them.
  for (const known of [...Object.keys(engine.schemas), ...Object.keys(engine.refs)])
    engine.removeSchema(known);
  for (const [name, format] of Object.entries(engine.formats)) {
    const check = textCheckOf(format);
    if (check)
      engine.addFormat(name, (text: string) => {
        steps.spendText(text, 1 / CHARACTERS_PER_STEP);
        return check(text);
      });
  }
  engine.removeKeyword("uniqueItems");
  engine.addKeyword({
    keyword: "uniqueItems",
    type: "array",
    schemaType: "boolean",
    errors: false,
    validate: (wanted: boolean, items: unknown[]) => !wanted || areUnique(items, steps),
  });
  engine.addKeyword({
    keyword: STEPS,
    schemaType: "number",
    code: ({ gen, schema: weight, data }) => {
      const spend = gen.scopeValue("keyword", {
        ref: (data: unknown, faults: unknown[] | null) =>
          steps.spend(weight + sizeOf(data) + (faults?.length ?? 0) / FAULTS_PER_STEP),
      });
      // Its types want its own templates, which nothing exports; a text is taken as well.
      Reflect.apply(gen.code, gen, [`${spend}(${data}, vErrors)`]);
    },
  });
  countFirst(engine);
  return engine;
}

/** The steps of a schema are counted before it refers to another one, which may refer back. */
function countFirst(engine: SchemaEngine): void {
  const rules = engine.RULES.rules.find(({ type }) => type === undefined)?.rules;
  const at = rules?.findIndex(({ keyword }) => keyword === STEPS) ?? -1;
  if (rules && at >= 0) rules.unshift(...rules.splice(at, 1));
}

/** A format of texts as a function. Those of numbers cost nothing. */
function textCheckOf(format: unknown): ((text: string) => boolean) | undefined {
  if (format instanceof RegExp) return (text) => format.test(text);
  if (typeof format === "function") return (text) => format(text) === true;
  const { type, validate } = fieldsOf(format);
  return type === "number" ? undefined : validate === undefined ? undefined : textCheckOf(validate);
}

/** What one application of a schema to a value may have to look at, itself aside. */
function sizeOf(data: unknown): number {
  if (typeof data === "string") return data.length / 32;
  if (Array.isArray(data)) return data.length / 4;
  return isObject(data) ? Object.keys(data).length / 4 : 0;
}

/** In one pass, where the engine's own compares each item with each. */
function areUnique(items: unknown[], steps: Steps): boolean {
  const canonical = (_key: string, value: unknown): unknown => {
    steps.spend(1 + sizeOf(value));
    if (!isObject(value) || Array.isArray(value)) return value;
    return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
  };
  return new Set(items.map((item) => JSON.stringify(item, canonical))).size === items.length;
}
