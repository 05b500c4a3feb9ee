import type { ClientCapabilities, Implementation, RequestId, Transport } from "@modelcontextprotocol/client";
import type { Outcome } from "../base/errors.js";
import type { Failure } from "../machines/failure.js";
import type { Refusal } from "./credential.js";

/** Whether the server can speak first: `open`, `lost` (it should, and cannot now), or `none` (it has no such stream). */
export type Listening = "open" | "lost" | "none";

/** An answer that came and cannot be read, though its id can. Secrets are taken out of it. */
export interface UnreadableAnswer {
  id: RequestId;
  /** The rest of a sentence that begins with "it". */
  why: string;
  text: string;
}

/**
 * What an attempt opens: an SDK `Transport`. The optional members are what our own wires tell besides;
 * a transport of the user's own works without them.
 */
export interface Wire extends Transport {
  /** The process behind the wire. With `stderr` present the SDK takes the wire for stdio. */
  readonly pid?: number | undefined;
  readonly stderr?: unknown;
  /** Why the wire ended; read when `onclose` is called. */
  readonly failure?: Failure | undefined;
  readonly listening?: Listening | undefined;
  /** Bytes that came in so far; undefined where the wire cannot tell. */
  readonly bytesRead?: number | undefined;
  /** What is behind it is a gateway of ours, which says of each question which server asks. */
  readonly relays?: boolean;
  /** Whether the transport itself shows life, though the server answers nothing. */
  alive?(timeoutMs: number): Promise<boolean>;
  /** Called with an answer that is no JSON. What is JSON goes to `onmessage`, whatever it is. */
  onUnreadable?: ((answer: UnreadableAnswer) => void) | undefined;
  /** Called when something hints that the server is gone, so that it is asked. */
  onDoubt?: ((cause: unknown) => void) | undefined;
  onListening?: ((listening: Listening) => void) | undefined;
  /** Called when what the server said on its own may have been missed. */
  onMissed?: (() => void) | undefined;
  /** Called when the socket of a request gives no sign, while the server answers on another. */
  onSilentSocket?: ((id: RequestId) => void) | undefined;
  /** Gives one request up: its stream is closed. A wire with a stream per request that lacks this is given a signal. */
  cancel?(id: RequestId): void;
  /** Called when the server refuses the credential: settles when there is another to show, rejects when there is none. */
  onRefused?: ((refusal: Refusal) => Promise<void>) | undefined;
  /**
   * A request was refused and waits for a credential, so the server has not done it; or it no longer waits. False: nobody
   * wants its answer any more.
   */
  onParked?: ((id: RequestId, parked: boolean) => boolean) | undefined;
  /** Whether nothing of a request that `send` took has been written yet. */
  isWaiting?(id: RequestId): boolean;
  /** Says goodbye to the server before an asked end. Bounded by the close deadline. */
  end?(): Promise<void>;
  /** What became of a request whose `send` failed; undefined where the failure is the server's own answer. */
  outcomeOf?(error: unknown): Outcome | undefined;
  /** Adds what the wire knows to a failed attempt: the exit code, the last lines on stderr. */
  explain?(failure: Failure): Failure;
}

/** What `openWire` of a transport is told. */
export interface AttemptContext {
  /** The number of the attempt, never reset. */
  epoch: number;
  /** Fires when the attempt is given up: close what was opened, and reject. */
  signal: AbortSignal;
  /** What the handshake is going to declare. */
  clientInfo: Implementation;
  capabilities: ClientCapabilities;
  /** Registers a resource to be closed with the attempt; call it before the first await that follows its making. */
  cleanup(close: () => unknown): void;
}
