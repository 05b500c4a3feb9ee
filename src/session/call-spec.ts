import type { RequestOptions } from "@modelcontextprotocol/client";
import type { Admit, CallOrigin } from "../contract/asking.js";
import { DEFAULTS, type ReplayMode } from "../contract/options.js";
import type { CallTrace } from "../contract/trace.js";

/** One call, as its session asks for it. */
export class CallSpec {
  /** Who follows it, once it runs. */
  trace?: CallTrace | undefined = undefined;
  /** When the call names no timeout. 0: none. */
  readonly timeoutMs: number;

  constructor(
    readonly session: object,
    /** Fires with the session's end. */
    readonly ended: AbortSignal,
    readonly method: string,
    /** The tool, prompt or resource, for the announcements. */
    readonly name: string | undefined,
    readonly params: unknown,
    readonly options:
      | (RequestOptions & { replay?: ReplayMode; origin?: CallOrigin; admit?: Admit })
      | undefined,
    timeoutMs: number | undefined,
  ) {
    this.timeoutMs = timeoutMs ?? DEFAULTS.callTimeoutMs;
  }
}
