import type { Client } from "@modelcontextprotocol/client";
import type { ConnectionEvent, ConnectionStatus } from "../connection/status.js";
import type { HoldfastError } from "../errors.js";
import type { Observed } from "../inspect/events.js";
import type { Clock } from "../machines/clock.js";
import type { ReplayMode } from "../options.js";
import type { Guard } from "../wires/guard.js";
import type { Lists } from "./lists.js";
import type { RetryBudget } from "./replay.js";

/** A connection whose handshake is done: what a call is sent through. */
export interface Ready {
  readonly client: Client;
  readonly guard: Guard;
  readonly epoch: number;
}

/** What is announced to subscribers; the connection adds the time. */
export type Announcement = ConnectionEvent extends infer E
  ? E extends ConnectionEvent
    ? Omit<E, "at">
    : never
  : never;

/** What a session needs of its connection. */
export interface Link {
  readonly name: string;
  readonly clock: Clock;
  readonly replay: ReplayMode;
  readonly ready: Ready | undefined;
  readonly lists: Lists;
  readonly budget: RetryBudget;
  /** Whether a tool's annotations count when a call to it was lost. */
  readonly trustAnnotations: boolean;
  /** What the server's own configuration says of a call's deadline. */
  callTimeoutMs(method: string, name: string | undefined): number | undefined;
  status(): ConnectionStatus;
  /** Waits in the queue until the handshake is done; asks for the connection if it was let go. */
  whenReady(signal: AbortSignal): Promise<Ready>;
  /** While the server is being asked for a sign of life: settles with the answer. */
  whenCertain(signal: AbortSignal): Promise<void>;
  announce(event: Announcement): void;
  /** Tells those who inspect; undefined while there is nobody. */
  readonly observe: ((event: Observed) => void) | undefined;
  /** Why nothing works any more, once the connection is closed. */
  readonly closedError: HoldfastError | undefined;
}
