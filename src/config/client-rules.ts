import { HoldfastError } from "../base/errors.js";
import { fieldsOf } from "../base/fields.js";
import { isObject } from "./dialects.js";
import { lockPathOf } from "./lock.js";

/** A file of a client, and what it says beside its servers. */
export interface RulesFile {
  path: string;
  extra: Record<string, unknown>;
}

const KINDS = ["tools", "prompts", "resources"];
/** The strictest first. */
const PINS = ["block", "warn", "off"];

/**
 * What the files of a client say of all servers, the nearest file first: nothing that one of them shuts off is opened by another.
 * Not checked here.
 * @throws HoldfastError `CONFIG_INVALID` where two say what is allowed
 */
export function rulesOf(files: readonly RulesFile[]): Record<string, unknown> {
  const said = (key: string) => files.filter(({ extra }) => extra[key] !== undefined);
  const [allow, another] = said("allow");
  if (allow && another) {
    const message = `"allow" stands in ${allow.path} and in ${another.path}: keep it in one of them`;
    throw new HoldfastError("CONFIG_INVALID", message, { path: "allow" });
  }
  const denied = said("deny").map(({ extra }) => extra["deny"]);
  const pin = pinIn(files)?.extra["pin"];
  const lazy = said("lazy")[0]?.extra["lazy"];
  return {
    ...(allow && { allow: allow.extra["allow"] }),
    ...(denied.length > 0 && { deny: denied.reduce(both) }),
    ...(pin !== undefined && { pin }),
    ...(lazy !== undefined && { lazy }),
  };
}

/** The lock of the file that says how strictly definitions are compared. */
export function lockOfRules(files: readonly RulesFile[]): string | undefined {
  const file = pinIn(files);
  return file && lockPathOf(file.path);
}

/** What is no mode at all comes first, and is an error later. */
const pinIn = (files: readonly RulesFile[]): RulesFile | undefined =>
  files
    .filter(({ extra }) => extra["pin"] !== undefined)
    .sort((a, b) => PINS.indexOf(String(a.extra["pin"])) - PINS.indexOf(String(b.extra["pin"])))[0];

/** Everything that either list names; what has a wrong form stays, and is an error later. */
function both(one: unknown, other: unknown): unknown {
  if (!isList(one)) return one;
  if (!isList(other)) return other;
  return Object.fromEntries(KINDS.map((kind) => [kind, [...globsOf(one, kind), ...globsOf(other, kind)]]));
}

const isList = (value: unknown): boolean => Array.isArray(value) || isObject(value);

function globsOf(list: unknown, kind: string): unknown[] {
  const globs = Array.isArray(list) ? list : (fieldsOf(list)[kind] ?? []);
  return Array.isArray(globs) ? globs : [globs];
}
