import type { Implementation } from "@modelcontextprotocol/client";
import type { ErrorCode, Outcome } from "../base/errors.js";
import type { FleetHealth } from "../machines/fleet-health.js";
import type { AuthorizationStep } from "./credential.js";
import type { Listening } from "./wire.js";

/** The five states of a connection, see docs/lifecycle.md. */
export type ConnectionState = "idle" | "connecting" | "connected" | "disconnecting" | "closed";
/** What a connection does within `connecting` or `connected`. The other states have no detail. */
export type ConnectionDetail = "opening" | "waiting" | "authorizing" | "steady" | "probing";

/** What an error says of the server that it is about. */
export type FailedHealth = "needs sign-in" | "unreachable" | "refused" | "misconfigured" | "crashing";

/**
 * How a server is, in one word. `known`: not connected, because nothing asks for it. `starting`: its first attempt is under way.
 * `ok`: connected. `needs sign-in`: it wants credentials. `unreachable`: it does not answer. `refused`: it answers, and refuses
 * the connection. `misconfigured`: its options or its entry in the config are wrong. `crashing`: its process ends by itself.
 * `deaf`: connected, but its own messages do not arrive, or it gives no sign of life. `closed`: its transport was closed.
 */
export type Health = "known" | "starting" | "ok" | FailedHealth | "deaf" | "closed";

/** Why a connection is down, or why its last attempt failed. No field holds a secret. */
export interface StatusError {
  /** The code of the `HoldfastError` that it is. */
  code: string;
  message: string;
  /** What the user may do about it, as a sentence. */
  hint?: string;
  /** What it says of the server. */
  health: FailedHealth;
}

/** The sign-in that is under way. Times are epoch ms. */
export interface Authorizing extends AuthorizationStep {
  /** When it began. */
  since: number;
  /** When it is given up. */
  until: number;
}

/** The state of a connection at one moment. Plain data without secrets, which may be logged. Times are epoch ms. */
export interface ConnectionStatus {
  /** The name of the transport. */
  name: string;
  /** The kind of the transport: `stdio`, `python`, `fastmcp`, `node`, `uv`, `uvx`, `npx`, `http`, `sse`, `ws`, `memory`, `config`, or your own. */
  kind: string;
  /** Which of the five states it is in. */
  state: ConnectionState;
  /** What it does within that state. */
  detail: ConnectionDetail | undefined;
  /** Whether a lost wire is being replaced. */
  recovering: boolean;
  /** Whether the server can speak first. `lost` means connected, but deaf to the server. Undefined: there is no wire. */
  listening: Listening | undefined;
  /** Whether the server gave no sign of life, and is being asked for one. */
  suspect: boolean;
  /** The number of the latest attempt, never reset. */
  epoch: number;
  /** Attempts in a row without a connection that proved stable. */
  attempt: number;
  /** When the next attempt begins. Undefined: none is planned. */
  nextRetryAt: number | undefined;
  /** Why the connection is down, or why its last attempt failed. */
  lastError: StatusError | undefined;
  /** The sign-in that is under way, in the detail `authorizing`. */
  authorizing: Authorizing | undefined;
  /** When the state began. */
  since: number;
  /** The server's own name and version. */
  server: Implementation | undefined;
  /** The protocol era that is spoken. */
  era: "legacy" | "modern" | undefined;
  /** The protocol revision that is spoken. */
  protocolVersion: string | undefined;
  /** The process id of a local server. */
  pid: number | undefined;
  /** The session id that an HTTP server gave. */
  sessionId: string | undefined;
  /** How the server last differed after a reconnect. Undefined: it never did. */
  lastChange: ServerChange | undefined;
  /** How many sessions are open. */
  leases: number;
  /** How many requests have no answer yet. */
  inFlight: number;
  /**
   * Of a lazy server of a config, once what it offers is known without it: `known` until its first call starts it. Left out for
   * any other.
   */
  lazy?: "known" | "starting" | "connected";
}

/** What happened to a connection. Subscribers get it together with the status at that moment. `at` is epoch ms. */
export type ConnectionEvent =
  /** Nothing happened: each new subscriber is called once, with the current status. */
  | { type: "current"; at: number }
  /** The connection went to another state. */
  | {
      type: "transition";
      at: number;
      /** State and detail, as in `connecting.waiting`. */
      from: string;
      to: string;
      /** The event that caused it, in the words of the chart. */
      cause: string;
      epoch: number;
      attempt: number;
      /** Milliseconds until the next attempt, in `connecting.waiting`. */
      delayMs?: number;
      /** The error that led here, if any. */
      error?: StatusError;
    }
  /** Whether the server can speak first has changed. */
  | { type: "listening"; at: number; epoch: number; listening: Listening }
  /** A server that was reached again differs from what it was. */
  | { type: "changed"; at: number; epoch: number; change: ServerChange }
  /** A sign-in went a step further. */
  | { type: "authorizing"; at: number; epoch: number; authorizing: Authorizing }
  /** A request was lost, and is sent again. */
  | { type: "request.resent"; at: number; method: string; outcome: Outcome; name?: string; traceId?: string }
  /** A request was lost, and its caller gets the error. */
  | {
      type: "request.lost";
      at: number;
      method: string;
      outcome: Outcome;
      code: ErrorCode;
      name?: string;
      /** The trace that the call belongs to, where it is traced. */
      traceId?: string;
    }
  /** An event of the connection of one server in a composite. */
  | { type: "server"; at: number; server: string; event: ConnectionEvent }
  /** The health of a composite, over all its servers, has changed. */
  | { type: "health"; at: number; health: FleetHealth }
  /** The config of a composite has changed. `servers` are the names of all its servers now. */
  | { type: "servers"; at: number; servers: string[] }
  /** Something is odd, but works. */
  | { type: "warning"; at: number; message: string };

/** Called for each event, with the status at that moment. */
export type StatusListener = (status: ConnectionStatus, event: ConnectionEvent) => void;

/** How a server differs from what it was: when it was reached again, or when one of its lists was read again. */
export interface ServerChange {
  /** Only lists that differ. */
  lists: Partial<Record<ListKind, ListDifference>>;
  /** Present where the name or the version differs. */
  server?: { from: Implementation | undefined; to: Implementation | undefined };
  /** The names of capabilities that were added or removed. Present where there are any. */
  capabilities?: { added: string[]; removed: string[] };
}

/** How one list differs, by the names or URIs of its items. */
export interface ListDifference {
  /** Items that were not in the list before. */
  added: string[];
  /** Items that are no longer in the list. */
  removed: string[];
  /** Items that differ from what they were. */
  changed: string[];
  /** Of each item that changed: the fields, with the old and the new value. Present where there are any. */
  fields?: Record<string, FieldChange[]>;
}

/** One field of a tool, prompt or resource that is not what it was. The values are the server's own. */
export interface FieldChange {
  field: string;
  from: unknown;
  to: unknown;
}

/** A list that a server may offer. */
export type ListKind = "tools" | "prompts" | "resources" | "resourceTemplates";
