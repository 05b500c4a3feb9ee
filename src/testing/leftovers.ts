import { AsyncLocalStorage, createHook } from "node:async_hooks";

/** Handles that hold something of the system, and timers. */
const KINDS: Record<string, string> = {
  Timeout: "timer",
  TCPWRAP: "socket",
  TCPSERVERWRAP: "server",
  PIPEWRAP: "pipe",
  PROCESSWRAP: "process",
};
/** Sets timers for all its clients together, which end by themselves. */
const SHARED = /[\\/]undici[\\/]/;
/** What was told to end may take a moment; a timer that is cleared is gone at once. */
const GRACE_MS = 2_000;
const TIMER_GRACE_MS = 250;

/** What one run opened and has not closed. */
class Ledger {
  readonly open = new Map<number, string>();
}

const running = new AsyncLocalStorage<Ledger>();
const owners = new Map<number, Ledger>();
let users = 0;

const hook = createHook({
  init(id, type) {
    const kind = KINDS[type];
    const ledger = kind === undefined ? undefined : running.getStore();
    if (!ledger) return;
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 20;
    const stack = new Error().stack ?? "";
    Error.stackTraceLimit = stackTraceLimit;
    if (kind === "timer" && SHARED.test(stack)) return;
    ledger.open.set(id, `a ${kind} made ${where(stack)}`);
    owners.set(id, ledger);
  },
  destroy(id) {
    owners.get(id)?.open.delete(id);
    owners.delete(id);
  },
});

/** The first line of a stack that is somebody's code. */
function where(stack: string): string {
  const lines = stack.split("\n").slice(1);
  const found = lines.find((line) => !/node:|async_hooks|leftovers\.[jt]s/.test(line));
  return found ? found.trim().replace(/^at/, "at") : "by Node itself";
}

/**
 * Runs `work`, then waits up to 2 s for everything that it opened to be gone, directly or by what it called. Whatever
 * else the program does at the same time does not count.
 */
export async function leftBehind<T>(work: () => Promise<T>): Promise<{ result: T; left: string[] }> {
  const ledger = new Ledger();
  if (users++ === 0) hook.enable();
  try {
    const result = await running.run(ledger, work);
    const ended = performance.now();
    for (let waited = 0; ledger.open.size > 0 && waited < GRACE_MS; waited = performance.now() - ended) {
      const kinds = [...ledger.open.values()];
      if (waited > TIMER_GRACE_MS && kinds.every((kind) => kind.startsWith("a timer"))) break;
      await pause(5);
    }
    return { result, left: [...ledger.open.values()] };
  } finally {
    for (const id of ledger.open.keys()) owners.delete(id);
    if (--users === 0) hook.disable();
  }
}

/** Work of the kit's own, which is nobody's leftover. */
export function aside<T>(work: () => T): T {
  return running.exit(work);
}

export const pause = (ms: number) => aside(() => new Promise<void>((resolve) => setTimeout(resolve, ms)));
