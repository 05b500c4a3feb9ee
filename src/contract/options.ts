import type { AuthProvider, OAuthClientProvider, ResponseCacheStore } from "@modelcontextprotocol/client";
import { DEFAULT_BACKOFF } from "../machines/backoff.js";
import type { ConnectionPolicy } from "../machines/reducers.js";
import type { CredentialSource } from "./credential.js";
import type { Inspect } from "./inspection.js";

/** How a lost connection is retried. Times in milliseconds. */
export interface ReconnectOptions {
  /** Also retries a server that was never reached. Default false: the first failure is reported at once. */
  initial?: boolean;
  /** The upper bound of the first random delay. It doubles with each attempt. Default 250. */
  baseMs?: number;
  /** The upper bound of every delay, except of one that the server asks for. Default 30,000. */
  capMs?: number;
  /** Gives up after this many attempts in a row. Default: no limit. */
  maxAttempts?: number;
  /** Gives up when no attempt has succeeded for this long. Default: no limit. */
  maxElapsedMs?: number;
  /** After a connection has held for this long, its failed attempts are forgotten. Default 5,000. */
  stableAfterMs?: number;
}

/** When the server of a silent connection is asked for a sign of life. */
export interface HeartbeatOptions {
  /** How long nothing may be received before that, in milliseconds. Default 30,000. */
  intervalMs?: number;
}

/**
 * The protocol era. `legacy`: revisions up to 2025-11-25, with a handshake. `modern`: 2026-07-28, without sessions. `auto`: the
 * server is asked.
 */
export type EraOption = "auto" | "legacy" | "modern";

/**
 * When a lost request is sent again. `safe`: only where that cannot do anything twice. `always`: in any case, so the server may do
 * it twice. `never`: not at all.
 */
export type ReplayMode = "safe" | "always" | "never";

/**
 * How a server is authorized: a bearer token; a function that returns one for each request; `"oauth"`; the result of `oauth()` or
 * `clientCredentials()`; a provider of the SDK.
 */
export type AuthOption =
  | string
  | CredentialSource
  | (() => string | undefined | Promise<string | undefined>)
  | AuthProvider
  | OAuthClientProvider;

/**
 * Where holdfast reports what happens to a connection: one line an event, see docs/logging.md. `console` and whatever is built like it
 * gets a line of text; pino, and whatever has `bindings()` like it, the fields first and the sentence second.
 */
export interface Logger {
  /** Each attempt, and each wait. Default: nobody. */
  // biome-ignore lint/suspicious/noExplicitAny: loggers differ in what they take first.
  debug?(entry: any, message?: string): void;
  /** What happened and was mended. Default: nobody. */
  // biome-ignore lint/suspicious/noExplicitAny: loggers differ in what they take first.
  info?(entry: any, message?: string): void;
  /** Oddities, and what a person should look at. */
  // biome-ignore lint/suspicious/noExplicitAny: loggers differ in what they take first.
  warn(entry: any, message?: string): void;
  /** What does not work any more. Default: nobody. */
  // biome-ignore lint/suspicious/noExplicitAny: loggers differ in what they take first.
  error?(entry: any, message?: string): void;
}

/** TLS options of a remote transport, as `node:tls` names them. */
export interface TlsOptions {
  /** The certificate authorities to trust, as PEM. Default: those of Node. */
  ca?: string | Buffer | (string | Buffer)[];
  /** The client's certificate, as PEM. Default: none. */
  cert?: string | Buffer;
  /** The private key of `cert`, as PEM. Default: none. */
  key?: string | Buffer;
  /** Whether a server with an invalid certificate is refused. Default true. */
  rejectUnauthorized?: boolean;
}

/** Where answers are kept that the server says may be kept; `false`: nowhere. */
export type CacheOption = false | { store: ResponseCacheStore };

/** How much work a schema of a server may make. */
export interface SchemaLimits {
  /** What constrains an answer: keywords and their entries, those behind each `$ref` included. Default 1,000. */
  keywords?: number;
  /** How deep schemas stand in one another. Default 64. */
  depth?: number;
  /** The text of the schema, in characters. Default 1,048,576. */
  characters?: number;
  /** The work of one check: a step is a schema applied to a value, or eight instructions of a pattern's program. Default 200,000. */
  steps?: number;
  /** The longest text that is held against a pattern or a format, in characters. Default 65,536. */
  textCharacters?: number;
}

