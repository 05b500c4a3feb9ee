import { isDeepStrictEqual } from "node:util";
import { HoldfastError } from "../base/errors.js";
import { fieldsOf } from "../base/fields.js";
import { type LockedServers, lockedItem, readLock } from "../config/lock.js";
import { stampOf } from "../config/replace-file.js";
import type { PinMode } from "../config/server.js";
import type { ListKind } from "../contract/status.js";

/** Why each definition that drifted did, by its name or URI at the server. */
export type Drift = ReadonlyMap<string, string>;

/** How many drifted definitions one warning names. */
const NAMED = 10;

/** What servers offer, compared with what was locked. */
export class Pin {
  #lock: LockedServers | undefined;
  #stamp: string | undefined;

  /** @throws HoldfastError `CONFIG_INVALID` for a wrong lock, and for none where that would block everything */
  constructor(
    private readonly mode: Exclude<PinMode, "off">,
    private readonly path: string,
  ) {
    if (this.#read() || mode === "warn") return;
    const message = `pin is "block", and there is no ${path}: write it with holdfast lock, and review it`;
    throw new HoldfastError("CONFIG_INVALID", message, { path: "pin" });
  }

  /** Whether what drifted is neither listed nor callable. */
  get blocks(): boolean {
    return this.mode === "block";
  }

  /** What of one list is not as it was locked. `report` is told of it. */
  driftOf(server: string, kind: ListKind, items: readonly object[], report: (why: string) => void): Drift {
    const lock = this.#read();
    if (!lock) {
      report(`there is no ${this.path}, so nothing is compared; write it with holdfast lock`);
      return new Map(this.blocks ? items.map((item) => [lockedItem(kind, item)[0], "not locked"]) : []);
    }
    const locked = ownField(ownField(lock, server), kind);
    const drift = new Map<string, string>();
    for (const item of items) {
      const [key, now] = lockedItem(kind, item);
      const why = differs(ownField(locked, key), now);
      if (why) drift.set(key, why);
    }
    if (drift.size > 0) report(this.#told(kind, drift));
    return drift;
  }

  /** Why something that is shown as `shown` cannot be used, and what to do. */
  refusal(shown: string, why: string): string {
    return `${JSON.stringify(shown)} is blocked, because it is not as in ${this.path} (${why}): ${ADVICE}`;
  }

  #told(kind: ListKind, drift: Drift): string {
    const all = [...drift].map(([key, why]) => `${JSON.stringify(key)} (${why})`);
    const more = all.length > NAMED ? ` and ${all.length - NAMED} others` : "";
    const blocked = this.blocks ? ", and blocked" : "";
    return `${kind} that are not as in ${this.path}${blocked}: ${all.slice(0, NAMED).join(", ")}${more}; ${ADVICE}`;
  }

  /** The lock as it is now: a person may have reviewed and written it meanwhile. */
  #read(): LockedServers | undefined {
    const stamp = stampOf(this.path);
    if (stamp === undefined || stamp !== this.#stamp) this.#lock = readLock(this.path);
    this.#stamp = stamp;
    return this.#lock;
  }
}

const ADVICE = "run holdfast lock, and review what it changes";

const ownField = (of: unknown, key: string): unknown =>
  Object.hasOwn(fieldsOf(of), key) ? fieldsOf(of)[key] : undefined;

function differs(locked: unknown, now: unknown): string | undefined {
  if (locked === undefined) return "not locked";
  // What is read from a file has no undefined fields.
  const plain: unknown = JSON.parse(JSON.stringify(now));
  if (isDeepStrictEqual(locked, plain)) return undefined;
  const [from, to] = [fieldsOf(locked), fieldsOf(plain)];
  const fields = [...new Set([...Object.keys(from), ...Object.keys(to)])].sort();
  return `${fields.filter((field) => !isDeepStrictEqual(from[field], to[field])).join(", ")} changed`;
}
