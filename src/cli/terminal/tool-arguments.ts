import type { Tool } from "@modelcontextprotocol/client";
import { fieldsOf, Validators } from "../../internal.js";
import type { Given } from "./arguments.js";
import { UsageError } from "./exit.js";
import { didYouMean, sentences } from "./nearest.js";
import { targetOf } from "./schema-types.js";
import { signatureOf } from "./signature.js";

type Schema = Record<string, unknown>;
/** References and alternatives that are followed to find the types of an argument. */
const MAX_DEPTH = 8;
/** Of a value that is refused, and of those that are accepted: so many characters, so many of them. */
const MAX_SHOWN = 100;
const MAX_VALUES = 20;

/**
 * The arguments of a tool call, typed and checked by the tool's schema before anything is sent.
 * @throws UsageError that names everything that is wrong, and the tool's signature
 */
export function toolArguments(tool: Tool, given: readonly Given[]): Record<string, unknown> {
  const { name, inputSchema } = tool;
  const properties = fieldsOf(inputSchema.properties);
  const schemaOf = (key: string) =>
    Object.hasOwn(properties, key) ? properties[key] : inputSchema["additionalProperties"];
  const problems: string[] = [];
  // A map, since "__proto__" is a name like any other.
  const values = new Map<string, unknown>();
  const typed = (text: string, schema: unknown, before?: unknown): unknown => {
    const types = typesOf(inputSchema, schema);
    if (types.has("array") && !/^\s*\[/.test(text))
      return [...(Array.isArray(before) ? before : []), typed(text, itemsOf(inputSchema, schema))];
    if (types.size === 0 || types.has("string")) return text;
    try {
      return JSON.parse(text);
    } catch {
      // The check of the schema says what was expected.
      return text;
    }
  };
  for (const one of given) {
    const { key } = one;
    const value = "text" in one ? typed(one.text, schemaOf(key), values.get(key)) : one.value;
    if (!isDeclared(inputSchema, key))
      problems.push(`there is no argument ${JSON.stringify(key)}${didYouMean(key, Object.keys(properties))}`);
    else values.set(key, value);
    if ("text" in one && isRounded(one.text, value))
      problems.push(
        `${key}: ${one.text} is more than a number can hold; to send the nearest one: ${key}:=${value}`,
      );
  }
  const args = Object.fromEntries(values);
  const missing = (inputSchema.required ?? []).filter((key) => !values.has(key));
  if (missing.length > 0)
    problems.push(`${missing.join(" and ")} ${missing.length > 1 ? "are" : "is"} missing`);
  if (problems.length === 0) problems.push(...refused(inputSchema, args));
  if (problems.length > 0) throw new UsageError(`${name}: ${sentences(problems)}\n  ${signatureOf(tool)}`);
  return args;
}

/** Whether a whole number became another one, such as an id of 64 bits. */
const isRounded = (text: string, value: unknown): boolean =>
  typeof value === "number" && /^-?\d+$/.test(text) && !Number.isSafeInteger(value);

/** Whether the tool takes such an argument. One that its schema does not name is a slip, unless it says that it takes others. */
function isDeclared(schema: Tool["inputSchema"], key: string): boolean {
  const { properties, additionalProperties, patternProperties, ...rest } = fieldsOf(schema);
  const isOpen = properties === undefined || ["anyOf", "oneOf", "allOf", "$ref"].some((word) => word in rest);
  const others = additionalProperties !== undefined && additionalProperties !== false;
  return Object.hasOwn(fieldsOf(properties), key) || others || patternProperties !== undefined || isOpen;
}

/** The types that an argument may have. None: any. */
function typesOf(root: unknown, schema: unknown, depth = 0): Set<unknown> {
  const { type, $ref, anyOf, oneOf, enum: values, const: only } = fieldsOf(schema);
  if (depth > MAX_DEPTH) return new Set();
  if (typeof $ref === "string") return typesOf(root, targetOf(root, $ref), depth + 1);
  const either = Array.isArray(anyOf) ? anyOf : Array.isArray(oneOf) ? oneOf : [];
  const literals = Array.isArray(values) ? values : only === undefined ? [] : [only];
  return new Set([
    ...[type ?? []].flat(),
    ...either.slice(0, 100).flatMap((each) => [...typesOf(root, each, depth + 1)]),
    ...(type === undefined ? literals.map((value) => typeof value) : []),
  ]);
}

const itemsOf = (root: unknown, schema: unknown): unknown => {
  const { $ref, anyOf, oneOf, items } = fieldsOf(schema);
  if (typeof $ref === "string") return fieldsOf(targetOf(root, $ref))["items"];
  const either = [anyOf ?? oneOf ?? []].flat().find((each) => fieldsOf(each)["items"] !== undefined);
  return items ?? fieldsOf(either)["items"];
};

/** What the schema has against the arguments, by the same bounded engine that checks answers. */
function refused(schema: Tool["inputSchema"], args: Schema): string[] {
  const { valid, errorMessage } = new Validators().getValidator(fieldsOf(schema))(args);
  if (valid) return [];
  // `data/a/b must be number, data/c must …`, in the engine's words.
  return (errorMessage ?? "").split(", data").map((fault) => {
    const [, path = "", why = fault] = /^(?:data)?((?:\/\S+)?) (.*)$/s.exec(fault) ?? [];
    const keys = path.split("/").slice(1);
    const value = keys.reduce<unknown>((at, key) => fieldsOf(at)[key], args);
    return `${keys.length > 0 ? `${keys.join(".")}: ` : ""}${explained(why, value, schema, keys)}`;
  });
}

/** A fault as a person would say it, with what was given. */
function explained(why: string, value: unknown, schema: Tool["inputSchema"], keys: string[]): string {
  const got = `got ${(JSON.stringify(value) ?? "nothing").slice(0, MAX_SHOWN)}`;
  const [, type] = /^must be (\w+(?:,\w+)*)$/.exec(why) ?? [];
  if (type !== undefined) return `expected ${type.replaceAll(",", " or ")}, ${got}`;
  const { enum: values } = fieldsOf(fieldsOf(schema.properties)[keys[0] ?? ""]);
  if (!/allowed values/.test(why) || !Array.isArray(values) || keys.length !== 1) return `${why}, ${got}`;
  const some = values.slice(0, MAX_VALUES).map((one) => JSON.stringify(one));
  return `expected one of ${some.join(", ")}, ${got}${didYouMean(String(value), values.map(String))}`;
}
