import { getProxyForUrl } from "proxy-from-env";
import { Agent, buildConnector, type Dispatcher, EnvHttpProxyAgent, ProxyAgent } from "undici";
import { HoldfastError } from "../errors.js";

/** TLS options of a remote transport, as `node:tls` names them. */
export interface TlsOptions {
  ca?: string | Buffer | (string | Buffer)[];
  cert?: string | Buffer;
  key?: string | Buffer;
  /** Default true. */
  rejectUnauthorized?: boolean;
}

export interface AgentOptions {
  tls: TlsOptions | undefined;
  /** A proxy's URL; `false` for none; undefined to follow `HTTP_PROXY HTTPS_PROXY ALL_PROXY NO_PROXY`. */
  proxy: string | false | undefined;
  connectTimeoutMs: number;
}

/** The sockets of one connection. They end with it, and none of them keeps a program alive. */
export function createAgent({ tls, proxy, connectTimeoutMs }: AgentOptions): Dispatcher {
  // Our own deadlines hold; undici's would end a quiet stream after 300 s.
  const common = {
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: unheld({ ...tls, timeout: connectTimeoutMs }),
  };
  const proxied = { ...common, connect: undefined, requestTls: tls, proxyTls: tls };
  if (proxy === false) return new Agent(common);
  if (proxy !== undefined) return new ProxyAgent({ ...proxied, uri: proxy });
  const env = (name: string) => process.env[name.toLowerCase()] || process.env[name] || undefined;
  const all = env("ALL_PROXY");
  const httpProxy = env("HTTP_PROXY") ?? all;
  const httpsProxy = env("HTTPS_PROXY") ?? all;
  if (!httpProxy && !httpsProxy) return new Agent(common);
  return new EnvHttpProxyAgent({
    ...common,
    requestTls: tls,
    proxyTls: tls,
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
function unheld(options: buildConnector.BuildOptions): buildConnector.connector {
  const connect = buildConnector(options);
  return (target, callback) =>
    connect(target, (...result) => {
      const socket = result[1];
      if (socket) {
        socket.unref();
        socket.ref = () => socket;
      }
      callback(...result);
    });
}
