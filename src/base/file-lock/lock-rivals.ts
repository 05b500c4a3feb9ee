import { readdir, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { codeOf } from "../errors.js";
import { isDead, type LockHolder } from "./lock-holder.js";

/** A claim that was not refreshed for this long is stale. */
const STALE_MS = 15_000;
/**
 * It must also be unchanged in this many looks, which take about three seconds. The holder's clock may differ from ours, and
 * after the machine slept we may look before the holder could refresh. Looks are counted because sleeping adds none.
 */
const STALE_LOOKS = 100;

const CLAIM = /^([0-9a-f]{12})-(\d+)-(\d+)-[0-9a-f]{16}$/;

/** The file name of a claim on `path`. It says all about its holder, and the nonce makes it unique for ever. */
export function claimPath(path: string, { place, pid, start }: LockHolder, nonce: string): string {
  return `${path}.lock-${place}-${pid}-${start}-${nonce}`;
}

/** For each claim the time that it has, and in how many looks in a row it had that time. */
type Seen = Map<string, { mtimeMs: number; looks: number }>;

/** The claims of other processes on one path, as one waiting process has seen them. */
export class LockRivals {
  readonly #path: string;
  #seen: Seen = new Map();

  constructor(path: string) {
    this.#path = path;
  }

  /**
   * Looks whether others have a claim, and whether our own is still there. Removes the claims of dead processes. That cannot hit
   * a newer claim, because no name is used twice.
   * @throws what `readdir` throws
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
      // A dead claim does not count, even if we are not allowed to remove it.
      if (left) await rm(path, { force: true }).catch(() => {});
      else rivals = true;
    }
    this.#seen = seen;
    return { rivals, ours: claims.includes(own) };
  }

  async #isStale(path: string, seen: Seen): Promise<boolean> {
    const mtimeMs = await mtimeOf(path);
    // Withdrawn after we read the directory.
    if (mtimeMs === undefined) return true;
    const before = this.#seen.get(path);
    const looks = before?.mtimeMs === mtimeMs ? before.looks + 1 : 1;
    seen.set(path, { mtimeMs, looks });
    // A time far in the future counts as old, too: a clock was wrong.
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

/** The holder that a claim's name says. Undefined: another version of holdfast named it, so only its time can be judged. */
function holderOf(claim: string): LockHolder | undefined {
  const [, place, pid, start] = CLAIM.exec(claim) ?? [];
  return place === undefined ? undefined : { place, pid: Number(pid), start: Number(start) };
}
