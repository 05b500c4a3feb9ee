import { connect, type Socket } from "node:net";
import { getProxyForUrl } from "proxy-from-env";
import { Agent, buildConnector, type Dispatcher, EnvHttpProxyAgent, ProxyAgent } from "undici";
import { HoldfastError } from "../base/errors.js";
import type { TlsOptions } from "../contract/options.js";
import { systemClock } from "../machines/clock.js";

export interface AgentOptions {
  tls: TlsOptions | undefined;
  /** A proxy's URL; `false` for none; undefined to follow `HTTP_PROXY HTTPS_PROXY ALL_PROXY NO_PROXY`. */
  proxy: string | false | undefined;
  connectTimeoutMs: number;
}

/** What the open and ended sockets of one connection received, as far as they are ours to count. */
export class Traffic {
  readonly #open = new Set<Socket>();
  #ended = 0;

  add(socket: Socket): void {
    this.#open.add(socket);
    socket.once("close", () => {
      this.#open.delete(socket);
      this.#ended += socket.bytesRead;
    });
  }

  get bytesRead(): number {
    let sum = this.#ended;
    for (const socket of this.#open) sum += socket.bytesRead;
    return sum;
  }
}

/** The sockets of one connection. They end with it, and none of them keeps a program alive. */
export function createAgent(
  options: AgentOptions,
  traffic: Traffic,
  factory?: Agent.Options["factory"],
): Dispatcher {
  const { tls, proxy, connectTimeoutMs } = options;
  // Our own deadlines hold; undici's would end a quiet stream after 300 s.
  const common = {
    headersTimeout: 0,
    bodyTimeout: 0,
    ...(factory && { factory }),
    connect: unheld({ ...tls, timeout: connectTimeoutMs }, traffic),
  };
  const { connect: _, factory: __, ...bare } = common;
  const toProxy = tls && { requestTls: tls, proxyTls: tls };
  if (proxy === false) return new Agent(common);
  if (proxy !== undefined) return new ProxyAgent({ ...bare, ...toProxy, uri: proxy });
  const env = (name: string) => process.env[name.toLowerCase()] || process.env[name] || undefined;
  const all = env("ALL_PROXY");
  const httpProxy = env("HTTP_PROXY") ?? all;
  const httpsProxy = env("HTTPS_PROXY") ?? all;
  if (!httpProxy && !httpsProxy) return new Agent(common);
  return new EnvHttpProxyAgent({
    ...common,
    ...toProxy,
    httpProxy: httpProxy ?? "",
    httpsProxy: httpsProxy ?? "",
  });
}

/** The proxy on the way to `url`, for what undici does not open. */
export function proxyFor(url: URL, proxy: string | false | undefined): string | undefined {
  if (proxy === false) return undefined;
  const found = proxy ?? getProxyForUrl(url.href.replace(/^ws/, "http"));
  if (!found) return undefined;
  if (URL.canParse(found) && /^https?:$/.test(new URL(found).protocol)) return found;
  throw new HoldfastError("CONFIG_INVALID", "the proxy of the environment is no http proxy; pass proxy", {
    path: "proxy",
  });
}

/** A connector whose sockets stay unref'd, whatever undici wants of them. */
function unheld(options: buildConnector.BuildOptions, traffic: Traffic): buildConnector.connector {
  const connect = buildConnector(options);
  return (target, callback) =>
    connect(target, (...result) => {
      const socket = result[1];
      if (socket) {
        socket.unref();
        traffic.add(socket);
        socket.ref = () => socket;
      }
      callback(...result);
    });
}

/** Whether the machine behind `url` takes a connection: its program may be busy, but it is there. */
export function takesConnections(url: URL, timeoutMs: number): Promise<boolean> {
  const port = Number(url.port) || (/^(https|wss):$/.test(url.protocol) ? 443 : 80);
  return new Promise((resolve) => {
    const socket = connect({ host: url.hostname.replace(/^\[|\]$/g, ""), port });
    socket.unref();
    const timer = systemClock.setTimeout(() => done(false), timeoutMs);
    const done = (alive: boolean) => {
      systemClock.clearTimeout(timer);
      socket.destroy();
      resolve(alive);
    };
    socket.once("connect", () => done(true));
    socket.once("error", () => done(false));
  });
}
