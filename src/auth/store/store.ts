import type { webcrypto } from "node:crypto";
import type { StoredOAuthClientInformation, StoredOAuthTokens } from "@modelcontextprotocol/client";

/** The private key that tokens are bound to (DPoP), as it is stored beside them. */
export type StoredKey = webcrypto.JsonWebKey;

/** What one client got for one server from one authorization server. All of it is secret. */
export interface StoredCredential {
  /** The MCP server's URL, without fragment. */
  server: string;
  /** The authorization server, as its metadata names it. */
  issuer: string;
  /** Which client: made from the options that name it, so that another client's credential is never used. */
  client: string;
  /** What the authorization server knows the client as: a registration, a pre-registered id, a metadata document. */
  registration?: StoredOAuthClientInformation;
  tokens?: StoredOAuthTokens;
  /** When the access token expires, epoch ms by the wall clock; undefined: nobody said. */
  expiresAt?: number;
  /** The scope that the person was asked for; the tokens may have less. */
  asked?: string;
  /** The private key that the tokens are bound to (DPoP). */
  dpopKey?: StoredKey;
  /** When the tokens were asked for, epoch ms. */
  savedAt: number;
}

/**
 * Where credentials are kept. One store may be shared by many transports and programs; `update` is what keeps them from
 * refreshing one token twice.
 */
export interface CredentialStore {
  /** All credentials of a server, the newest first. */
  list(server: string): Promise<StoredCredential[]>;
  /**
   * Runs `work` while nobody else who shares the store runs one for this server, in this program or another. `save`
   * replaces all credentials of the server, and may be called several times. Rejects with the signal's reason while it
   * waits for its turn; never once `work` has begun.
   */
  update<T>(server: string, work: (update: StoreUpdate) => Promise<T>, signal?: AbortSignal): Promise<T>;
}

/** One turn at a store. */
export interface StoreUpdate {
  /** What is stored now, the newest first. */
  readonly stored: readonly StoredCredential[];
  save(credentials: readonly StoredCredential[]): Promise<void>;
}
