import type { AuthProvider, OAuthClientProvider } from "@modelcontextprotocol/client";
import { HoldfastError } from "../errors.js";
import { type AuthOption, DEFAULTS, type SharedOptions } from "../options.js";
import { shownUrl } from "../secrets.js";
import type { TlsOptions } from "../wires/agent.js";
import { checkKnown, checkStringMap, invalid } from "../check.js";
import { ClientTransport } from "./transport.js";

/** What every transport over the network takes. */
export interface RemoteOptions extends SharedOptions {
  headers?: Record<string, string>;
  /** Wins over an Authorization header, and says so. */
  auth?: AuthOption;
  tls?: TlsOptions;
  /** A proxy's URL; `false`: none. Default: `HTTP_PROXY HTTPS_PROXY ALL_PROXY NO_PROXY`. */
  proxy?: string | false;
}

interface RemoteTarget extends RemoteOptions {
  /** Used exactly as given, a trailing slash too. */
  url: string | URL;
}

/** What a kind of remote transport says of itself. */
export interface RemoteKind {
  kind: string;
  protocols: readonly string[];
  /** The options that only this kind has. */
  own: readonly string[];
}

/** A server behind a URL. The base of what goes over the network. */
export abstract class RemoteTransport extends ClientTransport {
  readonly #options: RemoteTarget;
  readonly #url: URL;

  constructor(options: RemoteTarget, { kind, protocols, own }: RemoteKind) {
    const url = parseUrl(options.url, protocols);
    checkKnown(kind, options, ["url", "headers", "auth", "tls", "proxy", ...own]);
    checkRemote(options);
    super(options, { kind, name: shownUrl(url), heartbeatMs: DEFAULTS.heartbeatMs });
    const { bare, basic } = splitUserInfo(url);
    this.#options =
      basic && !hasAuthorization(options.headers)
        ? { ...options, headers: { ...options.headers, Authorization: basic } }
        : options;
    this.#url = bare;
    if (options.auth !== undefined && hasAuthorization(options.headers)) {
      options.logger?.warn(`${this.name}: auth is used, and the Authorization header is ignored`);
    }
  }

  /** What every wire over the network is made from. */
  protected wireOptions() {
    const { headers, auth, tls, proxy, connectTimeoutMs, closeTimeoutMs } = this.#options;
    return {
      url: this.#url,
      headers: auth === undefined ? { ...headers } : withoutAuthorization(headers),
      auth: authProvider(auth, this.name),
      tls,
      proxy,
      connectTimeoutMs: connectTimeoutMs ?? DEFAULTS.connectTimeoutMs,
      closeTimeoutMs: closeTimeoutMs ?? DEFAULTS.closeTimeoutMs,
    };
  }
}

/** User and password of a URL become a header, because `fetch` refuses them where they stand. */
function splitUserInfo(url: URL): { bare: URL; basic: string | undefined } {
  if (url.username === "" && url.password === "") return { bare: url, basic: undefined };
  const bare = new URL(url);
  bare.username = "";
  bare.password = "";
  const pair = `${decoded(url.username)}:${decoded(url.password)}`;
  return { bare, basic: `Basic ${Buffer.from(pair).toString("base64")}` };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** What the SDK takes for each form of the option. */
function authProvider(
  auth: AuthOption | undefined,
  name: string,
): AuthProvider | OAuthClientProvider | undefined {
  if (auth === undefined || typeof auth === "object") return auth;
  if (typeof auth === "string") return { token: async () => auth };
  return {
    token: async () => {
      try {
        const token = await auth();
        if (token !== undefined) checkHeader("auth", token);
        return token;
      } catch (cause) {
        throw new HoldfastError("AUTH_REQUIRED", `${name}: the auth function threw: ${String(cause)}`, {
          server: name,
          cause,
        });
      }
    },
  };
}

function parseUrl(url: unknown, protocols: readonly string[]): URL {
  let parsed: URL;
  try {
    parsed = new URL(url as string);
  } catch {
    throw invalid("url", "expected a URL");
  }
  if (!protocols.includes(parsed.protocol)) {
    throw invalid("url", `expected ${protocols.map((p) => `${p}//`).join(" or ")}, got ${parsed.protocol}//`);
  }
  return parsed;
}

function checkRemote({ headers, auth, proxy }: RemoteOptions): void {
  checkStringMap("headers", headers);
  if (auth === "oauth")
    throw invalid(
      "auth",
      'signing in with "oauth" is not there yet; pass a bearer token, a function or an SDK provider',
    );
  if (auth !== undefined && !["string", "function", "object"].includes(typeof auth)) {
    throw invalid("auth", "expected a bearer token, a function that gives one, or a provider of the SDK");
  }
  for (const [name, value] of Object.entries(headers ?? {})) checkHeader(`headers.${name}`, value);
  if (typeof auth === "string") checkHeader("auth", auth);
  if (proxy !== undefined && proxy !== false && !isWeb(proxy))
    throw invalid("proxy", "expected an http or https URL, or false");
}

const isWeb = (url: unknown) =>
  typeof url === "string" && URL.canParse(url) && /^https?:$/.test(new URL(url).protocol);

/** Said here, because whoever sends it would quote it. */
function checkHeader(path: string, value: string): void {
  if (/[^\t\x20-\x7e\x80-\xff]/.test(value))
    throw invalid(path, "holds a character that a header cannot have");
}

const isAuthorization = (key: string) => key.toLowerCase() === "authorization";
const hasAuthorization = (headers: Record<string, string> = {}) => Object.keys(headers).some(isAuthorization);

function withoutAuthorization(headers: Record<string, string> = {}): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([key]) => !isAuthorization(key)));
}
