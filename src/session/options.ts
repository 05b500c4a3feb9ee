import type {
  ClientCapabilities,
  CreateMessageRequestParams,
  CreateMessageResult,
  ElicitRequestFormParams,
  ElicitRequestParams,
  ElicitRequestURLParams,
  ElicitResult,
  Implementation,
  InputRequiredOptions,
  LoggingLevel,
  LoggingMessageNotificationParams,
  Notification,
  Progress,
  Root,
} from "@modelcontextprotocol/client";
import type { Session } from "./types.js";

/** What a handler is told besides the server's request. */
export interface HandlerContext {
  /** Fires when the server cancels the request, the wire is lost or the session ends. */
  signal: AbortSignal;
  session: Session;
  /** The server that asks, as its transport is named. */
  server: string;
}

type MaybePromise<T> = T | Promise<T>;
/** A full result, or the data alone: an object means accept, nothing means decline. */
type ElicitAnswer = ElicitResult | Record<string, unknown> | undefined | null;

export type SamplingHandler = (
  params: CreateMessageRequestParams,
  context: HandlerContext,
) => MaybePromise<CreateMessageResult | string>;
export type ElicitationHandler =
  | ((params: ElicitRequestParams, context: HandlerContext) => MaybePromise<ElicitAnswer>)
  | {
      form?(params: ElicitRequestFormParams, context: HandlerContext): MaybePromise<ElicitAnswer>;
      url?(params: ElicitRequestURLParams, context: HandlerContext): MaybePromise<ElicitAnswer>;
    };
/** A path, a `file:` URL or a full root. */
export type RootLike = string | URL | Root;
export type RootsOption = RootLike[] | (() => MaybePromise<RootLike[]>);

/** Which list of the server changed. */
export interface ListChange {
  kind: "tools" | "prompts" | "resources";
}

/** The options of `connectSession` and `withSession`. Capabilities follow the handlers that are present. */
export interface SessionOptions {
  /** Default: holdfast and its version. */
  clientInfo?: Implementation;
  /** Declared besides those that follow from the handlers. */
  capabilities?: ClientCapabilities;
  /** Declared under `capabilities.extensions`. */
  extensions?: ClientCapabilities["extensions"];
  /** The answer may be the text alone. */
  sampling?: SamplingHandler;
  elicitation?: ElicitationHandler;
  roots?: RootsOption;
  onLog?: (message: LoggingMessageNotificationParams) => void;
  /** Asked of the server; messages below it do not reach `onLog`. Default: what the server sends; `debug` on modern ones. */
  logLevel?: LoggingLevel;
  /** For calls that bring no `onprogress` of their own. */
  onProgress?: (progress: Progress, call: { method: string; name?: string }) => void;
  onListChanged?: (change: ListChange) => void;
  /** Every notification of the server, as it came. */
  onNotification?: (notification: Notification) => void;
  /** What goes wrong outside of any call. */
  onError?: (error: Error) => void;
  /** For calls that name no `timeout`. Default 60,000 ms; 0: none. */
  timeoutMs?: number;
  /** Gives up the opening of the session; once it is open, ends it. */
  signal?: AbortSignal;
  /** How input rounds of modern servers are answered; see the SDK. */
  inputRequired?: InputRequiredOptions;
  /** The most pages that a list reads. Default 64. */
  listMaxPages?: number;
}
