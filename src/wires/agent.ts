import { connect, type Socket } from "node:net";
import { getProxyForUrl } from "proxy-from-env";
import { Agent, buildConnector, type Dispatcher, EnvHttpProxyAgent, Pool, ProxyAgent } from "undici";
import { HoldfastError } from "../base/errors.js";
import { FORBIDDEN_ADDRESS, isThisMachine, leadsToThisMachine } from "../base/this-machine.js";
import type { TlsOptions } from "../contract/options.js";
import { systemClock } from "../machines/clock.js";

export interface AgentOptions {
  tls: TlsOptions | undefined;
  /**
   * A proxy's URL; `false` for none; undefined to follow `HTTP_PROXY HTTPS_PROXY ALL_PROXY NO_PROXY`. What is for this machine
   * goes through none, save one that is named here and is on this machine too.
   */
  proxy: string | false | undefined;
  connectTimeoutMs: number;
  /** Whether an address may be connected to. It is asked with the address of the socket, so no name can deceive it. Default: any. */
  mayReach?: (address: string) => boolean;
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
  factory: NonNullable<Agent.Options["factory"]> = (origin, more) => new Pool(origin, more),
): Dispatcher {
  const { tls, proxy } = options;
  const straight = unheld(options, traffic);
  // Our own deadlines hold; undici's would end a quiet stream after 300 s.
  const common = { headersTimeout: 0, bodyTimeout: 0, factory, connect: straight };
  if (proxy === false) return new Agent(common);
  const toProxy = {
    ...(tls && { requestTls: tls, proxyTls: tls }),
    factory: isHere(proxy) ? factory : pastProxy(factory, straight),
  };
  if (proxy !== undefined) {
    const { connect: _, ...bare } = common;
    return new ProxyAgent({ ...bare, ...toProxy, uri: proxy });
  }
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

const isHere = (proxy: string | undefined): boolean =>
  proxy !== undefined && isThisMachine(new URL(proxy).hostname);

/** A factory whose sockets go through the proxy, but straight to this machine: there a proxy would only listen. */
function pastProxy(
  factory: NonNullable<Agent.Options["factory"]>,
  straight: buildConnector.connector,
): NonNullable<Agent.Options["factory"]> {
  return (origin, options) => {
    const { connect: tunnel } = options as { connect: buildConnector.connector };
    const connect: buildConnector.connector = (target, callback) => {
      Promise.resolve(leadsToThisMachine(target.hostname))
        .then((here) => (here ? straight : tunnel)(target, callback))
        .catch((error: Error) => callback(error, null));
    };
    return factory(origin, { ...options, connect });
  };
}

/** The proxy on the way to `url`, for what undici does not open, as far as the name of its host tells. */
export function proxyFor(url: URL, proxy: string | false | undefined): string | undefined {
  if (proxy === false) return undefined;
  const found = proxy ?? getProxyForUrl(url.href.replace(/^ws/, "http"));
  if (!found || (isThisMachine(url.hostname) && !isHere(proxy))) return undefined;
  if (URL.canParse(found) && /^https?:$/.test(new URL(found).protocol)) return found;
  throw new HoldfastError("CONFIG_INVALID", "the proxy of the environment is no http proxy; pass proxy", {
    path: "proxy",
  });
}

/** The same, where the name of the host may be looked up. */
export async function proxyTo(url: URL, proxy: string | false | undefined): Promise<string | undefined> {
  const found = proxyFor(url, proxy);
  if (found === undefined || isHere(proxy || undefined)) return found;
  return (await leadsToThisMachine(url.hostname)) ? undefined : found;
}

/** A connector whose sockets stay unref'd, whatever undici wants of them. */
function unheld(options: AgentOptions, traffic: Traffic): buildConnector.connector {
  const { tls, connectTimeoutMs, mayReach } = options;
  const connect = buildConnector({ ...tls, timeout: connectTimeoutMs });
  return (target, callback) =>
    connect(target, (...result) => {
      const socket = result[1];
      const address = socket?.remoteAddress;
      if (socket && address !== undefined && mayReach?.(address) === false) {
        socket.destroy();
        return callback(forbidden(target.hostname, address), null);
      }
      if (socket) {
        socket.unref();
        traffic.add(socket);
        socket.ref = () => socket;
      }
      callback(...result);
    });
}

const forbidden = (host: string, address: string): Error =>
  Object.assign(new Error(`${host} is at ${address}, which may not be asked`), { code: FORBIDDEN_ADDRESS });

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
