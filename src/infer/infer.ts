import { existsSync, statSync } from "node:fs";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import { HoldfastError } from "../errors.js";
import type { SharedOptions } from "../options.js";
import { shownUrl } from "../secrets.js";
import { StreamableHttpTransport } from "../transports/http.js";
import { isServer, MemoryTransport, type ServerFactory, type ServerLike } from "../transports/memory.js";
import { NODE_ENDINGS, NodeStdioTransport } from "../transports/node.js";
import type { RemoteOptions } from "../transports/remote.js";
import type { ProcessOptions } from "../transports/stdio.js";
import { ClientTransport } from "../transports/transport.js";

/** What `inferTransport` makes a transport from. */
export type Target = ClientTransport | ServerLike | ServerFactory | URL | string;
export type InferOptions = SharedOptions &
  Omit<RemoteOptions, keyof SharedOptions> &
  Omit<ProcessOptions, keyof SharedOptions>;

/**
 * The transport for a target: a transport (as it is), a server object or a function that makes one (memory), an
 * `http(s)` URL (Streamable HTTP), or the path of a script that exists (Node). Nothing is started.
 * @throws HoldfastError `CANNOT_INFER`, naming what was given and what is accepted; `CONFIG_INVALID` for a wrong option
 */
export function inferTransport(target: Target, options: InferOptions = {}): ClientTransport {
  if (target instanceof ClientTransport) return target;
  if (typeof target === "function") return new MemoryTransport({ server: target, ...options });
  if (typeof target === "string" || target instanceof URL) return fromText(target, options);
  if (isServer(target)) return new MemoryTransport({ server: target, ...options });
  throw cannot(describe(target), "");
}

function fromText(target: string | URL, options: InferOptions): ClientTransport {
  const url = target instanceof URL ? target : urlOf(target);
  if (url?.protocol === "http:" || url?.protocol === "https:")
    return new StreamableHttpTransport({ url: target, ...options });
  if (url && url.protocol !== "file:")
    throw cannot(shownUrl(url), `The scheme ${url.protocol}// is not one of them.`);
  const path = url ? fileURLToPath(url) : String(target);
  if (!existsSync(path)) throw cannot(JSON.stringify(path), "There is no such file.");
  if (!statSync(path).isFile()) throw cannot(JSON.stringify(path), "It is not a file.");
  if (NODE_ENDINGS.includes(extname(path))) return new NodeStdioTransport({ scriptPath: path, ...options });
  throw cannot(
    JSON.stringify(path),
    `A file that ends in ${JSON.stringify(extname(path))} is not one of them.`,
  );
}

/** A URL with a scheme; a Windows drive letter is none. */
function urlOf(text: string): URL | undefined {
  if (!/^[a-z][a-z0-9+.-]+:/i.test(text)) return undefined;
  return URL.canParse(text) ? new URL(text) : undefined;
}

const ACCEPTED = `an http:// or https:// URL; the path of a script (${NODE_ENDINGS.join(", ")}); a server object or a function that makes one; a ClientTransport`;

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
