import { fieldsOf, isObject } from "../../internal.js";

/** What is written where a schema says nothing, or more than is shown. */
const ANY = "unknown";
const MAX_DEPTH = 12;
const NAMES = /^[A-Za-z_$][\w$]*$/;
/** A map, since a server may name any type: an object has a "constructor". */
const PLAIN: ReadonlyMap<string, string> = new Map([
  ["string", "string"],
  ["number", "number"],
  ["integer", "number"],
  ["boolean", "boolean"],
  ["null", "null"],
]);

/** How types are written. */
export interface TypeStyle {
  /** How many parts of a schema are written; the rest is `unknown`, since a server may send schemas without end. */
  parts: number;
  /** Written before each property of an object, such as its doc comment. Default: nothing. */
  comment?: (schema: Record<string, unknown>) => string;
}

/** JSON Schema as a type of TypeScript. What it cannot say, such as a pattern or a range, is left out. */
export class SchemaTypes {
  #left: number;

  constructor(
    private readonly root: unknown,
    private readonly style: TypeStyle,
  ) {
    this.#left = style.parts;
  }

  typeOf(schema: unknown, depth = 0): string {
    if (schema === false) return "never";
    if (!isObject(schema) || depth > MAX_DEPTH || this.#left-- <= 0) return ANY;
    const { $ref, const: only, enum: values, anyOf, oneOf, allOf, type } = fieldsOf(schema);
    if (typeof $ref === "string") return this.typeOf(targetOf(this.root, $ref), depth + 1);
    if (only !== undefined) return literal(only);
    if (Array.isArray(values)) return union(values.slice(0, this.#left).map(literal));
    const either = Array.isArray(anyOf) ? anyOf : oneOf;
    if (Array.isArray(either)) return union(either.map((each) => this.typeOf(each, depth + 1)));
    if (Array.isArray(allOf) && type === undefined)
      return allOf.map((each) => group(this.typeOf(each, depth + 1))).join(" & ") || ANY;
    if (Array.isArray(type)) return union(type.map((each) => this.#named(String(each), schema, depth)));
    return this.#named(typeof type === "string" ? type : "", schema, depth);
  }

  /** The properties of an object as `name: type`, with `?` where one is optional; first those that are required. */
  properties(schema: unknown, depth = 0): string[] {
    const { properties, required } = fieldsOf(schema);
    const must = new Set(Array.isArray(required) ? required : []);
    const isOptional = ([name]: [string, unknown]) => Number(!must.has(name));
    return Object.entries(fieldsOf(properties))
      .slice(0, this.#left)
      .sort((a, b) => isOptional(a) - isOptional(b))
      .map(([name, property]) => {
        const comment = this.style.comment?.(fieldsOf(property)) ?? "";
        return `${comment}${keyOf(name)}${must.has(name) ? "" : "?"}: ${this.typeOf(property, depth + 1)}`;
      });
  }

  #named(type: string, schema: object, depth: number): string {
    const { items, properties, additionalProperties } = fieldsOf(schema);
    if (type === "array" || (type === "" && items !== undefined))
      return `${group(this.typeOf(items, depth + 1))}[]`;
    if (type !== "object" && properties === undefined) return PLAIN.get(type) ?? ANY;
    const fields = this.properties(schema, depth);
    if (fields.length > 0) return `{ ${fields.join("; ")} }`;
    const values = isObject(additionalProperties) ? this.typeOf(additionalProperties, depth + 1) : ANY;
    return `Record<string, ${values}>`;
  }
}

export const keyOf = (name: string): string => (NAMES.test(name) ? name : JSON.stringify(name));

function literal(value: unknown): string {
  return value === null || ["string", "number", "boolean"].includes(typeof value)
    ? JSON.stringify(value)
    : ANY;
}

function union(types: readonly string[]): string {
  const all = [...new Set(types)];
  return all.length === 0 || all.includes(ANY) ? ANY : all.join(" | ");
}

const group = (type: string): string => (/ [|&] /.test(type) ? `(${type})` : type);

/** The part of a schema that a `$ref` into the same schema means. */
export function targetOf(root: unknown, ref: string): unknown {
  if (!ref.startsWith("#")) return undefined;
  let at: unknown = root;
  for (const word of ref.slice(1).split("/").filter(Boolean)) {
    const key = word.replace(/~1/g, "/").replace(/~0/g, "~");
    if (!isObject(at) || !Object.hasOwn(at, key)) return undefined;
    at = fieldsOf(at)[key];
  }
  return at;
}
