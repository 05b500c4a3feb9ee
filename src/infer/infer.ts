import { existsSync, statSync } from "node:fs";
import { basename, extname } from "node:path";
import { fileURLToPath } from "node:url";
import { checkOneOf } from "../base/check.js";
import { HoldfastError } from "../base/errors.js";
import { shownUrl, withoutUserInfo } from "../base/redact.js";
import { MCPConfigTransport } from "../composite/config-transport.js";
import type { MCPConfigTransportOptions } from "../composite/options.js";
import { kindOfUrl } from "../composite/server-transport.js";
import { findServers, isObject } from "../config/dialects.js";
import { isParsed, type McpConfig } from "../config/parse.js";
import type { SharedOptions } from "../contract/options.js";
import { StreamableHttpTransport } from "../transports/http.js";
import { isServer, MemoryTransport, type ServerFactory, type ServerLike } from "../transports/memory.js";
import { NODE_ENDINGS, NodeStdioTransport } from "../transports/node.js";
import { PYTHON_ENDINGS, PythonStdioTransport } from "../transports/python.js";
import type { RemoteOptions } from "../transports/remote.js";
import { SSETransport, type SSETransportOptions } from "../transports/sse.js";
import type { ProcessOptions } from "../transports/stdio.js";
import { ClientTransport } from "../transports/transport.js";
import { WSTransport } from "../transports/websocket.js";

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

/**
 * Makes the transport for a target. The target is a transport (returned as it is); a server object or a function that makes one
 * (memory); a URL (`http(s)`: Streamable HTTP, or SSE where the path has `/sse`; `ws(s)`: WebSocket); the path of an existing
 * script (Python, Node); or a config, as a path or as its content. Nothing is started.
 * @throws HoldfastError `CANNOT_INFER` for any other target; the message names what was given and what is accepted
 * @throws HoldfastError `CONFIG_INVALID` for a wrong option
 */
export function inferTransport(target: Target, options: InferOptions = {}): ClientTransport {
  checkOneOf("transport", options.transport, ["http", "sse"]);
  if (target instanceof ClientTransport) return target;
  if (typeof target === "function") return new MemoryTransport({ server: target, ...options });
  if (isServer(target)) return new MemoryTransport({ server: target, ...options });
  if (typeof target !== "string" && !(target instanceof URL)) {
    if (isConfig(target))
      return new MCPConfigTransport({ config: target, ...options } as MCPConfigTransportOptions);
    throw cannot(describe(target), "");
  }
  const url = target instanceof URL ? target : urlOf(target);
  if (!url && /^[a-z][a-z0-9+.-]*:\/\//i.test(String(target)))
    throw cannot(withoutSecrets(String(target)), "It is not a valid URL.");
  if (url && url.protocol !== "file:") return fromUrl(target, url, options);
  return fromPath(url ? pathOf(url) : String(target), options);
}

function fromUrl(given: string | URL, url: URL, options: InferOptions): ClientTransport {
  const target = { url: given };
  const kind = kindOfUrl(url);
  if (kind === undefined) {
    const isHost = /^[\w.-]+:\d/.test(String(given));
    if (isHost)
      throw cannot(withoutSecrets(String(given)), `Did you mean http://${withoutSecrets(String(given))}?`);
    throw cannot(shownUrl(url), `The scheme ${url.protocol}// is not one of them.`);
  }
  if (kind === "ws") return new WSTransport({ ...target, ...options });
  const { transport = kind, ...rest } = options;
  if (transport === "http") return new StreamableHttpTransport({ ...target, ...rest });
  return new SSETransport({ ...target, ...(rest as Omit<SSETransportOptions, "url">) });
}

function fromPath(path: string, options: InferOptions): ClientTransport {
  if (!existsSync(path)) throw cannot(JSON.stringify(path), "There is no such file.");
  if (!statSync(path).isFile()) throw cannot(JSON.stringify(path), "It is not a file.");
  const ending = extname(path);
  if (PYTHON_ENDINGS.includes(ending)) return new PythonStdioTransport({ scriptPath: path, ...options });
  if (NODE_ENDINGS.includes(ending)) return new NodeStdioTransport({ scriptPath: path, ...options });
  if (basename(path) === "fastmcp.json") throw cannot(JSON.stringify(path), FASTMCP);
  if (CONFIG_ENDINGS.includes(ending))
    return new MCPConfigTransport({ config: path, ...options } as MCPConfigTransportOptions);
  throw cannot(JSON.stringify(path), `A file that ends in ${JSON.stringify(ending)} is not one of them.`);
}

function pathOf(url: URL): string {
  try {
    return fileURLToPath(url);
  } catch {
    throw cannot(shownUrl(url), "A file URL must name a file of this machine.");
  }
}

/** A URL as it was given, without user, password, query and fragment. */
const withoutSecrets = (text: string): string => withoutUserInfo(text).replace(/[?#].*$/s, "");

/** The URL in a text. A single letter before the colon is a Windows drive, not a scheme. */
function urlOf(text: string): URL | undefined {
  if (!/^[a-z][a-z0-9+.-]+:/i.test(text)) return undefined;
  return URL.canParse(text) ? new URL(text) : undefined;
}

const FASTMCP = "A fastmcp.json describes how to run one server; it is no list of servers.";

/** Whether an object is a config in any dialect. A wrong config counts, too, so that it gets an error of its own. */
function isConfig(target: unknown): target is object {
  if (!isObject(target)) return false;
  if (isParsed(target)) return true;
  const found = findServers(target);
  return typeof found !== "string" || found.includes("expected an object with a server");
}

/** The endings of config files. */
export const CONFIG_ENDINGS = [".json", ".jsonc"];

const ACCEPTED = `an http://, https://, ws:// or wss:// URL; the path of a script (${[...PYTHON_ENDINGS, ...NODE_ENDINGS].join(", ")}); a config file (${CONFIG_ENDINGS.join(", ")}) or its content (mcpServers, servers); a server object or a function that makes one; a ClientTransport`;

function cannot(given: string, why: string): HoldfastError {
  const message = `cannot tell how to reach ${given}. ${why ? `${why} ` : ""}Accepted are: ${ACCEPTED}`;
  return new HoldfastError("CANNOT_INFER", message, { given });
}

function describe(value: unknown): string {
  if (value === null) return "null";
  if (typeof value !== "object") return `${typeof value} ${String(value)}`;
  const keys = Object.keys(value).slice(0, 5).join(", ");
  return keys ? `an object with the fields ${keys}` : "an empty object";
}
