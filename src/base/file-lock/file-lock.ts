import { randomBytes } from "node:crypto";
import { access, mkdir, open, rm, utimes } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { systemClock } from "../../machines/clock.js";
import { HoldfastError, messageOf } from "../errors.js";
import { KeyedLock } from "../keyed-lock.js";
import { pause } from "../wait.js";
import { thisHolder } from "./lock-holder.js";
import { claimPath, LockRivals } from "./lock-rivals.js";

/** How often the holder of a lock refreshes its claim, to show that it is alive. */
const REFRESH_MS = 1_000;
const POLL_MIN_MS = 5;
const POLL_MAX_MS = 50;

export interface LockOptions {
  /** What the directory is called in an error: the credential store. */
  called: string;
  /** The option that an error names. */
  option: string;
  signal?: AbortSignal | undefined;
}

/** A lock while it is held. */
export interface Hold {
  /** Rejects with `CONFIG_INVALID` where another process took the lock over, because this one stood still for 15 s. */
  check(): Promise<void>;
}

const locks = new KeyedLock();

/**
 * Runs `work` under the lock of `path`, and returns its result. Only one process of all holds that lock, and in it only one
 * call. The path itself is not touched; a missing directory is made (0700). `work` must not ask for the same path again.
 *
 * A claim is an empty file beside the path, named after the process that made it and never used twice. A process that wants the
 * lock makes a claim and then looks at the others. It has the lock if no other living process has a claim. Otherwise it
 * withdraws its claim and tries again. Of two processes the one with the later claim sees the earlier claim, so they never both
 * hold the lock. The claim of a dead process is ignored: at once where its pid shows that it is dead, otherwise when it was not
 * refreshed for 15 s. No file is ever taken over or has content, so there is no race about taking over, and no half-written file.
 * @throws HoldfastError `CONFIG_INVALID` where the directory cannot be written
 * @throws the signal's reason where it fires before `work` begins
 */
export function withFileLock<T>(
  path: string,
  work: (hold: Hold) => Promise<T>,
  options: LockOptions,
): Promise<T> {
  const { signal } = options;
  const file = resolve(path);
  const turn = async () => {
    const claim = await takeLock(file, options);
    const timer = setInterval(() => void refresh(claim), REFRESH_MS).unref();
    try {
      signal?.throwIfAborted();
      return await work({ check: () => checkClaim(claim, file, options) });
    } finally {
      clearInterval(timer);
      await withdraw(claim);
    }
  };
  return locks.run(file, turn, signal);
}

/** Waits for the lock, and returns the claim that holds it. */
async function takeLock(path: string, { called, option, signal }: LockOptions): Promise<string> {
  const rivals = new LockRivals(path);
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    for (;;) {
      // While somebody holds the lock nobody makes a claim: the waiting processes would only block each other.
      const claim = (await rivals.look()).rivals ? undefined : await tryLock(path, rivals);
      if (claim !== undefined) return claim;
      // An aborted pause is no error here: the signal is checked next.
      await pause(systemClock, POLL_MIN_MS + Math.random() * (POLL_MAX_MS - POLL_MIN_MS), signal).catch(
        () => {},
      );
      if (signal?.aborted) break;
    }
  } catch (cause) {
    const message = `${called} ${dirname(path)} cannot be written: ${messageOf(cause)}`;
    throw new HoldfastError("CONFIG_INVALID", message, { path: option, cause });
  }
  throw signal.reason;
}

async function tryLock(path: string, rivals: LockRivals): Promise<string | undefined> {
  const claim = claimPath(path, thisHolder(), randomBytes(8).toString("hex"));
  await (await open(claim, "wx", 0o600)).close();
  try {
    const found = await rivals.look(claim);
    // Our own claim is gone if this process stood still so long that others took it for dead. One of them may hold the lock.
    if (found.ours && !found.rivals) return claim;
  } catch (error) {
    await withdraw(claim);
    throw error;
  }
  await withdraw(claim);
  return undefined;
}

/** Removes a claim. One that cannot be removed becomes stale by itself. */
const withdraw = (claim: string) => rm(claim, { force: true }).catch(() => {});

/** Shows that the holder is alive. A failure means that the claim was taken over, which `check` reports. */
const refresh = (claim: string) => utimes(claim, new Date(), new Date()).catch(() => {});

async function checkClaim(claim: string, path: string, { option }: LockOptions): Promise<void> {
  try {
    await access(claim);
  } catch (cause) {
    throw new HoldfastError("CONFIG_INVALID", `the lock of ${path} was lost: this program stood still`, {
      path: option,
      cause,
    });
  }
}