/** The options that every transport takes. All times in milliseconds. */
export interface SharedOptions {
  /** The name of the server in statuses and errors. Default: made from the target. */
  name?: string;
  /** How a lost connection is retried; `false`: not at all. Default: without limit, see `ReconnectOptions`. */
  reconnect?: ReconnectOptions | false;
  /** The deadline of one attempt to connect. Default 30,000; 120,000 for commands that may fetch a package. */
  connectTimeoutMs?: number;
  /** The deadline of closing a connection. Default 5,000. */
  closeTimeoutMs?: number;
  /** Ends a connection that nobody has needed for this long, even with `keepAlive`. Default: never. */
  idleTimeoutMs?: number;
  /** Keeps a healthy connection when the last session ends. Default true for local processes, else false. */
  keepAlive?: boolean;
  /** The protocol era. Default `auto`. */
  era?: EraOption;
  /** When a lost request is sent again. A call may say otherwise. Default `safe`. */
  replay?: ReplayMode;
  /** Asks a silent server for a sign of life; `false`: never. Default: after 30 s for remote servers, never for local ones. */
  heartbeat?: HeartbeatOptions | false;
  /** Whether a lost call is sent again if the tool's annotations say that it only reads or may be repeated. Default true. */
  trustAnnotations?: boolean;
  /**
   * What a modern server says may be kept (`ttlMs`) is kept for as long, within one connection, in memory or in a store of the
   * SDK's form. `false`: nothing is. Nothing that was read is served once the server was reached anew. Default: in memory.
   */
  cache?: CacheOption;
  /** How many calls may wait for the connection. One more rejects with `QUEUE_FULL`. Default 1,000. */
  maxQueued?: number;
  /** How many requests of the server (sampling, elicitation, roots) are answered at once. One more is refused as busy. Default 100. */
  maxServerRequests?: number;
  /**
   * How many messages a second a server may send that nobody asked for: notifications, requests, stderr (1 KiB counts as one). Half as
   * many may come at once. A server that sends more is read more slowly; several such share this number. What was asked for
   * counts by its bytes while it does. Default 1,000.
   */
  maxUnaskedPerSecond?: number;
  /**
   * How many bytes of messages that have begun and not ended yet the whole program may hold, of all its connections. What comes on
   * top is thrown away, and the call that it answers fails. Default 256 MiB,
   * or twice `maxMessageBytes` where that is more.
   */
  maxReceivingBytes?: number;
  /** How many answers to the server may wait for it to read them. One more is left out. Default 1,000. */
  maxUnsentAnswers?: number;
  /** How much work the schemas of a server may make. A schema or a result that asks for more is not checked, with a warning. */
  schemaLimits?: SchemaLimits;
  /** The deadline of calls that name none; 0: no deadline. It wins over the session's `timeoutMs`. Default: that of the session. */
  callTimeoutMs?: number;
  /**
   * More values that nothing may show. Those of headers, `auth`, `env`, URLs, and of arguments and variables that are secrets by
   * their name or form are known without being named here. Default: none.
   */
  secrets?: readonly string[];
  /**
   * The path of a file in which every message of the connection is recorded, in JSON lines, with its inspection events: arguments and
   * results too, without the secrets that are known. Its user alone may read it; it takes the place of an older recording, and ends
   * at 64 MiB. `inferTransport` plays it. Default: nothing is recorded.
   */
  record?: string;
  /** Called with each `InspectionEvent` of the connection, from its first moment on. Default: nobody. */
  inspect?: Inspect;
  /** Where it is logged what happens to the connection, such as `console` or `pino()`. Default: nowhere. */
  logger?: Logger;
}

/** All defaults in one place, in milliseconds and bytes. */
export const DEFAULTS = {
  /** The deadline of one attempt to connect. */
  connectTimeoutMs: 30_000,
  /** The deadline of closing a connection. Ending a process, with SIGTERM and then SIGKILL, takes up to 70 % of it. */
  closeTimeoutMs: 5_000,
  /** The deadline of a call that names none. */
  callTimeoutMs: 60_000,
  /** How long a server that seems to be gone may take to answer. */
  probeTimeoutMs: 5_000,
  /** How long a person may take to sign in. */
  authorizeTimeoutMs: 300_000,
  /** After a connection has held for this long, its failed attempts are forgotten. */
  stableAfterMs: 5_000,
  /** How long a remote server may be silent before it is asked for a sign of life. */
  heartbeatMs: 30_000,
  /** After this long a composite opens with the servers that it has. */
  startTimeoutMs: 10_000,
  /** How many servers of a composite make their first attempt at the same time. */
  maxStarts: 8,
  /** How long a list of a composite waits for a server that does not answer. */
  listWaitMs: 2_000,
  /** How long one server of a composite may take to answer one list. */
  listTimeoutMs: 10_000,
  /** The deadline of one attempt for commands that may fetch a package first: uv, uvx, npx and their like. */
  runnerConnectTimeoutMs: 120_000,
  /** The question for the protocol era takes at most this, and at most a third of the connect deadline. */
  eraProbeTimeoutMs: 3_000,
  /** For how long a server is remembered to be legacy. After that it is asked again. */
  eraMemoryMs: 60 * 60 * 1000,
  /** How many calls may wait for one connection. */
  maxQueued: 1_000,
  /** How many requests of one server are answered at once. */
  maxServerRequests: 100,
  /** How many messages a second a server may send that nobody asked for. */
  maxUnaskedPerSecond: 1_000,
  /** How many bytes of messages that have begun and not ended the whole program may hold. */
  maxReceivingBytes: 256 * 1024 * 1024,
  /** How many answers may wait for a server to read them. */
  maxUnsentAnswers: 1_000,
  /** The largest message that is accepted. */
  maxMessageBytes: 64 * 1024 * 1024,
  maxLogBytes: 10 * 1024 * 1024,
  /** The longest wait that a server may ask for. */
  maxRetryAfterMs: 60 * 60 * 1000,
  /** How many HTTP sockets the calls of one connection use at the same time. */
  maxSockets: 32,
  /** After an HTTP server has forgotten a session, how long the other calls of that session may still be answered. */
  forgottenSessionMs: 2_000,
} as const;

/** Fills in the defaults, for the state machine. */
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
