import type { Tool } from "@modelcontextprotocol/client";
import { fieldsOf, isObject, messageOf } from "../../internal.js";
import { UsageError } from "./exit.js";

/**
 * `key=value` arguments as an object of texts.
 * @throws UsageError for an argument without a key and `=`
 */
export function pairs(args: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    args.map((arg) => {
      const at = arg.indexOf("=");
      if (at <= 0) throw new UsageError(`expected key=value, got ${JSON.stringify(arg)}`);
      return [arg.slice(0, at), arg.slice(at + 1)];
    }),
  );
}

/**
 * The arguments of a tool call: the object of `--json`, with the `key=value` pairs put over it. Pairs get the types that the tool's
 * schema says.
 */
export function toolArguments(
  tool: Tool | undefined,
  args: readonly string[],
  json: string | undefined,
): Record<string, unknown> {
  const given = json === undefined ? {} : parseObject(json);
  const properties = fieldsOf(tool?.inputSchema.properties);
  for (const [key, text] of Object.entries(pairs(args)))
    given[key] = typed(key, text, fieldsOf(properties[key])["type"]);
  return given;
}

function typed(key: string, text: string, type: unknown): unknown {
  if (type === undefined || type === "string" || (Array.isArray(type) && type.includes("string")))
    return text;
  try {
    return JSON.parse(text);
  } catch {
    throw new UsageError(`${key}: expected ${String(type)}, got ${JSON.stringify(text)}`);
  }
}

function parseObject(json: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    throw new UsageError(`--json: ${messageOf(error)}`);
  }
  if (!isObject(value) || Array.isArray(value)) throw new UsageError("--json: expected an object");
  return value;
}
