import {
  checkBoolean,
  checkFunction,
  checkOneOf,
  checkPositive,
  checkString,
  invalid,
  show,
} from "../base/check.js";
import type { SharedOptions } from "./options.js";

/**
 * Checks the options that every transport takes.
 * @throws HoldfastError `CONFIG_INVALID` for the first wrong one
 */
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
  const { cache } = options;
  if (cache !== undefined && cache !== false && typeof cache?.store?.get !== "function")
    throw invalid("cache", "expected { store }, or false");
  checkSecrets(options.secrets);
  checkFunction("inspect", options.inspect);
  checkBoolean("trustAnnotations", options.trustAnnotations);
  checkPositive("maxQueued", options.maxQueued);
  checkPositive("maxServerRequests", options.maxServerRequests);
  checkPositive("maxUnaskedPerSecond", options.maxUnaskedPerSecond);
  checkPositive("maxReceivingBytes", options.maxReceivingBytes);
  checkPositive("maxUnsentAnswers", options.maxUnsentAnswers);
  checkSchemaLimits(options.schemaLimits);
  checkOneOf("era", options.era, ["auto", "legacy", "modern"]);
  if (options.record !== undefined) checkString("record", options.record);
  checkOneOf("replay", options.replay, ["safe", "always", "never"]);
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
  "cache",
  "maxQueued",
  "maxServerRequests",
  "maxUnaskedPerSecond",
  "maxReceivingBytes",
  "maxUnsentAnswers",
  "schemaLimits",
  "secrets",
  "record",
  "inspect",
  "logger",
];

/**
 * Checks that this kind of transport has all the options that are given: `known`, and those that every transport takes.
 * @throws HoldfastError `CONFIG_INVALID` for the first unknown one
 */
export function checkKnown(kind: string, options: object, known: readonly string[]): void {
  for (const [key, value] of Object.entries(options)) {
    if (known.includes(key) || SHARED.includes(key) || value === undefined) continue;
    throw invalid(key, `a ${kind} transport has no such option`);
  }
}

const SCHEMA_LIMITS = ["keywords", "depth", "characters", "steps", "textCharacters"];

function checkSchemaLimits(limits: unknown): void {
  if (limits === undefined) return;
  if (typeof limits !== "object" || limits === null || Array.isArray(limits))
    throw invalid("schemaLimits", `expected { ${SCHEMA_LIMITS.join(", ")} }`);
  for (const [key, limit] of Object.entries(limits)) {
    const path = `schemaLimits.${key}`;
    if (!SCHEMA_LIMITS.includes(key)) throw invalid(path, "there is no such limit");
    checkPositive(path, limit);
  }
}

/** The message repeats none of them. */
function checkSecrets(secrets: unknown): void {
  const isList = Array.isArray(secrets) && secrets.every((secret) => typeof secret === "string");
  if (secrets !== undefined && !isList) throw invalid("secrets", "expected an array of strings");
}

const DURATIONS = ["connectTimeoutMs", "closeTimeoutMs", "idleTimeoutMs"] as const;

const RECONNECT = ["baseMs", "capMs", "maxAttempts", "maxElapsedMs", "stableAfterMs"] as const;
