import type {
  ClientCapabilities,
  Implementation,
  JSONRPCMessage,
  RequestId,
  Transport,
} from "@modelcontextprotocol/client";
import type { Outcome } from "../base/errors.js";
import type { Failure } from "../machines/failure.js";
import type { Refusal } from "./credential.js";

/**
 * Whether the server can speak first. `open`: it can. `lost`: the stream for that is broken at the moment. `none`: it has no such
 * stream.
 */
export type Listening = "open" | "lost" | "none";

/** An answer that cannot be read, except for its id. Secrets are taken out. */
export interface UnreadableAnswer {
  /** The id of the request that it answers. */
  id: RequestId;
  /** What is wrong, as the rest of a sentence that begins with "it". */
  why: string;
  /** The beginning of the answer. */
  text: string;
}

/** What a server may send that nobody asked for. */
export interface UnaskedRule {
  /** So many messages a second, and half as many at once. 4 KiB count as a message, and so does 1 KiB of stderr. */
  readonly perSecond: number;
  /** Whether a message is the answer to a request in flight. */
  isAsked(message: JSONRPCMessage): boolean;
  /** It sent more, and is read more slowly now. */
  onFlood(): void;
  /** How many bytes of messages that have begun and not ended the whole program may hold. Default 256 MiB, or twice what one may have. */
  readonly maxReceivingBytes?: number | undefined;
  /** A message was thrown away because of that; so many bytes there may be. */
  onFull?(most: number): void;
}

/**
 * What an attempt opens: an SDK `Transport`. The optional members say more about the wire. holdfast sets the `on…` members, as the
 * SDK sets `onmessage`. A wire of your own works without any of them.
 */
export interface Wire extends Transport {
  /** The id of the process behind the wire. */
  readonly pid?: number | undefined;
  /** Where this is present, the SDK treats the wire as stdio. */
  readonly stderr?: unknown;
  /** Why the wire ended. Read when `onclose` is called. */
  readonly failure?: Failure | undefined;
  /** Whether the server can speak first. */
  readonly listening?: Listening | undefined;
  /** How many bytes were received so far. Undefined: the wire cannot tell. */
  readonly bytesRead?: number | undefined;
  /** What is behind it is a gateway of ours, which says of each question which server asks. */
  readonly relays?: boolean;
  /** Whether the network connection itself shows life within the time, even if the server answers nothing. */
  alive?(timeoutMs: number): Promise<boolean>;
  /** Called with an answer that is not JSON. All that is JSON goes to `onmessage`. */
  onUnreadable?: ((answer: UnreadableAnswer) => void) | undefined;
  /** Called when something hints that the server is gone. The server is then probed. */
  onDoubt?: ((cause: unknown) => void) | undefined;
  /** Called when `listening` changes. */
  onListening?: ((listening: Listening) => void) | undefined;
  /** Called when notifications of the server may have been missed. */
  onMissed?: (() => void) | undefined;
  /** Called when the socket of a request is silent, while the server answers on another one. */
  onSilentSocket?: ((id: RequestId) => void) | undefined;
  /** Cancels one request by closing its stream. A wire without this method gets an abort signal with each request instead. */
  cancel?(id: RequestId): void;
  /** Called when the server refuses the credential. Settles when there is another token, rejects when none can be got. */
  onRefused?: ((refusal: Refusal) => Promise<void>) | undefined;
  /** Called when a refused request begins to wait for another token: the server has not done it. */
  onParked?: ((id: RequestId) => void) | undefined;
  /** Called when a parked request is to be sent again. Returns false where nobody wants its answer any more: do not send it then. */
  onResumed?: ((id: RequestId) => boolean) | undefined;
  /** What a server may send that nobody asked for. A wire that reads faster than that is no worse wire, but a flood fills the loop. */
  unasked?: UnaskedRule | undefined;
  /** Whether nothing of a request that `send` accepted has been written yet. */
  isWaiting?(id: RequestId): boolean;
  /** Says goodbye to the server before the wire is closed on purpose. It has until the close deadline. */
  end?(): Promise<void>;
  /** The outcome of a request whose `send` failed. Undefined: the failure is the server's own answer. */
  outcomeOf?(error: unknown): Outcome | undefined;
  /** Adds what the wire knows to the failure of an attempt: the exit code, the last lines on stderr. */
  explain?(failure: Failure): Failure;
}

/** What a transport's `openWire` gets. */
export interface AttemptContext {
  /** The number of the attempt, never reset. */
  epoch: number;
  /** Fires when the attempt is given up. Close what was opened then, and reject. */
  signal: AbortSignal;
  /** The client's name and version, as the handshake will declare them. */
  clientInfo: Implementation;
  /** The capabilities that the handshake will declare. */
  capabilities: ClientCapabilities;
  /** Registers a function that closes a resource of the attempt. Call it before the first await after making the resource. */
  cleanup(close: () => unknown): void;
}
