import type { MCPConfigTransportOptions } from "../composite/options.js";
import type { McpConfig } from "../config/parse.js";
import type { SharedOptions } from "../contract/options.js";
import type { ServerFactory, ServerLike } from "../transports/memory.js";
import type { RemoteOptions } from "../transports/remote.js";
import type { ProcessOptions } from "../transports/stdio.js";
import type { ClientTransport } from "../transports/transport.js";

/** What `inferTransport` takes. A plain object is the content of a config in any dialect. */
export type Target =
  | ClientTransport
  | ServerLike
  | ServerFactory
  | McpConfig
  | Record<string, unknown>
  | URL
  | string;
/** The options of `inferTransport`: those of the transport that it makes. */
export type InferOptions = SharedOptions &
  Omit<RemoteOptions, keyof SharedOptions> &
  Omit<ProcessOptions, keyof SharedOptions> & {
    /** How an `http(s)` URL is reached. Default: `sse` where its path has `/sse`, else `http`. */
    transport?: "http" | "sse";
  } & Omit<MCPConfigTransportOptions, "config" | keyof SharedOptions | keyof ProcessOptions>;
