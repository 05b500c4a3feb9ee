import type { Implementation } from "@modelcontextprotocol/client";
import type { ErrorCode, Outcome } from "../base/errors.js";
import type { FleetHealth } from "../machines/fleet-health.js";
import type { AuthorizationStep } from "./credential.js";
import type { Listening } from "./wire.js";

export type ConnectionState = "idle" | "connecting" | "connected" | "disconnecting" | "closed";
export type ConnectionDetail = "opening" | "waiting" | "authorizing" | "steady" | "probing";

/** Where a sign-in is. Times are epoch ms. */
export interface Authorizing extends AuthorizationStep {
  since: number;
  /** When it is given up. */
  until: number;
}

/** One picture of a connection. Plain data without secrets: it may be logged and sent anywhere. Times are epoch ms. */
export interface ConnectionStatus {
  name: string;
  kind: string;
  state: ConnectionState;
  detail: ConnectionDetail | undefined;
  /** The wire was lost and is being replaced. */
  recovering: boolean;
  /** Whether the server can speak first; undefined without a wire. `lost` while connected: connected but deaf. */
  listening: Listening | undefined;
  /** The server gave no sign of life and is being asked. */
  suspect: boolean;
  /** The number of the latest attempt, never reset. */
  epoch: number;
  /** Attempts in a row without a connection that proved stable. */
  attempt: number;
  nextRetryAt: number | undefined;
  lastError: { code: string; message: string } | undefined;
  /** In `authorizing`: where the sign-in is, and what the person must do next. */
  authorizing: Authorizing | undefined;
  /** When the state was entered. */
  since: number;
  server: Implementation | undefined;
  era: "legacy" | "modern" | undefined;
  protocolVersion: string | undefined;
  pid: number | undefined;
  sessionId: string | undefined;
  /** How the server differed, when it was last reached again, from what it had been; undefined: it never did. */
  lastChange: ServerChange | undefined;
  /** Open sessions. */
  leases: number;
  /** Requests without an answer yet. */
  inFlight: number;
}

/** What subscribers hear, besides the status at that moment. `at` is epoch ms. */
export type ConnectionEvent =
  /** The first call of a subscriber: the status as it is. */
  | { type: "current"; at: number }
  | {
      type: "transition";
      at: number;
      /** State and detail, as in `connecting.waiting`. */
      from: string;
      to: string;
      /** The event of the machine that caused it. */
      cause: string;
      epoch: number;
      attempt: number;
      /** Until the next attempt, in `connecting.waiting`. */
      delayMs?: number;
      error?: { code: string; message: string };
    }
  | { type: "listening"; at: number; epoch: number; listening: Listening }
  /** A server that was reached again is not what it was. */
  | { type: "changed"; at: number; epoch: number; change: ServerChange }
  /** A sign-in went on. */
  | { type: "authorizing"; at: number; epoch: number; authorizing: Authorizing }
  /** A request was lost and is sent again. */
  | { type: "request.resent"; at: number; method: string; outcome: Outcome; name?: string }
  /** A request was lost and its caller is told. */
  | { type: "request.lost"; at: number; method: string; outcome: Outcome; code: ErrorCode; name?: string }
  /** One server of a composite: what its own connection announced. */
  | { type: "server"; at: number; server: string; event: ConnectionEvent }
  /** How the servers of a composite are, taken together. */
  | { type: "health"; at: number; health: FleetHealth }
  /** A composite has other servers than before. */
  | { type: "servers"; at: number; servers: string[] }
  /** Something is odd, and works all the same. */
  | { type: "warning"; at: number; message: string };

export type StatusListener = (status: ConnectionStatus, event: ConnectionEvent) => void;

/** How a server that was reached again differs from what it was. */
export interface ServerChange {
  lists: Partial<Record<ListKind, ListDifference>>;
  /** Another name or version. */
  server?: { from: Implementation | undefined; to: Implementation | undefined };
  /** Capabilities that came or went, by their names. */
  capabilities?: { added: string[]; removed: string[] };
}

/** What became of one list, by the names (or URIs) of its items. */
export interface ListDifference {
  added: string[];
  removed: string[];
  changed: string[];
}

export type ListKind = "tools" | "prompts" | "resources" | "resourceTemplates";
