import { setMaxListeners } from "node:events";

/** A controller whose signal may have any number of listeners. Node would warn of a leak from the eleventh on. */
export function controllerForMany(): AbortController {
  const controller = new AbortController();
  setMaxListeners(0, controller.signal);
  return controller;
}

/** One call of `whenAborted` that waits. */
type Run = { run(reason: unknown): void };

interface Watched {
  readonly all: Set<Run>;
  listener(): void;
}

/** We add one listener to each signal and share it: a thousand calls may wait on one signal, and Node warns of more than ten. */
const watched = new WeakMap<AbortSignal, Watched>();

function watch(signal: AbortSignal): Watched {
  const known = watched.get(signal);
  if (known) return known;
  const all = new Set<Run>();
  const listener = () => {
    watched.delete(signal);
    // A callback may cancel one that has not run yet, so each is checked again before it runs.
    for (const each of [...all]) if (all.delete(each)) each.run(signal.reason);
  };
  const made = { all, listener };
  watched.set(signal, made);
  signal.addEventListener("abort", listener, { once: true });
  return made;
}

/**
 * Calls `run` with the reason when the signal fires, or at once if it has fired. Returns a function that cancels this and
 * leaves no listener. `run` must not throw.
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

/** A signal that never fires. */
export const NEVER: AbortSignal = controllerForMany().signal;
