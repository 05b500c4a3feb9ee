import { existsSync } from "node:fs";
import { fieldsOf } from "../base/fields.js";
import { visibleJson } from "../base/visible.js";
import type { ListKind } from "../contract/status.js";
import { isObject } from "./dialects.js";
import { invalidConfig } from "./invalid.js";
import { readText } from "./load.js";
import { fromText } from "./syntax.js";

/** What one server offered when it was locked: each definition as the server gave it, by its name or URI. */
export type LockedServer = Partial<Record<ListKind, Record<string, unknown>>>;

/** The servers of a lock by name. */
export type LockedServers = Record<string, LockedServer>;

export const LOCKED_KINDS: readonly ListKind[] = ["tools", "prompts", "resources", "resourceTemplates"];

/** Of the format. */
export const LOCK_VERSION = 1;

/** `mcp.json` is locked by `mcp.lock.json` beside it. */
export const lockPathOf = (config: string): string => `${config.replace(/\.(jsonc?|ya?ml)$/i, "")}.lock.json`;

/** A definition by what it is known by at its server, and without what changes with each change of a resource's content. */
export function lockedItem(kind: ListKind, item: object): [key: string, definition: unknown] {
  const { name, uri, uriTemplate } = fieldsOf(item);
  if (kind === "tools" || kind === "prompts") return [String(name), item];
  const { size: _, annotations, ...definition } = fieldsOf(item);
  const { lastModified: __, ...lasting } = fieldsOf(annotations);
  const kept = Object.keys(lasting).length > 0 ? { ...definition, annotations: lasting } : definition;
  return [String(kind === "resources" ? uri : uriTemplate), kept];
}

/** The text of a lock. It depends on no order, and shows what is invisible as escapes: a person reviews its differences. */
export function lockText(servers: LockedServers): string {
  return `${visibleJson(sorted({ holdfast: LOCK_VERSION, servers }))}\n`;
}

const sorted = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isObject(value)) return value;
  const keys = Object.keys(value).sort();
  return Object.fromEntries(keys.map((key) => [key, sorted(value[key])]));
};

/**
 * The servers of a lock; undefined where there is no such file.
 * @throws HoldfastError `CONFIG_INVALID` where it cannot be read, or is no lock of this version
 */
export function readLock(path: string): LockedServers | undefined {
  return existsSync(path) ? lockIn(readText(path), path) : undefined;
}

/** @throws HoldfastError `CONFIG_INVALID` where the text, which came from `path`, is no lock of this version */
export function lockIn(text: string, path: string): LockedServers {
  const lock = fieldsOf(fromText(text, path));
  const wrong = (message: string) =>
    invalidConfig([{ path: "", message: `${message}; write it anew with holdfast lock` }], path);
  if (lock["holdfast"] !== LOCK_VERSION) throw wrong(`expected a lock of version ${LOCK_VERSION}`);
  const { servers } = lock;
  if (!isObject(servers) || !Object.values(servers).every(isLocked)) throw wrong("a server has a wrong form");
  return servers as LockedServers;
}

const isLocked = (server: unknown): server is LockedServer =>
  isObject(server) && LOCKED_KINDS.every((kind) => server[kind] === undefined || isObject(server[kind]));

/** One definition that is new (`+`), gone (`-`) or another one (`~`). */
interface LockDifference {
  sign: "+" | "-" | "~";
  server: string;
  kind: ListKind;
  key: string;
}

export function lockDifferences(before: LockedServers, now: LockedServers): LockDifference[] {
  const names = Object.keys({ ...before, ...now }).sort();
  return names.flatMap((server) =>
    LOCKED_KINDS.flatMap((kind) => {
      const from = textsOf(before[server]?.[kind]);
      const to = textsOf(now[server]?.[kind]);
      const keys = [...new Set([...from.keys(), ...to.keys()])].sort();
      return keys.flatMap((key): LockDifference[] => {
        if (from.get(key) === to.get(key)) return [];
        const sign = !from.has(key) ? "+" : !to.has(key) ? "-" : "~";
        return [{ sign, server, kind, key }];
      });
    }),
  );
}

const textsOf = (definitions: Record<string, unknown> = {}): Map<string, string> =>
  new Map(Object.entries(definitions).map(([key, value]) => [key, JSON.stringify(sorted(value))]));
