import { credentialOf } from "../auth/credentials/from-option.js";
import { hasAuthorization, isAuthorization, isHeaderValue } from "../auth/credentials/header.js";
import { checkOAuth, type OAuthOptions } from "../auth/sign-in/options.js";
import { runCallback, unheard } from "../base/callback.js";
import { checkPositive, checkStringMap, invalid } from "../base/check.js";
import { loader } from "../base/loader.js";
import { Secrets, shownUrl } from "../base/redact.js";
import { checkKnown, checkShared } from "../contract/check-options.js";
import { type Credential, CredentialSource, type FetchLike } from "../contract/credential.js";
import { type AuthOption, DEFAULTS, type SharedOptions, type TlsOptions } from "../contract/options.js";
import type { Wire } from "../contract/wire.js";
import type { Opener } from "./opener.js";

/** The options of every transport over the network. */
export interface RemoteOptions extends SharedOptions {
  /** Headers of every request. Default: none. */
  headers?: Record<string, string>;
  /** How to authorize. It wins over an Authorization header, and a warning says so. Default: not at all. */
  auth?: AuthOption;
  /** The options of `oauth()`, where `auth` is `"oauth"`. Default: those of `oauth()`. */
  oauth?: OAuthOptions;
  /** Default: those of Node. */
  tls?: TlsOptions;
  /** The URL of a proxy; `false`: none. Default: what `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY` say. */
  proxy?: string | false;
  /** The largest message of the server in bytes, after decompression. Default 64 MiB. */
  maxMessageBytes?: number;
  /** The longest wait that a server may ask for (`Retry-After`, `retry:`). Default 3,600,000 (an hour). */
  maxRetryAfterMs?: number;
}

/** The options of the transports over HTTP and SSE. */
export interface WebOptions extends RemoteOptions {
  /** The URL, used exactly as given, including a trailing slash. */
  url: string | URL;
  /** Your own `fetch`. It has to care for sockets, proxy and TLS itself. Default: ours. */
  fetch?: FetchLike;
  /** How many sockets calls use at the same time; further calls wait. Pings, answers and streams have their own. Default 32. */
  maxSockets?: number;
}

interface RemoteTarget extends RemoteOptions {
  /** Used exactly as given, a trailing slash too. */
  url: string | URL;
  fetch?: FetchLike;
  maxSockets?: number;
}

/** What every wire over the network is made from. */
export interface RemoteWireOptions {
  /** The server's, for what a caller is told. */
  name: string;
  url: URL;
  headers: Record<string, string>;
  credential: Credential | undefined;
  tls: TlsOptions | undefined;
  proxy: string | false | undefined;
  connectTimeoutMs: number;
  fetch: FetchLike | undefined;
  closeTimeoutMs: number;
  maxMessageBytes: number;
  maxRetryAfterMs: number;
  maxSockets: number;
  secrets: Secrets;
}

/** What a kind of remote transport says of itself. */
export interface RemoteKind {
  kind: string;
  /** What no option changes. */
  fixed?: Pick<SharedOptions, "heartbeat" | "era">;
  protocols: readonly string[];
  /** The options that only this kind has. */
  own: readonly string[];
  openWire(options: RemoteWireOptions): Promise<Wire>;
}

const loadRequest = loader(() => import("./single-request.js"));

/** A server behind a URL. */
export function remoteOpener(options: RemoteTarget, remote: RemoteKind): Opener {
  const { kind, fixed, protocols, own } = remote;
  const { auth, oauth, fetch, logger, tls, proxy, maxMessageBytes, maxSockets } = options;
  const url = parseUrl(options.url, protocols);
  checkShared(options);
  checkKnown(kind, options, [
    "url",
    "headers",
    "auth",
    "oauth",
    "tls",
    "proxy",
    "maxMessageBytes",
    "maxRetryAfterMs",
    ...own,
  ]);
  checkRemote(options);
  const authorizeTimeoutMs = personMs(options);
  const shown = shownUrl(url);
  const name = options.name ?? shown;
  const { bare, basic } = splitUserInfo(url);
  const secrets = secretsOf(options);
  const web = new URL(bare.href.replace(/^ws/, "http"));
  const network = { tls, proxy, connectTimeoutMs: options.connectTimeoutMs ?? DEFAULTS.connectTimeoutMs };
  const asks = { ...network, url: web, fetch };
  const server = {
    name,
    url: web,
    fetch: async (...request: Parameters<FetchLike>) => (await loadRequest()).singleRequest(asks, request),
    signs: kind !== "ws",
  };
  const credential = credentialOf(auth, server, oauth);
  if (auth !== undefined && hasAuthorization(options.headers)) {
    const message = `${name}: auth is used, and the Authorization header is ignored`;
    runCallback(() => logger?.warn(message), unheard);
  }
  return {
    kind,
    name: shown,
    defaults: {
      heartbeat: { intervalMs: DEFAULTS.heartbeatMs },
      ...(authorizeTimeoutMs !== undefined && { authorizeTimeoutMs }),
    },
    ...(fixed && { fixed }),
    credential,
    secrets,
    open: () =>
      remote.openWire({
        ...network,
        name,
        url: bare,
        headers: headersOf(options, basic),
        credential,
        fetch,
        closeTimeoutMs: options.closeTimeoutMs ?? DEFAULTS.closeTimeoutMs,
        maxMessageBytes: maxMessageBytes ?? DEFAULTS.maxMessageBytes,
        maxRetryAfterMs: options.maxRetryAfterMs ?? DEFAULTS.maxRetryAfterMs,
        maxSockets: maxSockets ?? DEFAULTS.maxSockets,
        secrets,
      }),
  };
}

