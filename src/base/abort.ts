import { setMaxListeners } from "node:events";

/** A controller for as many as want to know: ten who wait at once are many calls and no leak, and Node warns from eleven on. */
export function controllerForMany(): AbortController {
  const controller = new AbortController();
  setMaxListeners(0, controller.signal);
  return controller;
}

type Run = { run(reason: unknown): void };

interface Watched {
  readonly all: Set<Run>;
  listener(): void;
}

/** One listener for each signal, however many wait on it: Node warns of more than ten, and a thousand calls may share one. */
const watched = new WeakMap<AbortSignal, Watched>();

function watch(signal: AbortSignal): Watched {
  const known = watched.get(signal);
  if (known) return known;
  const all = new Set<Run>();
  const listener = () => {
    watched.delete(signal);
    // One that runs may take another one back.
    for (const each of [...all]) if (all.delete(each)) each.run(signal.reason);
  };
  const made = { all, listener };
  watched.set(signal, made);
  signal.addEventListener("abort", listener, { once: true });
  return made;
}

/**
 * Calls `run` with the reason once the signal fires, at once where it has. Returns the function that takes it back, and
 * leaves no listener behind then. `run` must not throw.
 */
export function whenAborted(signal: AbortSignal | undefined, run: (reason: unknown) => void): () => void {
  if (!signal) return () => {};
  if (signal.aborted) {
    run(signal.reason);
    return () => {};
  }
  const { all, listener } = watch(signal);
  const own: Run = { run };
  all.add(own);
  return () => {
    if (!all.delete(own) || all.size > 0) return;
    watched.delete(signal);
    signal.removeEventListener("abort", listener);
  };
}

/** Never fires. */
export const NEVER: AbortSignal = controllerForMany().signal;
