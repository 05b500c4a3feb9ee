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

/** What `onAuthorize` gets besides the address. Tell the person `question` and `notes` before you open a browser. */
export interface AuthorizeContext {
  /** The name of the MCP server. */
  server: string;
  /** The host of the sign-in page. */
  pageHost: string;
  /** Which server asks, and where the page is, as a sentence without its full stop. */
  question: string;
  /** What is unusual about this sign-in, a sentence each. */
  notes: readonly string[];
  /** Where the browser is sent after the sign-in. This program listens there. */
  redirectUrl: string;
  /** Fires when the sign-in is over, however it ended. */
  signal: AbortSignal;
  /** Opens the sign-in page in the browser of this machine. False: there is no browser. */
  openBrowser(): Promise<boolean>;
}

/**
 * Brings the person to the sign-in page at `url`. May return the address at which the browser ended, if it learns it.
 * Otherwise it returns nothing, and holdfast waits for the browser to come back to `redirectUrl`.
 */
export type OnAuthorize = (
  url: URL,
  context: AuthorizeContext,
) => string | URL | undefined | Promise<string | URL | undefined> | Promise<void>;

/** The options of `oauth()`. Times in milliseconds. */
export interface OAuthOptions {
  /**
   * The scopes to ask for, as a list or a text with spaces. A server that wants more later gets both. Default: what the server
   * asks for or advertises.
   */
  scopes?: string | readonly string[];
  /** The id of a client that the authorization server knows already. Default: a metadata document, or a registration. */
  clientId?: string;
  /** The secret of `clientId`. Default: a client without a secret. */
  clientSecret?: string;
  /** The URL of the one authorization server that may see `clientId` and `clientSecret`. Default: the first one met. */
  issuer?: string;
  /** The https URL of this program's client metadata document, for authorization servers that take one. Default: none. */
  clientMetadataUrl?: string;
  /** The name that the sign-in page shows for this program. Default `holdfast`. */
  clientName?: string;
  /** The host of the redirect address: `127.0.0.1` (default), `localhost` or `[::1]`. */
  callbackHost?: string;
  /** The port of the redirect address, 1 to 65,535. Default: a free one. */
  callbackPort?: number;
  /** Fields that are added to a registration. Default: none. */
  additionalClientMetadata?: Partial<OAuthClientMetadata>;
  /** How the client authenticates at the token endpoint. Default: `none` where the server allows it, else its choice. */
  tokenEndpointAuthMethod?: "client_secret_basic" | "client_secret_post" | "none";
  /** Binds the tokens to a key of this program (DPoP), where the server supports it. Default false. */
  dpop?: boolean;
  /**
   * Hosts on which the sign-in page may be besides the site of its authorization server, as `login.example`. On another one
   * the person is not asked, because the page may be an honest server's. Default: none.
   */
  pageHosts?: readonly string[];
  /** Refuses a server whose metadata asks for tokens that are good for more than its own URL. Default: the person is told. */
  strictResource?: boolean;
  /** Where tokens and registrations are kept. Default: the memory of this program, shared by all its transports. */
  store?: CredentialStore;
  /** How the person gets to the sign-in page. Default: opens the browser, or writes the address to stderr without one. */
  onAuthorize?: OnAuthorize;
  /**
   * For programs with nobody at the screen. Where a person is needed, `AUTH_REQUIRED` is thrown at once, with the advice that
   * this function returns for the server's name. Stored tokens are used whichever client got them. Default: a person is asked.
   */
  unattended?: (server: string) => string;
  /** How long the person may take. Default 300,000 (5 minutes). */
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
  "pageHosts",
  "strictResource",
  "store",
  "onAuthorize",
  "unattended",
  "timeoutMs",
] satisfies (keyof OAuthOptions)[];

/** Where only this machine can listen: an unspecified address is not among them. */
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

/** @throws HoldfastError `CONFIG_INVALID` for a wrong option; the message names it and shows no value */
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
  if (options.callbackHost !== undefined && !LOOPBACK.test(options.callbackHost))
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
  checkOneOf("auth.strictResource", options.strictResource, [true, false]);
  if (options.pageHosts !== undefined) checkStrings("auth.pageHosts", options.pageHosts);
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
