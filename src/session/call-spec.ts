import type { RequestOptions } from "@modelcontextprotocol/client";
import type { Admit, CallOrigin } from "../contract/asking.js";
import type { ReplayMode } from "../contract/options.js";
import type { CallTrace } from "../contract/trace.js";

/** One call, as its session asks for it. */
export interface CallSpec {
  method: string;
  /** The tool, prompt or resource, for the announcements. */
  name: string | undefined;
  params: unknown;
  options: (RequestOptions & { replay?: ReplayMode; origin?: CallOrigin; admit?: Admit }) | undefined;
  /** When the call names no timeout. 0: none. */
  timeoutMs: number;
  session: object;
  /** Who follows it, once it runs. */
  trace?: CallTrace | undefined;
  /** Fires with the session's end. */
  ended: AbortSignal;
}