/** What the options tell in confidence; tokens that are got later are added by the wires. */
function secretsOf({ url, headers = {}, auth, tls, proxy }: RemoteTarget): Secrets {
  const secrets = new Secrets();
  secrets.addUrl(url);
  secrets.addHeaders(headers);
  if (typeof auth === "string" && auth !== "oauth") secrets.add(auth, { named: true });
  if (proxy) secrets.addUrl(proxy);
  for (const key of [tls?.key ?? []].flat()) secrets.add(String(key));
  for (const [name, value] of Object.entries(process.env))
    if (/_proxy$/i.test(name) && value !== undefined) secrets.addUrl(value);
  return secrets;
}

/** What is sent with each request. `basic`: user and password of the URL, which a header of the user's own replaces. */
function headersOf({ headers, auth }: RemoteOptions, basic: string | undefined): Record<string, string> {
  if (auth !== undefined) return withoutAuthorization(headers);
  return { ...headers, ...(basic && !hasAuthorization(headers) && { Authorization: basic }) };
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

/** The sign-in's own deadline comes first, and says more. */
const SLACK_MS = 15_000;

/** How long a person may take, where that is said. */
export function personMs({ auth, oauth }: Pick<RemoteOptions, "auth" | "oauth">): number | undefined {
  const ms =
    auth instanceof CredentialSource ? auth.personMs : auth === "oauth" ? oauth?.timeoutMs : undefined;
  return ms === undefined ? undefined : ms + SLACK_MS;
}

function parseUrl(url: string | URL, protocols: readonly string[]): URL {
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch {
    throw invalid("url", "expected a URL");
  }
  if (!protocols.includes(parsed.protocol)) {
    throw invalid("url", `expected ${protocols.map((p) => `${p}//`).join(" or ")}, got ${parsed.protocol}//`);
  }
  return parsed;
}

function checkRemote(options: RemoteTarget): void {
  const { headers, auth, oauth, proxy, maxMessageBytes, maxRetryAfterMs, maxSockets } = options;
  checkStringMap("headers", headers);
  checkPositive("maxMessageBytes", maxMessageBytes);
  checkPositive("maxRetryAfterMs", maxRetryAfterMs);
  checkPositive("maxSockets", maxSockets);
  if (auth !== undefined && !["string", "function", "object"].includes(typeof auth)) {
    throw invalid(
      "auth",
      'expected a bearer token, a function that gives one, "oauth", oauth(…), clientCredentials(…), or a provider of the SDK',
    );
  }
  for (const [name, value] of Object.entries(headers ?? {})) checkHeader(`headers.${name}`, value);
  if (typeof auth === "string") checkHeader("auth", auth);
  if (oauth !== undefined) checkOAuth(oauth);
  if (proxy !== undefined && proxy !== false && !isWeb(proxy))
    throw invalid("proxy", "expected an http or https URL, or false");
}

const isWeb = (url: unknown) =>
  typeof url === "string" && URL.canParse(url) && /^https?:$/.test(new URL(url).protocol);

/** Said here, because whoever sends it would quote it. */
function checkHeader(path: string, value: string): void {
  if (!isHeaderValue(value)) throw invalid(path, "holds a character that a header cannot have");
}

function withoutAuthorization(headers: Record<string, string> = {}): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([key]) => !isAuthorization(key)));
}
