import { statSync } from "node:fs";
import { extname, resolve } from "node:path";
import { HoldfastError } from "./errors.js";

/** The error for a wrong option. `path` names it, as in `reconnect.baseMs`. */
export function invalid(path: string, message: string): HoldfastError<"CONFIG_INVALID"> {
  return new HoldfastError("CONFIG_INVALID", `option ${JSON.stringify(path)}: ${message}`, { path });
}

export function checkPositive(path: string, value: unknown): void {
  if (value === undefined || (typeof value === "number" && value > 0)) return;
  throw invalid(path, `expected a number above 0, got ${show(value)}`);
}

export function checkOneOf(path: string, value: unknown, accepted: readonly unknown[]): void {
  if (value === undefined || accepted.includes(value)) return;
  throw invalid(path, `expected ${accepted.map(show).join(", ")}, got ${show(value)}`);
}

export function checkBoolean(path: string, value: unknown): void {
  checkOneOf(path, value, [true, false]);
}

export function checkFunction(path: string, value: unknown): void {
  if (value !== undefined && typeof value !== "function")
    throw invalid(path, `expected a function, got ${typeof value}`);
}

export function checkString(path: string, value: unknown): asserts value is string {
  if (typeof value !== "string" || value === "") throw invalid(path, `expected a string, got ${show(value)}`);
}

export function checkStrings(path: string, value: unknown): void {
  if (value === undefined) return;
  if (!Array.isArray(value)) throw invalid(path, `expected a list of strings, got ${typeof value}`);
  value.forEach((item, i) => {
    if (typeof item !== "string") throw invalid(`${path}[${i}]`, `expected a string, got ${typeof item}`);
  });
}

/** Checks that a script exists and has one of the endings. Returns its path, absolute in the program's own directory. */
export function checkScript(path: string, value: unknown, endings: readonly string[]): string {
  const script = checkFile(path, value);
  if (!endings.includes(extname(script)))
    throw invalid(path, `expected a file that ends in ${endings.join(" or ")}, got ${show(value)}`);
  return script;
}

export function checkFile(path: string, value: unknown): string {
  checkString(path, value);
  const file = resolve(value);
  if (!statSync(file, { throwIfNoEntry: false })?.isFile())
    throw invalid(path, `there is no file ${show(file)}`);
  return file;
}

/** Returns the absolute path. Undefined stays undefined, and means the program's own directory. */
export function checkDirectory(path: string, value: unknown): string | undefined {
  if (value === undefined) return undefined;
  checkString(path, value);
  if (!statSync(value, { throwIfNoEntry: false })?.isDirectory())
    throw invalid(path, `${show(value)} is not a directory`);
  return resolve(value);
}

/** Checks an object whose values are strings. The message shows no value, as it may be secret. */
export function checkStringMap(path: string, value: unknown): void {
  if (value === undefined) return;
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw invalid(path, `expected an object, got ${typeof value}`);
  for (const [key, item] of Object.entries(value)) {
    if (typeof item !== "string") throw invalid(`${path}.${key}`, `expected a string, got ${typeof item}`);
  }
}

/** A value as JSON, for messages. */
export function show(value: unknown): string {
  return JSON.stringify(value) ?? String(value);
}
