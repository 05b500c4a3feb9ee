import type { RequestOptions } from "@modelcontextprotocol/client";
import { whenAborted } from "../base/abort.js";
import { OwnSignal } from "../base/own-signal.js";
import { MAX_DELAY_MS } from "../machines/backoff.js";
import type { Clock } from "../machines/clock.js";

export interface DeadlineSpec {
  options: RequestOptions | undefined;
  /** When the call names no timeout. 0: none. */
  timeoutMs: number;
}

const bounded = (ms: number) => (ms > 0 && ms < MAX_DELAY_MS ? ms : MAX_DELAY_MS);

/** How long one call may take, over its wait and all its sendings. */
export class Deadline {
  readonly timeoutMs: number;
  readonly named: boolean;
  readonly resets: boolean;
  readonly #total: number | undefined;
  #until: number;
  #timer: unknown;
  #over = false;
  #stop = () => {};
  /**
   * Fires with the caller's signal and the end of the total, where the call has one. The SDK gets this one: each of its
   * requests listens, and a thousand calls may share the caller's.
   */
  readonly signal: AbortSignal | undefined;

  constructor(
    private readonly clock: Clock,
    private readonly spec: DeadlineSpec,
  ) {
    const { options, timeoutMs } = spec;
    const now = clock.now();
    this.timeoutMs = bounded(options?.timeout ?? timeoutMs);
    this.named = options?.timeout !== undefined;
    this.resets = options?.resetTimeoutOnProgress === true;
    this.#until = now + this.timeoutMs;
    const total = options?.maxTotalTimeout;
    if (total === undefined && !options?.signal) return;
    const over = new OwnSignal();
    this.signal = over;
    this.#stop = whenAborted(options?.signal, (reason) => over.abort(reason));
    if (total === undefined) return;
    this.#total = now + bounded(total);
    // The SDK looks at it only when there is progress.
    this.#timer = clock.setTimeout(() => {
      this.#over = true;
      over.abort();
    }, bounded(total));
  }

  /** What the call was allowed, for the error that says that it took longer. */
  get limitMs(): number {
    return this.over ? (this.spec.options?.maxTotalTimeout ?? this.timeoutMs) : this.timeoutMs;
  }

  /** The total has run out. */
  get over(): boolean {
    return this.#over;
  }

  remaining(): number {
    return Math.min(this.#until, this.#total ?? Number.POSITIVE_INFINITY) - this.clock.now();
  }

  /** What the SDK is told besides: our signal, and to tell us of progress where that moves the deadline. */
  sdk(): RequestOptions {
    const { onprogress, resetTimeoutOnProgress } = this.spec.options ?? {};
    return {
      ...(this.signal && { signal: this.signal }),
      ...(resetTimeoutOnProgress && {
        onprogress: (progress) => {
          this.#until = this.clock.now() + this.timeoutMs;
          onprogress?.(progress);
        },
      }),
    };
  }

  clear(): void {
    this.clock.clearTimeout(this.#timer);
    this.#stop();
  }
}
