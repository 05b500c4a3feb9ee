import { statSync } from "node:fs";
import { extname, resolve } from "node:path";
import { HoldfastError } from "./errors.js";
import type { SharedOptions } from "./options.js";

/** Says which option is wrong, before anything is started. */
export function invalid(path: string, message: string): HoldfastError<"CONFIG_INVALID"> {
  return new HoldfastError("CONFIG_INVALID", `option ${JSON.stringify(path)}: ${message}`, { path });
}

const DURATIONS = ["connectTimeoutMs", "closeTimeoutMs", "idleTimeoutMs"] as const;
const RECONNECT = ["baseMs", "capMs", "maxAttempts", "maxElapsedMs", "stableAfterMs"] as const;

/** The options that every transport takes. */
export function checkShared(options: SharedOptions): void {
  for (const key of DURATIONS) checkPositive(key, options[key]);
  if (options.reconnect)
    for (const key of RECONNECT) checkPositive(`reconnect.${key}`, options.reconnect[key]);
  const { callTimeoutMs } = options;
  if (callTimeoutMs !== undefined && !(callTimeoutMs >= 0))
    throw invalid("callTimeoutMs", `expected a number, 0 or above, got ${show(callTimeoutMs)}`);
  checkBoolean("keepAlive", options.keepAlive);
  const { heartbeat } = options;
  if (heartbeat !== undefined && heartbeat !== false && (typeof heartbeat !== "object" || heartbeat === null))
    throw invalid("heartbeat", "expected { intervalMs }, or false");
  if (heartbeat) checkPositive("heartbeat.intervalMs", heartbeat.intervalMs);
  checkFunction("inspect", options.inspect);
  checkBoolean("trustAnnotations", options.trustAnnotations);
  checkPositive("maxQueued", options.maxQueued);
  checkOneOf("era", options.era, ["auto", "legacy", "modern"]);
  checkOneOf("replay", options.replay, ["safe", "always", "never"]);
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

/** A script that exists and has one of the endings; its absolute path, made before any `cwd` applies. */
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

/** Undefined stays undefined: the program's own directory. */
export function checkDirectory(path: string, value: unknown): string | undefined {
  if (value === undefined) return undefined;
  checkString(path, value);
  if (!statSync(value, { throwIfNoEntry: false })?.isDirectory())
    throw invalid(path, `${show(value)} is not a directory`);
  return resolve(value);
}

/** A record of strings. Values are never shown: they may be secrets. */
export function checkStringMap(path: string, value: unknown): void {
  if (value === undefined) return;
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw invalid(path, `expected an object, got ${typeof value}`);
  for (const [key, item] of Object.entries(value)) {
    if (typeof item !== "string") throw invalid(`${path}.${key}`, `expected a string, got ${typeof item}`);
  }
}

/** An option that this kind of transport does not have is a mistake, not a thing to ignore. */
export function checkKnown(kind: string, options: object, known: readonly string[]): void {
  for (const key of Object.keys(options)) {
    if (known.includes(key) || SHARED.includes(key) || options[key as never] === undefined) continue;
    throw invalid(key, `a ${kind} transport has no such option`);
  }
}

const SHARED = [
  "name",
  "reconnect",
  "connectTimeoutMs",
  "closeTimeoutMs",
  "idleTimeoutMs",
  "keepAlive",
  "era",
  "replay",
  "callTimeoutMs",
  "heartbeat",
  "trustAnnotations",
  "maxQueued",
  "inspect",
  "logger",
];

function show(value: unknown): string {
  return JSON.stringify(value) ?? String(value);
}
