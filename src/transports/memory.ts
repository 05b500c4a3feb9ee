import type { InMemoryTransport } from "@modelcontextprotocol/client";
import type { McpServerFactory } from "@modelcontextprotocol/server";
import { invalid } from "../base/check.js";
import { HoldfastError } from "../base/errors.js";
import { fieldsOf } from "../base/fields.js";
import { loader } from "../base/loader.js";
import { checkKnown } from "../contract/check-options.js";
import type { SharedOptions } from "../contract/options.js";
import { serverInfoOf } from "../session/sdk-internals.js";
import { MemoryWire } from "../wires/memory.js";
import { KindTransport } from "./kind.js";
import type { Opener } from "./opener.js";

/** Anything that serves MCP on a transport: `Server` and `McpServer` of the SDK 1 and 2, `FastMCP` of the npm package `fastmcp`. */
export interface ServerLike {
  // biome-ignore lint/suspicious/noExplicitAny: the two SDKs' Transport types differ in what they leave optional.
  connect(transport: any, ...rest: any[]): Promise<unknown>;
  close?(): unknown;
}
/** Makes a server for each connection. */
export type ServerFactory = () => ServerLike | Promise<ServerLike>;

/** The options of `MemoryTransport`. */
export interface MemoryTransportOptions extends SharedOptions {
  /** A server object, with one owner and in the legacy era, or a function that makes one for each connection, in either era. */
  server: ServerLike | ServerFactory;
}

const loadServer = loader(() =>
  Promise.all([import("@modelcontextprotocol/server"), import("@modelcontextprotocol/server/stdio")]),
);

/** Who serves an instance now. */
const owners = new WeakMap<object, { opener: Opener; inUse(): boolean }>();

/** A server in this program. */
export class MemoryTransport extends KindTransport<MemoryTransportOptions> {
  constructor(options: MemoryTransportOptions) {
    const { server } = options;
    checkKnown("memory", options, ["server"]);
    if (typeof server !== "function" && !isServer(server)) {
      throw invalid("server", "expected a server with a connect method, or a function that makes one");
    }
    const shown = options.name ?? nameOf(server);
    const opener =
      typeof server === "function" ? factoryOpener(server, shown) : instanceOpener(server, shown);
    super(options, opener, MemoryTransport);
  }
}

/** `shown`: what the server is called in errors. */
function factoryOpener(factory: ServerFactory, shown: string): Opener {
  return {
    kind: "memory",
    name: nameOf(factory),
    open: () => new MemoryWire((side) => serveFresh(factory, side, shown)),
  };
}

function instanceOpener(server: ServerLike, shown: string): Opener {
  const opener: Opener = {
    kind: "memory",
    name: nameOf(server),
    defaults: { era: "legacy" },
    open: ({ inUse }) => {
      const owner = owners.get(server);
      if (owner && owner.opener !== opener && owner.inUse()) {
        const message = `${shown}: this server instance is served by another MemoryTransport; pass a function that makes one`;
        throw new HoldfastError("CONFIG_INVALID", message, { server: shown, path: "server" });
      }
      owners.set(server, { opener, inUse });
      return new MemoryWire((side) => serveInstance(server, side));
    },
  };
  return opener;
}

export function isServer(value: unknown): value is ServerLike {
  return typeof fieldsOf(value)["connect"] === "function";
}

/** Serves what the factory makes, in either era where the SDK 2 made it. */
export async function serveFresh(
  factory: ServerFactory,
  side: InMemoryTransport,
  name: string,
): Promise<() => unknown> {
  const server = await factory();
  if (!isServer(server))
    throw new HoldfastError("CONFIG_INVALID", `${name}: the server factory gave no server`, {
      server: name,
      path: "server",
    });
  // Only the SDK 2 serves both eras, and from a factory only. A program without such a server need not load it.
  const [{ McpServer, Server }, { serveStdio }] = await loadServer();
  if (!(server instanceof McpServer || server instanceof Server)) return serveInstance(server, side);
  let first: ServerLike | undefined = server;
  const next = async () => {
    const made = first ?? (await factory());
    first = undefined;
    return made;
  };
  const handle = serveStdio(next as unknown as McpServerFactory, { transport: side });
  return () => handle.close();
}

/** Serves one object, in the legacy era. */
export async function serveInstance(server: ServerLike, side: InMemoryTransport): Promise<() => unknown> {
  // An SDK server holds one transport at a time, so the last attempt's goes first.
  if ("transport" in server || "server" in server) await server.close?.();
  const session = await server.connect(side);
  // FastMCP gives the session that it made; only closing that stops its timers.
  if (isClosable(session)) return () => session.close();
  return () => server.close?.();
}

function isClosable(value: unknown): value is { close(): unknown } {
  return typeof fieldsOf(value)["close"] === "function";
}

/** The name that the server gives itself, where it can be read. */
function nameOf(server: ServerLike | ServerFactory): string {
  if (typeof server === "function") return server.name || "memory";
  const { name } = serverInfoOf(fieldsOf(server)["server"] ?? server);
  return typeof name === "string" ? name : "memory";
}
