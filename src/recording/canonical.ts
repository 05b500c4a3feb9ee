import { isObject } from "../base/fields.js";

/** What the redactor leaves in the place of a secret. */
const REDACTED = "[redacted]";
const MAX_DEPTH = 100;

/** The parameters of a message as one text: without `_meta`, and whatever the order of their fields. */
export function canonical(params: unknown): string {
  if (!isObject(params)) return "{}";
  const { _meta: _, ...rest } = params;
  return JSON.stringify(sorted(rest, 0));
}

function sorted(value: unknown, depth: number): unknown {
  if (!isObject(value) || depth > MAX_DEPTH) return value;
  if (Array.isArray(value)) return value.map((item) => sorted(item, depth + 1));
  const fields = Object.keys(value).sort();
  return Object.fromEntries(fields.map((field) => [field, sorted(value[field], depth + 1)]));
}

/** What is inside one string of JSON. */
const IN_STRING = /^(?:[^"\\]|\\.)*$/;

/** Whether `asked` is what was recorded: any text may stand where a secret was taken out, to the end of its string. */
export function isSame(recorded: string, asked: string): boolean {
  if (recorded === asked) return true;
  const [first = "", ...rest] = recorded.split(REDACTED);
  const last = rest.pop();
  if (last === undefined || !asked.startsWith(first)) return false;
  let at = first.length;
  for (const part of rest) {
    const found = asked.indexOf(part, at);
    if (found < 0 || !IN_STRING.test(asked.slice(at, found))) return false;
    at = found + part.length;
  }
  const end = asked.length - last.length;
  return end >= at && asked.endsWith(last) && IN_STRING.test(asked.slice(at, end));
}
