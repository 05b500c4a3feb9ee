import { setMaxListeners } from "node:events";

/** A controller whose signal may have any number of listeners. Node would warn of a leak from the eleventh on. */
export function controllerForMany(): AbortController {
  const controller = new AbortController();
  setMaxListeners(0, controller.signal);
  return controller;
}

/** One call of `whenAborted` that waits. */
class Waiting {
  constructor(readonly run: (reason: unknown) => void) {}
}

/** Those who wait on one signal. We add one listener to each: a thousand calls may wait on one, and Node warns of more than ten. */
class Watch {
  readonly #all = new Set<Waiting>();

  constructor(private readonly signal: AbortSignal) {
    signal.addEventListener("abort", this.#fire, { once: true });
  }

  /** Returns a function that takes it back, and the listener with the last one. */
  add(run: (reason: unknown) => void): () => void {
    const waiting = new Waiting(run);
    this.#all.add(waiting);
    return () => {
      if (!this.#all.delete(waiting) || this.#all.size > 0) return;
      watched.delete(this.signal);
      this.signal.removeEventListener("abort", this.#fire);
    };
  }

  readonly #fire = () => {
    watched.delete(this.signal);
    // A callback may cancel one that has not run yet, so each is checked again before it runs.
    for (const each of [...this.#all]) if (this.#all.delete(each)) each.run(this.signal.reason);
  };
}

const watched = new WeakMap<AbortSignal, Watch>();

function watch(signal: AbortSignal): Watch {
  const known = watched.get(signal);
  if (known) return known;
  const made = new Watch(signal);
  watched.set(signal, made);
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
  return watch(signal).add(run);
}

/** A signal that never fires. */
export const NEVER: AbortSignal = controllerForMany().signal;
