import { isObject } from "./excerpt.js";
import { type Check, clauseOf, type Issue, leavesOf, type Path, pathOf, valueAt } from "./issues.js";

/** Each round mends what the one before laid open; nothing of the protocol nests as deep. */
const MAX_ROUNDS = 8;

/** Fields that change what an answer means: a bad one is never left out. */
const MEANING = new Set<PropertyKey>(["isError", "nextCursor", "structuredContent", "resultType", "hasMore"]);

export interface Mended {
  value: unknown;
  /** What was left out, a clause each. */
  lost: string[];
}

/**
 * The value as it is meant, or the clause that says why there is no telling. `null` is "not set"; a list that is not set
 * is empty; what is too many is cut off; an optional field that cannot be used is left out, and said. The value itself is
 * never changed: a server in memory shares it.
 */
export function mend(given: unknown, check: Check): Mended | string {
  let value = given;
  const lost = new Map<string, string>();
  let first: string | undefined;
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const issues = leavesOf(check(value));
    if (issues.length === 0) return { value, lost: [...lost.values()] };
    first ??= clauseOf(issues[0]!, value);
    const before = value;
    // From the end, so that an item that goes moves none that is still to be looked at.
    for (const issue of issues.reverse()) value = repair(value, issue, lost);
    if (value === before) return first;
  }
  return first!;
}

function repair(value: unknown, issue: Issue, lost: Map<string, string>): unknown {
  const { path, code } = issue;
  if (code === "unrecognized_keys")
    return (issue.keys ?? []).reduce((all, key) => without(all, [...path, key]), value);
  const found = valueAt(value, path);
  if (found === null) return without(value, path);
  if (found === undefined && issue.expected === "array" && !lost.has(pathOf(path)))
    return withValue(value, path, []);
  if (code === "too_big" && Array.isArray(found) && issue.maximum !== undefined)
    return withValue(value, path, found.slice(0, issue.maximum));
  return leaveOut(value, issue, lost);
}

/** Leaves out the innermost field that the issue is about. The next round says whether it could be spared. */
function leaveOut(value: unknown, issue: Issue, lost: Map<string, string>): unknown {
  let path: Path = issue.path;
  while (path.length > 0 && valueAt(value, path) === undefined) path = path.slice(0, -1);
  const key = path.at(-1);
  if (key === undefined || typeof key === "number" || MEANING.has(key)) return value;
  lost.set(pathOf(path), clauseOf(issue, value));
  return without(value, path);
}

/** A copy in which nothing stands at the path. */
function without(value: unknown, path: Path): unknown {
  const [key, ...rest] = path;
  if (key === undefined || typeof value !== "object" || value === null || !Object.hasOwn(value, key))
    return value;
  if (rest.length > 0) return changed(value, key, (inner) => without(inner, rest));
  if (Array.isArray(value)) return value.filter((_, index) => index !== key);
  return Object.fromEntries(Object.entries(value).filter(([name]) => name !== key));
}

/** A copy with something else at the path. */
function withValue(value: unknown, path: Path, put: unknown): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return put;
  if (typeof value !== "object" || value === null) return value;
  return changed(value, key, (inner) => withValue(inner, rest, put));
}

function changed(value: object, key: PropertyKey, change: (inner: unknown) => unknown): unknown {
  const old: unknown = Reflect.get(value, key);
  const now = change(old);
  if (now === old) return value;
  if (Array.isArray(value)) return value.with(Number(key), now);
  return isObject(value) ? { ...value, [key]: now } : value;
}
