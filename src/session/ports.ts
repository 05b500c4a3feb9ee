import type {
  Client,
  ClientContext,
  EmptyResult,
  JSONRPCNotification,
  JSONRPCRequest,
  LoggingLevel,
  McpSubscription,
  RequestOptions,
  Result,
} from "@modelcontextprotocol/client";
import type { HoldfastError } from "../base/errors.js";
import type { Observed } from "../contract/inspection.js";
import type { ReplayMode } from "../contract/options.js";
import type { ConnectionEvent, ConnectionStatus } from "../contract/status.js";
import type { Tracer } from "../contract/trace.js";
import type { Clock } from "../machines/clock.js";
import type { Guard } from "../wires/guard.js";

/** A connection whose handshake is done: what a call is sent through. */
export interface Ready {
  readonly client: Client;
  readonly guard: Guard;
  readonly epoch: number;
}

/** What a listen stream carries. */
export type Filter = Parameters<Client["listen"]>[0];

/** What a connection needs of an open session. */
export interface Participant {
  readonly ended: boolean;
  /** What it wants of the server's log, as far as it said so. */
  readonly logLevel: LoggingLevel | undefined;
  /** Takes what the getters answer from the Client of a new epoch. */
  adopt(ready: Ready): void;
  /** Whether it has a handler for this request of the server. */
  handles(method: string): boolean;
  /** What its owner gave to answer this request with: the same for several sessions where they are one owner's. */
  owner(method: string): unknown;
  /** Answers a request of the server; rejects when the session ends. */
  answer(request: JSONRPCRequest, ctx: ClientContext): Promise<Result>;
  /** Whether it does anything with such notifications. */
  hears(method: string): boolean;
  /** Hands it a notification of the server. */
  deliver(notification: JSONRPCNotification): void;
  /** Tells it what went wrong outside of any call. */
  report(error: Error): void;
  end(reason: HoldfastError): void;
}

/** What the open sessions of a connection declare to the server. */
export interface Declarations {
  subscribe(session: Participant, uri: string, client: Client, options: RequestOptions): Promise<EmptyResult>;
  unsubscribe(
    session: Participant,
    uri: string,
    client: Client,
    options: RequestOptions,
  ): Promise<EmptyResult>;
  listen(
    session: Participant,
    filter: Filter,
    client: Client,
    options: RequestOptions,
  ): Promise<McpSubscription>;
  /** The most verbose level that an open session asked for. */
  logLevel(): LoggingLevel | undefined;
}

/** What is announced to subscribers; the connection adds the time. */
export type Announcement = ConnectionEvent extends infer E
  ? E extends ConnectionEvent
    ? Omit<E, "at">
    : never
  : never;

/** What a session needs of its connection. */
export interface ConnectionPort {
  readonly name: string;
  readonly clock: Clock;
  readonly replay: ReplayMode;
  readonly ready: Ready | undefined;
  /** Whether a lost call to this tool may be sent again: its annotations say so, and they are trusted. */
  mayRepeat(tool: string | undefined): boolean;
  /** A tool as it was last listed; undefined: no such tool was. */
  tool(name: string): object | undefined;
  /** Whether what was lost on `ready` may be sent again, by the budget of the connection; all that was lost with one wire counts once. */
  mayResend(ready: Ready): boolean;
  /** What the server's own configuration says of a call's deadline. */
  callTimeoutMs(method: string, name: string | undefined): number | undefined;
  status(): ConnectionStatus;
  /** What leaves the connection, without the secrets that it knows and without what would steer a terminal. */
  shown<T>(value: T): T;
  /**
   * Waits until the handshake is done; asks for the connection if it was let go. `isNewCall`: for a call that was not sent before;
   * the number of those that may wait is limited.
   */
  whenReady(signal: AbortSignal, options: { isNewCall: boolean }): Promise<Ready>;
  /** While the server is being asked for a sign of life: settles with the answer. */
  whenVerdict(signal: AbortSignal): Promise<void>;
  announce(event: Announcement): void;
  /** Tells those who inspect; undefined while there is nobody. */
  readonly observe: ((event: Observed) => void) | undefined;
  /** Follows its calls; undefined while nobody traces. */
  readonly tracer: Tracer | undefined;
  /** Why nothing works any more, once the connection is closed. */
  readonly closedError: HoldfastError | undefined;
}
