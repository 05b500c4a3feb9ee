import type {
  ClientCapabilities,
  Implementation,
  Notification,
  Result,
  ServerCapabilities,
  ServerContext,
} from "@modelcontextprotocol/server";
import type { Admit } from "../contract/asking.js";
import type { CallContext } from "../contract/call-context.js";
import { TASKS_EXTENSION } from "../contract/protocol.js";
import type { Session } from "../contract/session.js";

export type Params = Record<string, unknown>;

/** What a gateway needs to know of a request of its client. */
export interface RequestContext {
  readonly mcpReq: Pick<ServerContext["mcpReq"], "id" | "signal" | "requestState" | "notify"> & {
    readonly [K in "_meta" | "envelope" | "inputResponses"]?: ServerContext["mcpReq"][K] | undefined;
  };
}

/** One server behind a gateway. */
export interface Upstream {
  readonly name: string;
  /** Open once the server was reached; it lives across reconnects. */
  readonly session: Session | undefined;
  /** The default of its calls in milliseconds; 0: none. */
  readonly timeoutMs: number | undefined;
  /** Settles with the session; rejects when there can be none, or with what the signal says. */
  opened(signal: AbortSignal): Promise<Session>;
}

/** Who gets a request of the client, and its params in that server's own words. */
export interface Route {
  upstream: Upstream;
  params: Params;
  /** Asked before each sending. Left out: it may be sent. */
  admit?: Admit | undefined;
}

/** What a gateway presents as one server: one session as it is, or the members of a composite. */
export type Presented = PresentedAsIs | PresentedMany;

interface PresentedBase {
  upstreams(): readonly Upstream[];
  /** What the client is told with the handshake. */
  capabilities(): ServerCapabilities;
  instructions(): string | undefined;
  /** Where a request goes, as far as that can be said without asking anybody. */
  known(method: string, params: Params): Route | undefined;
  /** A result of that server in the words of the client. */
  show(upstream: Upstream, method: string, result: Result): Result;
  /** A notification likewise; undefined: not for the client. */
  showNotification(upstream: Upstream, notification: Notification): Notification | undefined;
}

/** One session: its own name, and every request to it as it came. */
export interface PresentedAsIs extends PresentedBase {
  info(): Implementation | undefined;
  known(method: string, params: Params): Route;
}

/** Several servers, whose names and lists become one. */
export interface PresentedMany extends PresentedBase {
  list(method: ListMethod, signal: AbortSignal): Promise<Result>;
  /** The answer to what is asked of no server, but of us. */
  own?(method: string, params: Params, signal: AbortSignal): Promise<Result> | undefined;
  /** All that answer a request together, as a list of an extension; one or nobody: it is routed as any. */
  all(method: string): readonly Upstream[];
  /** @throws an error for the client where nobody offers what is asked for */
  route(method: string, params: Params, signal: AbortSignal): Promise<Route>;
}

/** What a gateway knows of its client. */
export interface GatewayHost {
  presented: Presented;
  /** Nothing where the client is not ours. */
  contextOf(requestId: string | number): CallContext | undefined;
  /** What a legacy client can be asked, where the session behind says less. Left out: what that says. */
  capabilities?(): ClientCapabilities;
  report(message: string): void;
}

export const LIST_METHODS = [
  "tools/list",
  "prompts/list",
  "resources/list",
  "resources/templates/list",
] as const;
export type ListMethod = (typeof LIST_METHODS)[number];

export const ROUTED_METHODS = [
  "tools/call",
  "prompts/get",
  "resources/read",
  "resources/subscribe",
  "resources/unsubscribe",
  "completion/complete",
  // Of the legacy era, and of an extension of the modern one.
  "tasks/get",
  "tasks/result",
  "tasks/cancel",
] as const;

export const LIST_KINDS = ["tools", "prompts", "resources"] as const;
/** What a list-changed notification is about. */
export type ListKind = (typeof LIST_KINDS)[number];

/** Whether a server with these capabilities offers a method. */
export function isOffered(method: string, capabilities: ServerCapabilities): boolean {
  const [family = ""] = method.split("/");
  if (family === "tasks")
    return capabilities.tasks !== undefined || capabilities.extensions?.[TASKS_EXTENSION] !== undefined;
  if (method.endsWith("scribe")) return capabilities.resources?.subscribe === true;
  return family === "completion" ? capabilities.completions !== undefined : family in capabilities;
}
