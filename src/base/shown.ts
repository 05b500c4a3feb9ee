import { types } from "node:util";
import { fieldsOf } from "./fields.js";
import type { Secrets } from "./redact.js";
import { visible } from "./visible.js";

/** Nothing that people or logs read is nested so deep. */
const MAX_DEPTH = 100;

/** A text without secrets, and without what would steer a terminal. */
const shownText = (secrets: Secrets, text: string): string => visible(secrets.redact(text));

/**
 * What leaves a connection: a text, plain data, or an error with all that `console.log` prints of it: its message, its stack, its
 * fields and its causes. Data is copied where it holds something; an error stays the same object, whoever made it.
 */
export function shown<T>(secrets: Secrets, value: T): T {
  return walk(value, { secrets, seen: new Set(), text: (text) => shownText(secrets, text) }, 0) as T;
}

/** The same data without secrets: the same object where there are none. */
export const withoutSecrets = <T>(secrets: Secrets, value: T): T =>
  walk(value, { secrets, seen: new Set(), text: (text) => secrets.redact(text) }, 0) as T;

interface Walk {
  secrets: Secrets;
  seen: Set<object>;
  text(text: string): string;
}

function walk(value: unknown, how: Walk, depth: number): unknown {
  if (typeof value === "string") return how.text(value);
  if (typeof value !== "object" || value === null || how.seen.has(value)) return value;
  if (depth > MAX_DEPTH) return "[…]";
  if (types.isNativeError(value) || value instanceof Error) return errorOf(value, how, depth);
  const isArray = Array.isArray(value);
  if (!isArray && !isPlain(value)) return value;
  how.seen.add(value);
  const entries = Object.entries(value);
  const copies = entries.map(
    ([key, one]) => [isArray ? key : how.text(key), walk(one, how, depth + 1)] as const,
  );
  how.seen.delete(value);
  if (copies.every(([key, copy], i) => key === entries[i]![0] && copy === entries[i]![1])) return value;
  return isArray ? copies.map(([, copy]) => copy) : Object.fromEntries(copies);
}

function errorOf(error: Error, how: Walk, depth: number): Error {
  how.seen.add(error);
  const text = (one: string) => shownText(how.secrets, one);
  const message = text(error.message);
  if (message !== error.message) {
    const { stack } = error;
    set(error, "message", message);
    if (typeof stack === "string") set(error, "stack", text(stack));
  }
  // What a server sent with an error is data: it is read by programs, too.
  const data = { ...how, text: (text: string) => how.secrets.redact(text) };
  for (const key of new Set([...Object.keys(error), "cause", "errors"])) {
    // The whole answer is its caller's own.
    if (key === "message" || key === "stack" || key === "result" || !(key in error)) continue;
    const before = fieldsOf(error)[key];
    const after = walk(before, data, depth + 1);
    if (after !== before) set(error, key, after);
  }
  return error;
}

function set(error: Error, key: string, value: unknown): void {
  const { enumerable = false } = Object.getOwnPropertyDescriptor(error, key) ?? {};
  try {
    Object.defineProperty(error, key, { value, enumerable, writable: true, configurable: true });
  } catch {
    // Somebody froze it: it stays as its owner made it.
  }
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
