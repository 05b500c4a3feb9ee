import type { ServedTracer, Tracer } from "../contract/trace.js";

type Carrier = Record<string, string>;

/** All who follow the calls of a transport. A server is sent the trace of the one that came first. */
export class Tracers {
  readonly #all = new Set<Tracer>();
  /** Undefined while nobody does, so that a call pays for nothing. */
  current: Tracer | undefined;

  /** Returns the function that ends it. */
  add(tracer: Tracer): () => void {
    this.#all.add(tracer);
    this.#choose();
    return () => {
      this.#all.delete(tracer);
      this.#choose();
    };
  }

  #choose(): void {
    const [only, ...more] = this.#all;
    this.current = only && more.length > 0 ? together([only, ...more]) : only;
  }
}

function together(tracers: readonly Tracer[]): Tracer {
  return {
    call(call, by) {
      const all = tracers.map((tracer) => tracer.call(call, by));
      return {
        traceId: all.find(({ traceId }) => traceId !== undefined)?.traceId,
        sends: (request) => merged(all.map((trace) => trace.sends(request))),
        resent(outcome) {
          for (const trace of all) trace.resent(outcome);
        },
        ended(how) {
          for (const trace of all) trace.ended(how);
        },
      };
    },
    served: servedTogether(tracers.map(({ served }) => served)),
  };
}

const servedTogether = (tracers: readonly ServedTracer[]): ServedTracer => ({
  request(request) {
    const all = tracers.map((tracer) => tracer.request(request));
    return {
      carrier: merged(all.map(({ carrier }) => carrier)),
      ended(answer) {
        for (const trace of all) trace.ended(answer);
      },
    };
  },
  ended(session) {
    for (const tracer of tracers) tracer.ended(session);
  },
});

const merged = (carriers: readonly Carrier[]): Carrier => Object.assign({}, ...carriers.toReversed());
