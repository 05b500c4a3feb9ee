import { isRemote, type ServerConfig } from "../config/schema.js";
import type { SharedOptions } from "../options.js";
import { StreamableHttpTransport } from "./http.js";
import { SSETransport } from "./sse.js";
import { type ProcessOptions, StdioTransport } from "./stdio.js";
import type { ClientTransport } from "./transport.js";
import { WSTransport } from "./websocket.js";

/** What the servers of a config have in common, besides what it says of each. */
export type CommonOptions = SharedOptions & Pick<ProcessOptions, "onStderr" | "stderr" | "reapOrphans">;

/** The transport of one server of a config. */
export function transportOf(name: string, server: ServerConfig, common: CommonOptions): ClientTransport {
  const { onStderr, stderr, reapOrphans, ...rest } = common;
  const shared = {
    ...rest,
    name,
    ...(server.keepAlive !== undefined && { keepAlive: server.keepAlive }),
    ...(server.era !== undefined && { era: server.era }),
    ...(server.timeout !== undefined && { callTimeoutMs: server.timeout }),
  };
  if (!isRemote(server)) {
    const { command, args, env, cwd } = server;
    return new StdioTransport({
      ...shared,
      command,
      ...(onStderr && { onStderr }),
      ...(stderr && { stderr }),
      ...(reapOrphans !== undefined && { reapOrphans }),
      ...(args && { args }),
      ...(env && { env }),
      ...(cwd !== undefined && { cwd }),
    });
  }
  const { url, headers, auth } = server;
  const remote = { ...shared, url, ...(headers && { headers }), ...(auth !== undefined && { auth }) };
  switch (kindOf(server)) {
    case "ws":
      return new WSTransport(remote);
    case "sse": {
      const { era, ...legacy } = remote;
      return new SSETransport({ ...legacy, ...(era && era !== "modern" && { era }) });
    }
    default:
      return new StreamableHttpTransport(remote);
  }
}

/** `/sse` as the end of a part of the path. */
const SSE_PATH = /\/sse(?:[/?&;]|$)/;

/** How a URL is reached where nobody says: by its scheme, and by its path. */
export function kindOfUrl(url: URL): "http" | "sse" | "ws" | undefined {
  if (url.protocol === "ws:" || url.protocol === "wss:") return "ws";
  if (url.protocol !== "http:" && url.protocol !== "https:") return undefined;
  return SSE_PATH.test(url.pathname) ? "sse" : "http";
}

/** `stdio`, or how the URL is reached. */
export function kindOf(server: ServerConfig): "stdio" | "http" | "sse" | "ws" {
  if (!isRemote(server)) return "stdio";
  return server.transport ?? kindOfUrl(new URL(server.url)) ?? "http";
}
