import { type Fields, fieldsOf } from "../../base/fields.js";
import { isObject } from "../dialects.js";
import { renameFields } from "../words.js";
import { markIn } from "./mark.js";

/** The words of an entry's command line. */
function lineOf(entry: unknown): unknown[] {
  if (!isObject(entry)) return [];
  const { command, args } = renameFields(entry).fields;
  return [command ?? [], args ?? []].flat();
}

const isText = (word: unknown): word is string => typeof word === "string";

/** What starts holdfast in a wrapped entry: the words before `serve`. Undefined: the entry is not wrapped. */
export function wrappedBy(entry: unknown): { launcher: string[]; shared: boolean } | undefined {
  const words = lineOf(entry).map(String);
  const mark = markIn(words);
  if (!mark) return undefined;
  const before = words.slice(0, mark.length);
  return { launcher: before.slice(0, before.indexOf("serve")), shared: before.includes("--shared") };
}

/** An entry as it is when it is not wrapped: the command that is started in the end. */
export function unwrappedEntry(entry: unknown): unknown {
  const words = lineOf(entry);
  const mark = words.every(isText) ? markIn(words) : undefined;
  if (!mark || !isObject(entry)) return entry;
  const [command, ...args] = words.slice(mark.length);
  const { named } = renameFields(entry);
  const others = Object.entries(entry).filter(([key]) => key !== named["command"] && key !== named["args"]);
  const rest: Fields = Object.fromEntries(others);
  return { ...rest, command, args };
}

/** The names of the variables that a host gives to the server of an entry. */
export function variablesOf(entry: unknown): string[] {
  const { env, passedEnv } = renameFields(fieldsOf(entry)).fields;
  const names = (list: unknown) =>
    Array.isArray(list)
      ? list.map((each) => String(isObject(each) ? each["name"] : each).replace(/=.*$/s, ""))
      : Object.keys(fieldsOf(list));
  return [...new Set([...names(env), ...names(passedEnv)])].filter((name) => /^\w+$/.test(name));
}
