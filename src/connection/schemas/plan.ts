import type { JsonSchemaType } from "@modelcontextprotocol/client";
import { messageOf } from "../../base/errors.js";
import { type Fields, fieldsOf, isObject } from "../../base/fields.js";
import { OverLimit, type SchemaLimits, Unsupported } from "./limits.js";
import type { Patterns } from "./patterns.js";

/** The keyword that counts what a schema costs where it is applied. Its value: the steps of one time. */
export const STEPS = "holdfast:steps";

/** Say nothing of what is valid; a `$ref` into them is refused, since what stands there is no schema. */
const NOTES = new Set([
  "title",
  "description",
  "default",
  "examples",
  "$comment",
  "deprecated",
  "readOnly",
  "writeOnly",
]);
/** Hold values, and not schemas. */
const VALUES = new Set(["enum", "const"]);
/** Hold schemas by names of the server's choice, which are no keywords. */
const MAPS = new Set([
  "properties",
  "patternProperties",
  "$defs",
  "definitions",
  "dependentSchemas",
  "dependencies",
]);
/** With these, a schema that lets more through may refuse more. */
const TURNING = new Set(["not", "oneOf", "if", "contains", "patternProperties"]);
/** Make the engine keep a part under a name. */
const NAMES = new Set(["$id", "id", "$anchor", "$dynamicAnchor", "$recursiveAnchor"]);
/** What a value counts, in keywords: hardly anything is compiled for it. */
const VALUE = 0.1;
/** So many instructions of a pattern's program cost as much as a keyword to compile. */
const INSTRUCTIONS = 50;
const REFS = new Set(["$ref", "$dynamicRef", "$recursiveRef"]);

/** A schema as it is compiled. */
export interface Plan {
  /** A copy that counts its steps, without notes and without the patterns that nobody can check. */
  readonly schema: JsonSchemaType;
  /** It gives itself or a part of it a name, which the engine would keep. */
  readonly named: boolean;
  /** Why a part of it is not checked. */
  readonly skipped: string | undefined;
}

/**
 * Looks through a schema before anything is compiled.
 * @throws OverLimit, Unsupported where it is not to be checked
 */
export function planOf(schema: JsonSchemaType, limits: SchemaLimits, patterns: Patterns): Plan {
  return new Planner(limits, patterns).plan(schema);
}

class Planner {
  #keywords = 0;
  #characters = 0;
  #named = false;
  #turning = false;
  #skipped: string | undefined;
  readonly #refs = new Set<string>();
  /** How many keywords stand at a place of the schema and below. */
  readonly #sizes = new Map<string, number>();

  constructor(
    private readonly limits: SchemaLimits,
    private readonly patterns: Patterns,
  ) {}

  plan(schema: JsonSchemaType): Plan {
    const copy = this.#part(schema, "", 0) as JsonSchemaType;
    // The engine compiles what stands behind a reference once more, as often as the reference is spelled in another way.
    for (const ref of this.#refs) this.#count(this.#sizes.get(pointerOf(ref)) ?? this.#keywords);
    if (this.#skipped !== undefined && this.#turning) throw new Unsupported(this.#skipped);
    return { schema: copy, named: this.#named, skipped: this.#skipped };
  }

  #part(part: unknown, place: string, depth: number): unknown {
    this.#deep(depth);
    if (Array.isArray(part)) return part.map((item, i) => this.#part(item, `${place}/${i}`, depth + 1));
    if (isObject(part)) return this.#schema(part, place, depth);
    this.#count(typeof part === "string" ? VALUE : 1);
    if (typeof part === "string") this.#text(part);
    return part;
  }

  #schema(schema: Fields, place: string, depth: number): Fields {
    const before = this.#keywords;
    this.#count(1);
    let weight = 1;
    const copy: [string, unknown][] = [];
    for (const [keyword, value] of Object.entries(schema)) {
      if (NOTES.has(keyword)) continue;
      this.#text(keyword);
      this.#count(1);
      const start = this.#keywords;
      const kept = this.#keyword(keyword, value, `${place}/${keyword}`, depth);
      // A value is compared with everything that is listed, as deep as it goes.
      weight += VALUES.has(keyword)
        ? (this.#keywords - start) / VALUE
        : 1 + Object.keys(fieldsOf(value)).length;
      if (kept !== undefined) copy.push([keyword, kept]);
    }
    this.#sizes.set(place, this.#keywords - before);
    return { ...Object.fromEntries(copy), [STEPS]: Math.ceil(weight) };
  }

  #keyword(keyword: string, value: unknown, place: string, depth: number): unknown {
    if (TURNING.has(keyword)) this.#turning = true;
    if (NAMES.has(keyword)) this.#named = true;
    if (VALUES.has(keyword)) {
      this.#value(value, depth);
      return value;
    }
    if (typeof value === "string") {
      this.#text(value);
      if (REFS.has(keyword)) this.#ref(value);
      return keyword === "pattern" ? this.#pattern(value) : value;
    }
    if (!isObject(value)) return value;
    if (Array.isArray(value) || !MAPS.has(keyword)) return this.#part(value, place, depth + 1);
    return this.#map(keyword, value, place, depth + 1);
  }

  #map(keyword: string, map: Fields, place: string, depth: number): Fields {
    return Object.fromEntries(
      Object.entries(map).map(([name, item]) => {
        this.#text(name);
        if (keyword === "patternProperties") this.#compiled(name);
        return [name, this.#part(item, `${place}/${escaped(name)}`, depth + 1)];
      }),
    );
  }

  #pattern(source: string): string | undefined {
    try {
      this.#compiled(source);
      return source;
    } catch (error) {
      if (!(error instanceof Unsupported)) throw error;
      this.#skipped = messageOf(error);
      return undefined;
    }
  }

  #compiled(source: string): void {
    this.#count(1 + this.patterns.get(source).size / INSTRUCTIONS);
  }

  #ref(ref: string): void {
    this.#refs.add(ref);
    if (/\/(enum|const)(\/|$)/.test(pointerOf(ref))) throw new Unsupported("a $ref points at a value");
  }

  /** What `enum` and `const` hold. */
  #value(value: unknown, depth: number): void {
    this.#deep(depth);
    this.#count(VALUE);
    if (typeof value === "string") this.#text(value);
    else if (typeof value === "object" && value !== null)
      for (const [name, item] of Object.entries(value)) {
        this.#text(name);
        this.#value(item, depth + 1);
      }
  }

  #deep(depth: number): void {
    if (depth > this.limits.depth) throw new OverLimit(`it is more than ${this.limits.depth} levels deep`);
  }

  #count(keywords: number): void {
    this.#keywords += keywords;
    const { keywords: most } = this.limits;
    if (this.#keywords > most) throw new OverLimit(`it has more than ${most.toLocaleString("en")} keywords`);
  }

  #text(text: string): void {
    this.#characters += text.length;
    const { characters: most } = this.limits;
    if (this.#characters > most)
      throw new OverLimit(`it is longer than ${most.toLocaleString("en")} characters`);
  }
}

const escaped = (name: string): string => name.replaceAll("~", "~0").replaceAll("/", "~1");

/** The place at which a reference points, without the document's name. */
function pointerOf(ref: string): string {
  const fragment = ref.slice(ref.indexOf("#") + 1);
  try {
    return decodeURIComponent(fragment);
  } catch {
    throw new Unsupported("a $ref is not well formed");
  }
}
