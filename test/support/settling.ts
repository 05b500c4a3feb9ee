import { vi } from "vitest";

/** Under fake timers too: what happens outside is waited for in real time. */
const { setTimeout: realTimeout } = globalThis;
/** Shorter than the deadline of a test, so that a wait that never ends says what it waited for. Decides nothing else. */
const HANGS_MS = 150_000;

/** Settles when `check` holds; looks again every 10 ms. */
export async function until(check: () => boolean | Promise<boolean>, ms = HANGS_MS): Promise<void> {
  const deadline = Date.now() + ms;
  while (!(await check())) {
    if (Date.now() > deadline) throw new Error(`not within ${ms} ms: ${check}`);
    await new Promise((resolve) => realTimeout(resolve, 10));
  }
}

/** Settles when `check` throws no more. */
export const eventually = (check: () => unknown) => vi.waitFor(check, { timeout: HANGS_MS });

/** Resolves with what a promise was rejected with. */
export async function rejection(work: Promise<unknown>): Promise<unknown> {
  try {
    await work;
  } catch (error) {
    return error;
  }
  throw new Error("it was not rejected");
}

/** Lets everything that is settled already be heard of. */
export const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

/** The same for what passes through the queues of several streams. */
export async function quiet(): Promise<void> {
  for (let i = 0; i < 4; i++) await settled();
}

/** Whether a promise has not settled yet. */
export async function isPending(work: Promise<unknown>): Promise<boolean> {
  let pending = true;
  const done = () => {
    pending = false;
  };
  work.then(done, done);
  await settled();
  return pending;
}
