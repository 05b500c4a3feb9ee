import type { DpopSession, StoredOAuthClientInformation } from "@modelcontextprotocol/client";
import type { FetchLike } from "../../contract/credential.js";
import type { Discovered } from "./discover.js";
import type { OAuthOptions } from "./options.js";

export interface SignIn {
  server: string;
  /** The server is on this machine. */
  local: boolean;
  options: OAuthOptions;
  found: Discovered;
  scope: string | undefined;
  /** A registration of an earlier sign-in. */
  registration: StoredOAuthClientInformation | undefined;
  dpop: DpopSession | undefined;
  fetch: FetchLike;
  /** Settles when another program that shares the store has signed in. */
  elsewhere(signal: AbortSignal): Promise<void>;
}
