import type { AuthProvider, OAuthClientProvider } from "@modelcontextprotocol/client";
import { DEFAULT_BACKOFF } from "../machines/backoff.js";
import type { ConnectionPolicy } from "../machines/reducers.js";
import type { CredentialSource } from "./credential.js";
import type { Inspect } from "./inspection.js";

/** How a lost connection is tried again. */
export interface ReconnectOptions {
  /** Try again also when the server was never reached. Default false: a first failure is shown at once. */
  initial?: boolean;
  /** Default 250 ms. */
  baseMs?: number;
  /** Default 30 s. */
  capMs?: number;
  /** Default: no limit. */
  maxAttempts?: number;
  /** Default: no limit. */
  maxElapsedMs?: number;
  /** A connection that held so long forgets its failed attempts. Default 5 s. */
  stableAfterMs?: number;
}

/** When a silent connection is asked for a sign of life. */
export interface HeartbeatOptions {
  /** How long nothing may be received. Default 30 s. */
  intervalMs?: number;
}

/** Which protocol era is spoken: `auto` asks the server. */
export type EraOption = "auto" | "legacy" | "modern";

/** `safe`: sent again only where that cannot do a thing twice. */
export type ReplayMode = "safe" | "always" | "never";

/**
 * A bearer token; a function that gives one for each request; `"oauth"`, or what `oauth()` and `clientCredentials()` give;
 * a provider of the SDK.
 */
export type AuthOption =
  | string
  | CredentialSource
  | (() => string | undefined | Promise<string | undefined>)
  | AuthProvider
  | OAuthClientProvider;

/** Where holdfast writes what is odd and has no caller to tell. */
export interface Logger {
  warn(message: string): void;
}

/** TLS options of a remote transport, as `node:tls` names them. */
export interface TlsOptions {
  ca?: string | Buffer | (string | Buffer)[];
  cert?: string | Buffer;
  key?: string | Buffer;
  /** Default true. */
  rejectUnauthorized?: boolean;
}

/** The options that every transport takes. All times in milliseconds. */
export interface SharedOptions {
  /** What the server is called in statuses and errors. Default: made from the target. */
  name?: string;
  reconnect?: ReconnectOptions | false;
  connectTimeoutMs?: number;
  closeTimeoutMs?: number;
  /** Ends a connection that nobody needed for so long, a kept one too. Default: never. */
  idleTimeoutMs?: number;
  /** Keep a healthy connection when the last session ends. Default true for stdio, else false. */
  keepAlive?: boolean;
  era?: EraOption;
  replay?: ReplayMode;
  /** Ask a silent server for a sign of life. Default: after 30 s over HTTP, SSE and WebSocket; never for local ones. */
  heartbeat?: HeartbeatOptions | false;
  /** Send a lost call again where the tool's annotations say that it only reads or may be repeated. Default true. */
  trustAnnotations?: boolean;
  /** How many calls may wait for the connection; one more rejects with `QUEUE_FULL`. Default 1,000. */
  maxQueued?: number;
  /** The deadline of a call that names none; wins over the session's `timeoutMs`. 0: none. Default: the session's. */
  callTimeoutMs?: number;
  /** Called with each `InspectionEvent` of the connection, from its first moment. Default: nobody. */
  inspect?: Inspect;
  /** Default: nowhere. */
  logger?: Logger;
}

/** Every default in one place. Milliseconds and bytes. */
export const DEFAULTS = {
  connectTimeoutMs: 30_000,
  /** Longer than the escalation of a kill, which takes up to 70 % of it. */
  closeTimeoutMs: 5_000,
  callTimeoutMs: 60_000,
  probeTimeoutMs: 5_000,
  /** How long a person may take to sign in. */
  authorizeTimeoutMs: 300_000,
  stableAfterMs: 5_000,
  heartbeatMs: 30_000,
  /** A composite opens with the servers that it has after so long. */
  startTimeoutMs: 10_000,
  /** How many servers of a composite make their first attempt at once. */
  maxStarts: 8,
  /** How long a list of a composite waits for a server that does not answer. */
  listWaitMs: 2_000,
  /** How long one server of a composite may take for one list. */
  listTimeoutMs: 10_000,
  /** Of transports that fetch a package first: uv, uvx, npx and their like. */
  runnerConnectTimeoutMs: 120_000,
  /** The probe for the protocol era takes at most this, and a third of the connect deadline. */
  eraProbeTimeoutMs: 3_000,
  /** A server found to be legacy is asked again after so long. */
  eraMemoryMs: 60 * 60 * 1000,
  maxQueued: 1_000,
  maxMessageBytes: 64 * 1024 * 1024,
  /** How many calls of one connection go over HTTP sockets at once. */
  maxSockets: 32,
  /** How long other calls may still be answered once an HTTP server forgot their session. */
  forgottenSessionMs: 2_000,
} as const;

/** The machine's policy for these options. */
export function policyOf(options: SharedOptions): ConnectionPolicy {
  const off = options.reconnect === false;
  const reconnect = options.reconnect || {};
  return {
    baseMs: reconnect.baseMs ?? DEFAULT_BACKOFF.baseMs,
    capMs: reconnect.capMs ?? DEFAULT_BACKOFF.capMs,
    maxAttempts: off ? 0 : (reconnect.maxAttempts ?? DEFAULT_BACKOFF.maxAttempts),
    maxElapsedMs: reconnect.maxElapsedMs ?? DEFAULT_BACKOFF.maxElapsedMs,
    initial: reconnect.initial ?? false,
    stableAfterMs: reconnect.stableAfterMs ?? DEFAULTS.stableAfterMs,
    connectTimeoutMs: options.connectTimeoutMs ?? DEFAULTS.connectTimeoutMs,
    closeTimeoutMs: options.closeTimeoutMs ?? DEFAULTS.closeTimeoutMs,
    probeTimeoutMs: DEFAULTS.probeTimeoutMs,
    authorizeTimeoutMs: DEFAULTS.authorizeTimeoutMs,
    idleTimeoutMs: options.idleTimeoutMs ?? Number.POSITIVE_INFINITY,
    keepAlive: options.keepAlive ?? false,
  };
}
