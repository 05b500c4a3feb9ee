import { createSecureContext } from "node:tls";
import { localhostAllowedHostnames, localhostAllowedOrigins } from "@modelcontextprotocol/server";
import {
  checkBoolean,
  checkFunction,
  checkPositive,
  checkString,
  checkStrings,
  invalid,
} from "../base/check.js";
import { messageOf } from "../base/errors.js";
import type { UpstreamCredential } from "../contract/credential-of.js";
import type { Principal } from "./oauth.js";
import { checkOAuthServing, type OAuthServing } from "./oauth-options.js";

/** How a transport is served over Streamable HTTP. */
export interface HttpOptions {
  /** Default `127.0.0.1`. Off this machine's own addresses a `token`, or `oauth`, is required. */
  host?: string;
  /** Default 0: a free one. */
  port?: number;
  /** Where all servers are reached, default `/mcp`; one server of a config is at `/mcp/NAME`. */
  path?: string;
  /** What a client sends as its bearer token. */
  token?: string;
  /** Takes the tokens of an authorization server, in place of one `token`. */
  oauth?: OAuthServing;
  /**
   * What a server behind a URL is shown on behalf of a client, with `oauth`: a principal for whom it gives anything has
   * connections of its own. Default, and where it gives undefined: what the transport shows for all. Called once for each
   * principal and server, and again after it was silent for `idleMs`; a `token` that is a function is called for each request.
   */
  credentialFor?: (principal: Principal, server: string) => UpstreamCredential | undefined;
  /** Principals with connections of their own at once, default 100; who is silent longest gives room. */
  maxPrincipals?: number;
  /** Host names besides this machine's own, or the `host` given, under which a client may ask. */
  allowedHosts?: readonly string[];
  /** Host names of web pages, besides those of this machine, that may ask. */
  allowedOrigins?: readonly string[];
  /** Sessions of legacy clients at once, default 1,000. */
  maxSessions?: number;
  /** A legacy client that is silent for so long, without an open stream, has its session ended: default 1,800,000 ms. */
  idleMs?: number;
  /**
   * Signs the ids of legacy sessions, so that they go on when `serve` is started anew with the same key; keep it as you keep a
   * token. Default: none, and such clients have to initialize anew.
   */
  sessionKey?: string;
  /** The largest body of a request in bytes, default 4 MiB. */
  maxBodyBytes?: number;
  /** Certificate and key, as PEM: HTTPS in place of HTTP. */
  tls?: { cert: string; key: string };
  /** Serves HTTP+SSE, too, for clients older than Streamable HTTP: all servers at `/sse`, one of a config at `/sse/NAME`. */
  sse?: boolean;
}

export type HttpSettings = Required<
  Omit<
    HttpOptions,
    "token" | "oauth" | "credentialFor" | "sessionKey" | "tls" | "allowedHosts" | "allowedOrigins"
  >
> & {
  token: string | undefined;
  oauth: OAuthServing | undefined;
  credentialFor: HttpOptions["credentialFor"];
  sessionKey: string | undefined;
  tls: { cert: string; key: string } | undefined;
  /** Undefined: any. */
  hosts: string[] | undefined;
  origins: string[];
};

const WILDCARD = new Set(["0.0.0.0", "::", "[::]"]);
const isLoopback = (host: string): boolean => /^(127(\.\d+){3}|::1|\[::1\]|localhost)$/.test(host);

/** @throws HoldfastError `CONFIG_INVALID` */
export function httpSettings(options: HttpOptions): HttpSettings {
  const { host = "127.0.0.1", port = 0, path = "/mcp", token, oauth, sessionKey, tls, sse = false } = options;
  const { credentialFor } = options;
  checkString("host", host);
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw invalid("port", `expected a port, got ${port}`);
  if (!/^\/[^\s?#]*$/.test(path)) throw invalid("path", `expected a path such as /mcp, got ${path}`);
  if (token !== undefined) checkString("token", token);
  if (oauth !== undefined) checkOAuthServing(oauth);
  if (oauth && token !== undefined) throw invalid("token", "give one of the two, token or oauth");
  if (sessionKey !== undefined) checkString("sessionKey", sessionKey);
  checkBoolean("sse", sse);
  if (sse && /^\/sse\/*$/.test(path)) throw invalid("path", `${path} is where HTTP+SSE is served`);
  if (tls) checkTls(tls);
  for (const name of ["allowedHosts", "allowedOrigins"] as const) checkStrings(name, options[name]);
  checkFunction("credentialFor", credentialFor);
  if (credentialFor && !oauth) throw invalid("credentialFor", "needs oauth, which says who a client is");
  for (const name of ["maxSessions", "maxPrincipals", "idleMs", "maxBodyBytes"] as const)
    checkPositive(name, options[name]);
  const local = isLoopback(host);
  if (!local && token === undefined && !oauth)
    throw invalid(
      "token",
      `${host} can be reached from other machines: give a token (--token-file FILE), or serve on 127.0.0.1`,
    );
  if (!local && oauth && oauth.resource === undefined)
    throw invalid("oauth.resource", "expected the URL at which clients reach it, which tokens are for");
  return {
    host,
    port,
    path: path === "/" ? "" : path.replace(/\/+$/, ""),
    token,
    oauth,
    credentialFor,
    sessionKey,
    tls,
    sse,
    hosts: hostsOf(host, local, options.allowedHosts),
    origins: [...localhostAllowedOrigins(), ...(options.allowedOrigins ?? [])],
    maxSessions: options.maxSessions ?? 1_000,
    maxPrincipals: options.maxPrincipals ?? 100,
    idleMs: options.idleMs ?? 1_800_000,
    maxBodyBytes: options.maxBodyBytes ?? 4 * 1024 * 1024,
  };
}

export function checkTls(tls: { cert: string; key: string }): void {
  for (const part of ["cert", "key"] as const) checkString(`tls.${part}`, tls[part]);
  try {
    createSecureContext(tls);
  } catch (error) {
    throw invalid("tls", `expected a certificate and its key as PEM: ${messageOf(error)}`);
  }
}

/** Which names lead to a wildcard address is not known here: there the token has to do. */
function hostsOf(host: string, local: boolean, allowed: readonly string[] | undefined): string[] | undefined {
  if (!local && WILDCARD.has(host)) return allowed && [...localhostAllowedHostnames(), ...allowed];
  const own = local ? localhostAllowedHostnames() : [host];
  return [...new Set([...own, host, ...(allowed ?? [])])];
}
