import { existsSync, statSync } from "node:fs";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import { HoldfastError } from "../errors.js";
import type { SharedOptions } from "../options.js";
import { shownUrl } from "../secrets.js";
import { checkOneOf } from "../transports/check.js";
import { StreamableHttpTransport } from "../transports/http.js";
import { isServer, MemoryTransport, type ServerFactory, type ServerLike } from "../transports/memory.js";
import { NODE_ENDINGS, NodeStdioTransport } from "../transports/node.js";
import { PYTHON_ENDINGS, PythonStdioTransport } from "../transports/python.js";
import type { RemoteOptions } from "../transports/remote.js";
import { SSETransport, type SSETransportOptions } from "../transports/sse.js";
import type { ProcessOptions } from "../transports/stdio.js";
import { ClientTransport } from "../transports/transport.js";
import { WSTransport } from "../transports/websocket.js";

/** What `inferTransport` makes a transport from. */
export type Target = ClientTransport | ServerLike | ServerFactory | URL | string;
export type InferOptions = SharedOptions &
  Omit<RemoteOptions, keyof SharedOptions> &
  Omit<ProcessOptions, keyof SharedOptions> & {
    /** How an `http(s)` URL is reached. Default: `sse` where its path says so (`/sse`), else `http`. */
    transport?: "http" | "sse";
  };

/**
 * The transport for a target: a transport (as it is), a server object or a function that makes one (memory), a URL
 * (`http(s)`: Streamable HTTP, or SSE where the path has `/sse`; `ws(s)`: WebSocket), or the path of a script that
 * exists (Python, Node). Nothing is started.
 * @throws HoldfastError `CANNOT_INFER`, naming what was given and what is accepted; `CONFIG_INVALID` for a wrong option
 */
export function inferTransport(target: Target, options: InferOptions = {}): ClientTransport {
  checkOneOf("transport", options.transport, ["http", "sse"]);
  if (target instanceof ClientTransport) return target;
  if (typeof target === "function") return new MemoryTransport({ server: target, ...options });
  if (isServer(target)) return new MemoryTransport({ server: target, ...options });
  if (typeof target !== "string" && !(target instanceof URL)) throw cannot(describe(target), "");
  const url = target instanceof URL ? target : urlOf(target);
  if (url && url.protocol !== "file:") return fromUrl(target, url, options);
  return fromPath(url ? fileURLToPath(url) : String(target), options);
}

function fromUrl(given: string | URL, url: URL, options: InferOptions): ClientTransport {
  const target = { url: given };
  switch (url.protocol) {
    case "http:":
    case "https:": {
      const { transport = SSE_PATH.test(url.pathname) ? "sse" : "http", ...rest } = options;
      if (transport === "http") return new StreamableHttpTransport({ ...target, ...rest });
      return new SSETransport({ ...target, ...(rest as Omit<SSETransportOptions, "url">) });
    }
    case "ws:":
    case "wss:":
      return new WSTransport({ ...target, ...options });
    default:
      throw cannot(shownUrl(url), `The scheme ${url.protocol}// is not one of them.`);
  }
}

/** `/sse` as the end of a part of the path. */
const SSE_PATH = /\/sse(?:[/?&;]|$)/;

function fromPath(path: string, options: InferOptions): ClientTransport {
  if (!existsSync(path)) throw cannot(JSON.stringify(path), "There is no such file.");
  if (!statSync(path).isFile()) throw cannot(JSON.stringify(path), "It is not a file.");
  const ending = extname(path);
  if (PYTHON_ENDINGS.includes(ending)) return new PythonStdioTransport({ scriptPath: path, ...options });
  if (NODE_ENDINGS.includes(ending)) return new NodeStdioTransport({ scriptPath: path, ...options });
  throw cannot(JSON.stringify(path), `A file that ends in ${JSON.stringify(ending)} is not one of them.`);
}

/** A URL with a scheme; a Windows drive letter is none. */
function urlOf(text: string): URL | undefined {
  if (!/^[a-z][a-z0-9+.-]+:/i.test(text)) return undefined;
  return URL.canParse(text) ? new URL(text) : undefined;
}

const ACCEPTED = `an http://, https://, ws:// or wss:// URL; the path of a script (${[...PYTHON_ENDINGS, ...NODE_ENDINGS].join(", ")}); a server object or a function that makes one; a ClientTransport`;

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
