import type { DpopSession, StoredOAuthClientInformation } from "@modelcontextprotocol/client";
import type { FetchLike, Resource } from "../../contract/credential.js";
import type { Discovered } from "./discover.js";
import type { OAuthOptions } from "./options.js";

/** What one sign-in needs to know. */
export interface SignIn {
  /** The name of the MCP server, for messages. */
  server: string;
  /** The address of the MCP server. */
  url: URL;
  options: OAuthOptions;
  found: Discovered;
  scope: string | undefined;
  /** The registration of an earlier sign-in, if any. */
  registration: StoredOAuthClientInformation | undefined;
  dpop: DpopSession | undefined;
  fetch: FetchLike;
  /** The servers that are configured beside this one. */
  others(): readonly Pick<Resource, "name" | "url">[];
  /** Settles when another program that shares the store has finished the same sign-in. */
  elsewhere(signal: AbortSignal): Promise<void>;
}
