import type { OAuthClientMetadata } from "@modelcontextprotocol/client";
import {
  checkFunction,
  checkOneOf,
  checkPositive,
  checkString,
  checkStrings,
  invalid,
} from "../../base/check.js";
import type { CredentialStore } from "../store/store.js";
import { isLoopback } from "./safe-fetch.js";

/** What a host is told when a person must sign in. */
export interface AuthorizeContext {
  /** The server's name. */
  server: string;
  /** Where the person's browser is sent in the end; this program listens there. */
  redirectUrl: string;
  /** Fires when the sign-in is over, however it ended. */
  signal: AbortSignal;
  /** Opens the browser of this machine; false where there is none. */
  openBrowser(): Promise<boolean>;
}

/**
 * Brings the person to `url`. Where the host itself learns to which address the browser was sent in the end, it returns
 * that address; else it returns nothing, and the address is waited for.
 */
export type OnAuthorize = (
  url: URL,
  context: AuthorizeContext,
) => string | URL | undefined | Promise<string | URL | undefined> | Promise<void>;

/** How a person signs in. Times in milliseconds. */
export interface OAuthOptions {
  /** Wins over what the server advertises; a server that asks for more later gets both. Default: what it advertises. */
  scopes?: string | readonly string[];
  /** A client that the authorization server knows already. Default: a metadata document, or a registration. */
  clientId?: string;
  clientSecret?: string;
  /** The one authorization server that may see `clientId` and `clientSecret`. Default: the first that is met. */
  issuer?: string;
  /** The https URL of this program's client metadata document, for servers that take one. */
  clientMetadataUrl?: string;
  /** Shown to the person. Default `holdfast`. */
  clientName?: string;
  /** `127.0.0.1` (default), `localhost` or `[::1]`. */
  callbackHost?: string;
  /** Default: a free one. */
  callbackPort?: number;
  /** Merged into a registration. */
  additionalClientMetadata?: Partial<OAuthClientMetadata>;
  /** Default: `none` where the server allows it, else what it decides. */
  tokenEndpointAuthMethod?: "client_secret_basic" | "client_secret_post" | "none";
  /** Bind the tokens to a key of this program (DPoP), where the server can. Default false. */
  dpop?: boolean;
  /** Default: the memory of this program, shared by all its transports. */
  store?: CredentialStore;
  /** Default: opens the browser, and writes the address to stderr where there is none. */
  onAuthorize?: OnAuthorize;
  /**
   * Nobody is here to sign in: where a person is needed, `AUTH_REQUIRED` is thrown at once, before anything is registered,
   * with this advice. Whatever the store has for the server is used, whichever client got it. Default: somebody is here.
   */
  unattended?: (server: string) => string;
  /** How long the person may take. Default 5 minutes. */
  timeoutMs?: number;
}

const KNOWN: readonly string[] = [
  "scopes",
  "clientId",
  "clientSecret",
  "issuer",
  "clientMetadataUrl",
  "clientName",
  "callbackHost",
  "callbackPort",
  "additionalClientMetadata",
  "tokenEndpointAuthMethod",
  "dpop",
  "store",
  "onAuthorize",
  "unattended",
  "timeoutMs",
] satisfies (keyof OAuthOptions)[];

/** @throws HoldfastError `CONFIG_INVALID`, naming the option; values are not shown */
export function checkOAuth(options: OAuthOptions): void {
  for (const key of Object.keys(options))
    if (!KNOWN.includes(key)) throw invalid(`auth.${key}`, "there is no such option");
  for (const key of ["clientId", "clientSecret", "clientName", "callbackHost"] as const)
    if (options[key] !== undefined && (typeof options[key] !== "string" || options[key] === ""))
      throw invalid(`auth.${key}`, "expected a string");
  if (options.scopes !== undefined && typeof options.scopes !== "string")
    checkStrings("auth.scopes", options.scopes);
  if (options.clientSecret !== undefined && options.clientId === undefined)
    throw invalid("auth.clientSecret", "comes with a clientId");
  for (const key of ["clientMetadataUrl", "issuer"] as const) checkUrl(key, options[key]);
  if (options.clientMetadataUrl !== undefined) checkDocument(options.clientMetadataUrl);
  if (options.callbackHost !== undefined && !isLoopback(options.callbackHost))
    throw invalid(
      "auth.callbackHost",
      "expected 127.0.0.1, localhost or [::1]: only this machine may answer",
    );
  const { callbackPort } = options;
  if (
    callbackPort !== undefined &&
    !(Number.isInteger(callbackPort) && callbackPort > 0 && callbackPort < 65536)
  )
    throw invalid("auth.callbackPort", "expected a port from 1 to 65535");
  checkOneOf("auth.tokenEndpointAuthMethod", options.tokenEndpointAuthMethod, [
    "client_secret_basic",
    "client_secret_post",
    "none",
  ]);
  if (
    options.tokenEndpointAuthMethod?.startsWith("client_secret") &&
    options.clientId &&
    !options.clientSecret
  )
    throw invalid("auth.tokenEndpointAuthMethod", "comes with a clientSecret");
  checkOneOf("auth.dpop", options.dpop, [true, false]);
  checkFunction("auth.onAuthorize", options.onAuthorize);
  checkFunction("auth.unattended", options.unattended);
  checkPositive("auth.timeoutMs", options.timeoutMs);
  const { store } = options;
  if (store !== undefined && (typeof store?.list !== "function" || typeof store.update !== "function"))
    throw invalid(
      "auth.store",
      "expected a store: memoryStore(), fileStore(), keychainStore(), or one of your own",
    );
}

function checkUrl(key: string, value: string | undefined): void {
  if (value === undefined) return;
  checkString(`auth.${key}`, value);
  if (!URL.canParse(value)) throw invalid(`auth.${key}`, "expected a URL");
}

function checkDocument(url: string): void {
  const { protocol, pathname } = new URL(url);
  if (protocol !== "https:" || pathname === "/")
    throw invalid("auth.clientMetadataUrl", "expected an https URL with a path");
}

export const scopeText = (scopes: OAuthOptions["scopes"]): string | undefined =>
  (typeof scopes === "string" ? scopes : scopes?.join(" ")) || undefined;
