import type { RequestOptions } from "@modelcontextprotocol/client";
import { merged } from "../base/merged.js";
import { CALL, type CallTag } from "../wires/call-tag.js";
import type { CallSpec } from "./call-spec.js";
import type { Deadline } from "./deadline.js";

/** One call, as its requests carry it. */
export class Tag implements CallTag {
  written = 0;
  result: object | undefined = undefined;
  readonly session: object;
  readonly ended: AbortSignal;
  readonly signal: CallTag["signal"];
  readonly replay: CallTag["replay"];
  readonly origin: CallTag["origin"];
  readonly trace: CallTag["trace"];
  readonly #options: CallSpec["options"];

  constructor(
    { session, ended, options, trace }: CallSpec,
    readonly deadline: Deadline,
    readonly repeatable: boolean,
  ) {
    this.session = session;
    this.ended = ended;
    this.signal = options?.signal;
    this.replay = options?.replay;
    this.origin = options?.origin;
    this.trace = trace;
    this.#options = options;
  }

  /** The options of a request of it, which has so many milliseconds. */
  sent(timeout: number): RequestOptions {
    const headers = merged(this.#options?.headers, { [CALL]: this });
    return merged<object, object>(this.#options, this.deadline.sdk(), { timeout, headers });
  }
}
