import { ProtocolError, ProtocolErrorCode } from "@modelcontextprotocol/server";
import { whenAborted } from "../base/abort.js";
import type { CallOrigin } from "../contract/asking.js";
import type { CallContext } from "../contract/call-context.js";
import type { ParkedCall } from "./parked-call.js";
import type { Upstream } from "./presented.js";

/** The calls of a modern client that are on their way to legacy servers, by the state under which each is taken up again. */
export class ParkedCalls {
  readonly #calls = new Map<string, ParkedCall>();

  /** @throws ProtocolError where the call is over: a client that comes too late must not make it a second one */
  find(state: string): ParkedCall {
    const call = this.#calls.get(state.slice(0, state.lastIndexOf(".")));
    if (call?.state === state) return call;
    const message = "the call that was parked under this state is over";
    throw new ProtocolError(ProtocolErrorCode.InvalidParams, message);
  }

  /** A parked call has no request that could be cancelled: its caller's own signals end it. */
  begin(call: ParkedCall, context: CallContext | undefined): void {
    call.client = context?.session;
    this.#calls.set(call.id, call);
    for (const signal of [context?.signal, context?.ended])
      whenAborted(
        call.abort.signal,
        whenAborted(signal, (reason) => this.end(call, reason)),
      );
  }

  end(call: ParkedCall, reason: unknown): void {
    this.#calls.delete(call.id);
    call.cancel(reason);
  }

  /** The call in which a legacy server asks: the one that carries the question, or another one of that client. */
  askedIn(upstream: Upstream, origin: CallOrigin | undefined): ParkedCall | undefined {
    if (!origin) return undefined;
    const calls = [...this.#calls.values()].filter((call) => call.upstream === upstream.name);
    return (
      calls.find((call) => call.began === origin.request) ??
      calls.filter((call) => call.client === origin.client).at(-1)
    );
  }

  endAll(reason: Error): void {
    for (const call of [...this.#calls.values()]) this.end(call, reason);
  }
}

/** The newest of the client's requests in which a server may ask; none where several could be meant that are not one's. */
export function originIn(origins: readonly (CallOrigin | undefined)[]): CallOrigin | undefined {
  const clients = new Set(origins.map((origin) => origin?.client));
  return clients.size === 1 ? origins.at(-1) : undefined;
}
