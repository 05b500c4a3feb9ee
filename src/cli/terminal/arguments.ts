import { readFileSync } from "node:fs";
import { text as textOfStream } from "node:stream/consumers";
import { isObject, messageOf } from "../../internal.js";
import { UsageError } from "./exit.js";

/** What the help says of arguments. */
export const ARGUMENTS_HELP =
  "\nArguments: key=text, key=@file (its text), key:=JSON, key:=@file (its JSON), @file or - (all of them as JSON, from a file\n" +
  "or from stdin). What comes later wins. A list may be given one by one: tag=a tag=b.";

/** One argument as it was written: a text, whose type the schema says, or a value of JSON. */
export type Given = { key: string; text: string } | { key: string; value: unknown };

/**
 * Reads `key=value`, `key:=json`, `key=@file`, `key:=@file`, `@file` and `-` (JSON on stdin).
 * @throws UsageError for any other form, for a file that cannot be read, and for what is no JSON
 */
export async function readArguments(args: readonly string[], json?: string): Promise<Given[]> {
  const given = json === undefined ? [] : fieldsIn(json, "--args");
  for (const arg of args) given.push(...(await readArgument(arg)));
  return given;
}

async function readArgument(arg: string): Promise<Given[]> {
  if (arg === "-") return fieldsIn(await textOfStream(process.stdin), "stdin");
  if (arg.startsWith("@")) return fieldsIn(fileText(arg.slice(1), arg), arg);
  const [, key, sign, value = ""] = /^([^=]+?)(:?=)(.*)$/s.exec(arg) ?? [];
  if (key === undefined)
    throw new UsageError(`expected key=value, key:=json, @file or -, got ${JSON.stringify(arg)}`);
  const fromFile = value.startsWith("@");
  const hint = `; for the text itself: ${key}:='${JSON.stringify(value)}'`;
  const text = fromFile ? fileText(value.slice(1), key, hint) : value;
  return [sign === ":=" ? { key, value: parsed(text, key) } : { key, text }];
}

function fileText(path: string, what: string, hint = ""): string {
  try {
    // Editors of Windows begin a file with a mark that is none of its text.
    return readFileSync(path, "utf8").replace(/^\ufeff/, "");
  } catch (error) {
    throw new UsageError(`${what}: ${messageOf(error)}${hint}`);
  }
}

function parsed(json: string, what: string): unknown {
  try {
    return JSON.parse(json);
  } catch (error) {
    throw new UsageError(`${what}: ${messageOf(error)}`);
  }
}

function fieldsIn(json: string, what: string): Given[] {
  const fields = parsed(json, what);
  if (!isObject(fields) || Array.isArray(fields)) throw new UsageError(`${what}: expected an object`);
  return Object.entries(fields).map(([key, value]) => ({ key, value }));
}
