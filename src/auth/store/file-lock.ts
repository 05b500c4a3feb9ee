import { randomBytes } from "node:crypto";
import { access, mkdir, open, rm, utimes } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { HoldfastError } from "../../base/errors.js";
import { KeyedLock } from "../../base/keyed-lock.js";
import { pause } from "../../base/wait.js";
import { systemClock } from "../../machines/clock.js";
import { cannotBe } from "./directory.js";
import { thisHolder } from "./lock-holder.js";
import { claimPath, LockRivals } from "./lock-rivals.js";

/** How often a holder shows that it lives. */
const REFRESH_MS = 1_000;
const POLL_MIN_MS = 5;
const POLL_MAX_MS = 50;

/** A lock that is held. */
export interface Hold {
  /** Rejects (`CONFIG_INVALID`) where others took the lock over, as this process stood still for 15 s. */
  check(): Promise<void>;
}

const locks = new KeyedLock();

/**
 * Runs `work` while nobody else runs one for this path, in this process or another, and gives its result. The path
 * itself is not touched; its directory is made (0700) where it is missing. What a dead holder left is passed over at
 * once where its pid tells, else when it was not refreshed for 15 s. Not to be called for a path by its own `work`.
 *
 * A claim is an empty file beside the path that is named after its holder and used once. Whoever wants the lock makes
 * its claim, then looks: it has the lock where its claim is the only one of the living, else it withdraws and tries
 * again. Of two, the one whose claim came later sees the earlier one, so both never have it. There is no file that two
 * could take over, so no race about that, and none that could be half written.
 * @throws HoldfastError `CONFIG_INVALID`: the directory cannot be written
 * @throws the signal's reason, while it waits
 */
export function withFileLock<T>(
  path: string,
  work: (hold: Hold) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  const file = resolve(path);
  const turn = async () => {
    const claim = await takeLock(file, signal);
    const timer = setInterval(() => void refresh(claim), REFRESH_MS).unref();
    try {
      signal?.throwIfAborted();
      return await work({ check: () => checkClaim(claim, file) });
    } finally {
      clearInterval(timer);
      await withdraw(claim);
    }
  };
  return locks.run(file, turn, signal);
}

/** Gives the claim that holds the lock. */
async function takeLock(path: string, signal?: AbortSignal): Promise<string> {
  const rivals = new LockRivals(path);
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    for (;;) {
      // Nobody claims while another holds the lock, or all who wait would be in each other's way.
      const claim = (await rivals.look()).rivals ? undefined : await tryLock(path, rivals);
      if (claim !== undefined) return claim;
      // Ends early where the signal fires, which is looked at next.
      await pause(systemClock, POLL_MIN_MS + Math.random() * (POLL_MAX_MS - POLL_MIN_MS), signal).catch(
        () => {},
      );
      if (signal?.aborted) break;
    }
  } catch (cause) {
    throw cannotBe("written", dirname(path), cause);
  }
  throw signal.reason;
}

async function tryLock(path: string, rivals: LockRivals): Promise<string | undefined> {
  const claim = claimPath(path, thisHolder(), randomBytes(8).toString("hex"));
  await (await open(claim, "wx", 0o600)).close();
  try {
    const found = await rivals.look(claim);
    // Ours is gone where this process stood still since it made it: others took it for dead, and may hold the lock.
    if (found.ours && !found.rivals) return claim;
  } catch (error) {
    await withdraw(claim);
    throw error;
  }
  await withdraw(claim);
  return undefined;
}

/** What cannot be removed gets stale. */
const withdraw = (claim: string) => rm(claim, { force: true }).catch(() => {});

/** Fails where it was taken over, which `check` tells. */
const refresh = (claim: string) => utimes(claim, new Date(), new Date()).catch(() => {});

async function checkClaim(claim: string, path: string): Promise<void> {
  try {
    await access(claim);
  } catch (cause) {
    throw new HoldfastError("CONFIG_INVALID", `the lock of ${path} was lost: this program stood still`, {
      path: "store",
      cause,
    });
  }
}
