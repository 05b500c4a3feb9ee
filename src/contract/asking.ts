import type { HandlerContext } from "./session.js";

/** Settles when a call may be sent, to the server as it is now; rejects with what its caller is told. */
export type Admit = (signal: AbortSignal) => Promise<void>;

/** The key under which a gateway says in a question's `_meta` which of its servers asks. */
export const ASKING_SERVER = "holdfast/server";

/** On whose behalf a gateway made a call. */
export interface CallOrigin {
  /** The context of the client's request. */
  readonly request: { readonly mcpReq: { readonly id: string | number } };
  /** Whose request it is, where one client stands for several. */
  readonly client: object | undefined;
  /** Nobody waits for its answer any more, and nothing can be sent with it. */
  readonly over?: true;
}

/** A call, as far as a question that comes with it is concerned. */
export interface AskedCall {
  readonly session: object;
  readonly origin?: CallOrigin | undefined;
}

/** What is known of a question of the server besides what the SDK tells its handler. */
export interface Asking {
  /** The call that carries it; `own`: a request of ours. */
  call: AskedCall | "own" | undefined;
  /** Where none does: the calls of the session that is asked, at which the server may be working; the newest is last. */
  working?: readonly AskedCall[];
  /** The server behind a gateway that asks. */
  server?: string;
}

/** The key under which it is in a handler's context. */
export const ASKING = Symbol("holdfast.asking");

export const askingOf = (ctx: object): Asking | undefined => (ctx as { [ASKING]?: Asking })[ASKING];

/** What a handler that a gateway gave is told besides: on whose behalf the calls were made in which the server may ask. */
export interface RelayedContext extends Pick<HandlerContext, "signal" | "server"> {
  readonly origins?: readonly (CallOrigin | undefined)[];
}

/** What is told to a handler of the session of `server`. */
export function relayedContext(ctx: { mcpReq: { signal: AbortSignal } }, server: string): RelayedContext {
  const { call, working = [], server: asking = server } = askingOf(ctx) ?? {};
  const calls = typeof call === "object" ? [call] : working;
  const relayed = calls.some(({ origin }) => origin) && { origins: calls.map(({ origin }) => origin) };
  return { signal: ctx.mcpReq.signal, server: asking, ...relayed };
}
