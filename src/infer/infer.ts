import { existsSync, statSync } from "node:fs";
import { basename, extname } from "node:path";
import { checkOneOf } from "../base/check.js";
import { MCPConfigTransport } from "../composite/config-transport.js";
import type { MCPConfigTransportOptions } from "../composite/options.js";
import { findServers, isObject } from "../config/dialects.js";
import { isParsed } from "../config/parse.js";
import { RecordedServer } from "../recording/server.js";
import { isServer, MemoryTransport } from "../transports/memory.js";
import { NODE_ENDINGS, NodeStdioTransport } from "../transports/node.js";
import { PYTHON_ENDINGS, PythonStdioTransport } from "../transports/python.js";
import { RecordedTransport } from "../transports/recorded.js";
import { ClientTransport } from "../transports/transport.js";
import { cannotInfer, describe } from "./cannot-infer.js";
import { isConfigFile } from "./config-file.js";
import type { InferOptions, Target } from "./target.js";
import { fromUrl, pathOf, urlOf } from "./url.js";

/**
 * Makes the transport for a target. The target is a transport (returned as it is); a server object or a function that makes one
 * (memory); a recording; a URL (`http(s)`: Streamable HTTP, or SSE where the path has `/sse`; `ws(s)`: WebSocket); the path of an existing
 * script (Python, Node); or a config, as a path or as its content. Nothing is started.
 * @throws HoldfastError `CANNOT_INFER` for any other target; the message names what was given and what is accepted
 * @throws HoldfastError `CONFIG_INVALID` for a wrong option
 */
export function inferTransport(target: Target, options: InferOptions = {}): ClientTransport {
  checkOneOf("transport", options.transport, ["http", "sse"]);
  if (target instanceof ClientTransport) return target;
  if (target instanceof RecordedServer) return new RecordedTransport({ recording: target, ...options });
  if (typeof target === "function") return new MemoryTransport({ server: target, ...options });
  if (isServer(target)) return new MemoryTransport({ server: target, ...options });
  if (typeof target !== "string" && !(target instanceof URL)) {
    if (isConfig(target))
      return new MCPConfigTransport({ config: target, ...options } as MCPConfigTransportOptions);
    throw cannotInfer(describe(target), "");
  }
  const url = target instanceof URL ? target : urlOf(target);
  if (url && url.protocol !== "file:") return fromUrl(target, url, options);
  return fromPath(url ? pathOf(url) : String(target), options);
}

function fromPath(path: string, options: InferOptions): ClientTransport {
  if (!existsSync(path)) throw cannotInfer(JSON.stringify(path), "There is no such file.");
  if (!statSync(path).isFile()) throw cannotInfer(JSON.stringify(path), "It is not a file.");
  const ending = extname(path);
  if (PYTHON_ENDINGS.includes(ending)) return new PythonStdioTransport({ scriptPath: path, ...options });
  if (NODE_ENDINGS.includes(ending)) return new NodeStdioTransport({ scriptPath: path, ...options });
  if (basename(path) === "fastmcp.json") throw cannotInfer(JSON.stringify(path), FASTMCP);
  if (ending === ".jsonl") return new RecordedTransport({ recording: path, ...options });
  if (isConfigFile(path))
    return new MCPConfigTransport({ config: path, ...options } as MCPConfigTransportOptions);
  throw cannotInfer(
    JSON.stringify(path),
    `A file that ends in ${JSON.stringify(ending)} is not one of them.`,
  );
}

const FASTMCP = "A fastmcp.json describes how to run one server; it is no list of servers.";

/** Whether an object is a config in any dialect. A wrong config counts, too, so that it gets an error of its own. */
function isConfig(target: unknown): target is object {
  if (!isObject(target)) return false;
  if (isParsed(target)) return true;
  const found = findServers(target);
  return typeof found !== "string" || found.includes("expected an object with a server");
}
