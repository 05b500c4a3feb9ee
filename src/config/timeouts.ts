import type { Fields } from "../base/fields.js";
import { inWords } from "./words.js";

type Say = (path: string, why: string) => void;

const UNIT: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
const UNITS = /^(ms|millis|milliseconds?)$|^(s|secs?|seconds?)$|^(m|mins?|minutes?)$|^(h|hrs?|hours?)$/;
const KEY = /^(.*timeout)(?:in)?(ms|millis|milliseconds|secs?|seconds|mins?|minutes)?$/;
const CALL = ["timeout", "calltimeout", "requesttimeout", "tooltimeout", "toolcalltimeout", "networktimeout"];
const CONNECT = [
  "connecttimeout",
  "connectiontimeout",
  "startuptimeout",
  "starttimeout",
  "inittimeout",
  "initializationtimeout",
];

/** No deadline of a call is meant to be shorter: as milliseconds such a number would end each call. */
const SHORTEST_MS = 1000;
/** Clients that count in seconds take no more than an hour. */
const LONGEST_S = 3600;

/** The deadlines of an entry in milliseconds, whatever their client counts in: `timeout` and `connectTimeout`. */
export function readTimeouts(fields: Fields, inSeconds: "all" | "small" | undefined, warn: Say): Fields {
  const rest = { ...fields };
  const times: Fields = {};
  for (const [key, value] of Object.entries(fields)) {
    const [, name = "", suffix] = KEY.exec(inWords(key)) ?? [];
    const ours = CALL.includes(name) ? "timeout" : CONNECT.includes(name) ? "connectTimeout" : undefined;
    if (!ours) continue;
    delete rest[key];
    times[ours] ??= milliseconds(key, value, suffix, inSeconds, warn);
  }
  return { ...rest, ...times };
}

function milliseconds(
  key: string,
  value: unknown,
  suffix: string | undefined,
  inSeconds: "all" | "small" | undefined,
  warn: Say,
): unknown {
  const [, digits, word = ""] = /^\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*$/i.exec(String(value)) ?? [];
  const unit = unitOf(suffix ?? word.toLowerCase());
  const text = typeof value === "string" && digits !== undefined && (word === "" || unit !== undefined);
  // What is no number is refused by the schema.
  if (typeof value !== "number" && !text) return value;
  const number = typeof value === "number" ? value : Number(digits);
  if (unit !== undefined) return number * unit;
  if (inSeconds === "all" || (inSeconds === "small" && number <= LONGEST_S)) return number * 1000;
  if (number <= 0 || number >= SHORTEST_MS) return number;
  warn(key, `${number} is taken for seconds; for so few milliseconds write "${number}ms"`);
  return number * 1000;
}

function unitOf(word: string): number | undefined {
  const [, ms, s, m, h] = UNITS.exec(word) ?? [];
  return UNIT[ms ? "ms" : s ? "s" : m ? "m" : h ? "h" : ""];
}
