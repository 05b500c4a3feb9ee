import { isObject } from "./dialects.js";
import { expand, fromHome, type Variables } from "./expand.js";
import { isSet } from "./words.js";

/** The fields in which variables are replaced. They reach the server; fields that are only shown are left as they are. */
const EXPANDED = ["command", "args", "env", "envFile", "cwd", "url", "headers", "auth", "oauth"];
/** Those in which `~` is the home folder. */
const PATHS = /^(command|args|cwd|envFile)\b/;
/** How deep these fields may be nested. No real server needs that much. */
const MAX_DEPTH = 20;

/** Replaces the variables in the fields of one server. A null in them is as good as absent. */
export function expandFields(
  fields: Record<string, unknown>,
  variables: Variables,
  problem: (path: string, why: string) => void,
): Record<string, unknown> {
  const walk = (value: unknown, path: string, within: readonly unknown[]): unknown => {
    if (typeof value === "string")
      return expand(PATHS.test(path) ? fromHome(value) : value, variables, (why) => problem(path, why));
    const isList = Array.isArray(value);
    if (!isList && (!isObject(value) || Object.getPrototypeOf(value) !== Object.prototype)) return value;
    if (within.includes(value) || within.length === MAX_DEPTH) {
      problem(path, within.includes(value) ? "contains itself" : `is nested deeper than ${MAX_DEPTH} levels`);
      return "";
    }
    const inside = [...within, value];
    if (isList) return value.flatMap((item, i) => (isSet(item) ? [walk(item, `${path}[${i}]`, inside)] : []));
    return Object.fromEntries(
      Object.entries(value)
        .filter(([, item]) => isSet(item))
        .map(([key, item]) => [key, walk(item, `${path}.${key}`, inside)]),
    );
  };
  return Object.fromEntries(
    Object.entries(fields).map(([key, value]) => [
      key,
      EXPANDED.includes(key) ? walk(value, key, []) : value,
    ]),
  );
}
