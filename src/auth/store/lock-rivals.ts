import { readdir, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { codeOf } from "../../base/errors.js";
import { isDead, type LockHolder } from "./lock-holder.js";

/** How long a claim lives that its holder does not refresh. */
const STALE_MS = 15_000;
/**
 * How many looks must find it unrefreshed besides, about three seconds: the holder's clock may differ from ours, and
 * after the machine slept a waiter may look before the holder could refresh. Looks, because a sleep does not add any.
 */
const STALE_LOOKS = 100;

const CLAIM = /^([0-9a-f]{12})-(\d+)-(\d+)-[0-9a-f]{16}$/;

/** Where this holder claims `path`: a name that nobody ever uses again, with all that is to be known of the holder. */
export function claimPath(path: string, { place, pid, start }: LockHolder, nonce: string): string {
  return `${path}.lock-${place}-${pid}-${start}-${nonce}`;
}

/** How often each claim was seen with the time that it has. */
type Seen = Map<string, { mtimeMs: number; looks: number }>;

/** The claims of others on one path, as one waiter has seen them. */
export class LockRivals {
  readonly #path: string;
  #seen: Seen = new Map();

  constructor(path: string) {
    this.#path = path;
  }

  /**
   * Whether others claim the path now, and whether our claim is there. Removes what dead holders left, which cannot
   * hit a claim that anybody made since, as names are used once. Throws as `readdir` does.
   */
  async look(ours?: string): Promise<{ rivals: boolean; ours: boolean }> {
    const prefix = `${basename(this.#path)}.lock-`;
    const claims = (await readdir(dirname(this.#path))).filter((name) => name.startsWith(prefix));
    const own = ours === undefined ? "" : basename(ours);
    let rivals = false;
    const seen: Seen = new Map();
    for (const name of claims) {
      const holder = holderOf(name.slice(prefix.length));
      if (name === own) continue;
      const path = join(dirname(this.#path), name);
      const left = (holder && isDead(holder)) || (await this.#isStale(path, seen));
      // What we may not remove does not hinder us either.
      if (left) await rm(path, { force: true }).catch(() => {});
      else rivals = true;
    }
    this.#seen = seen;
    return { rivals, ours: claims.includes(own) };
  }

  async #isStale(path: string, seen: Seen): Promise<boolean> {
    const mtimeMs = await mtimeOf(path);
    // It was withdrawn since we read the directory.
    if (mtimeMs === undefined) return true;
    const before = this.#seen.get(path);
    const looks = before?.mtimeMs === mtimeMs ? before.looks + 1 : 1;
    seen.set(path, { mtimeMs, looks });
    // A time in the future is as old: a clock was wrong.
    return Math.abs(Date.now() - mtimeMs) > STALE_MS && looks >= STALE_LOOKS;
  }
}

async function mtimeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).mtimeMs;
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

/** Undefined: another version of this program named it, so that only its time tells. */
function holderOf(claim: string): LockHolder | undefined {
  const [, place, pid, start] = CLAIM.exec(claim) ?? [];
  return place === undefined ? undefined : { place, pid: Number(pid), start: Number(start) };
}
