import { whenAborted } from "../../base/abort.js";
import type { Authorization, AuthorizationStep } from "../../contract/credential.js";

type Run<T> = (authorization: Authorization) => Promise<T>;

/** Flows with several waiters. A flow runs once, reports its progress to each waiter, and is aborted when the last one leaves. */
export class SharedFlows<T> {
  readonly #running = new Map<string, Flow<T>>();

  join(key: string, run: Run<T>, waiter: Authorization): Promise<T> {
    let flow = this.#running.get(key);
    if (!flow) {
      flow = new Flow(run, () => {
        if (this.#running.get(key) === flow) this.#running.delete(key);
      });
      this.#running.set(key, flow);
    }
    return flow.wait(waiter);
  }
}

class Flow<T> {
  readonly #abort = new AbortController();
  readonly #waiters = new Set<Authorization>();
  readonly #result: Promise<T>;
  #step: AuthorizationStep | undefined;

  constructor(
    run: Run<T>,
    private readonly ended: () => void,
  ) {
    const progress = (step: AuthorizationStep) => {
      this.#step = step;
      for (const waiter of this.#waiters) waiter.progress(step);
    };
    // Starts in a later tick, so that the first waiter hears the first step.
    this.#result = Promise.resolve()
      .then(() => run({ signal: this.#abort.signal, progress }))
      .finally(ended);
    this.#result.catch(() => {});
  }

  wait(waiter: Authorization): Promise<T> {
    const { signal } = waiter;
    this.#waiters.add(waiter);
    if (this.#step) waiter.progress(this.#step);
    return new Promise<T>((resolve, reject) => {
      const leave = () => {
        stop();
        this.#waiters.delete(waiter);
        // Race: when a wire is lost while its sign-in runs, its waiter leaves and a new one joins in the same tick. Without
        // this delay the flow would be aborted in between.
        setImmediate(() => {
          if (this.#waiters.size > 0) return;
          this.ended();
          this.#abort.abort(new Error("nobody waits for this sign-in any more"));
        });
      };
      let stop = () => {};
      stop = whenAborted(signal, (reason) => {
        leave();
        reject(reason);
      });
      this.#result.then(resolve, reject).finally(leave);
    });
  }
}
