import type { webcrypto } from "node:crypto";
import type { StoredOAuthClientInformation, StoredOAuthTokens } from "@modelcontextprotocol/client";

/** A private key that tokens are bound to (DPoP), in the form in which it is stored. */
export type StoredKey = webcrypto.JsonWebKey;

/** What one client got for one MCP server from one authorization server. Treat all of it as secret. */
export interface StoredCredential {
  /** The URL of the MCP server, without fragment. */
  server: string;
  /** The authorization server's name, as its metadata says it. */
  issuer: string;
  /** A key of the client, made from the options that name it. A credential of another client is never used. */
  client: string;
  /** How the authorization server knows the client: a registration, a client id of the user's, or a metadata document. */
  registration?: StoredOAuthClientInformation;
  /** Left out: the client is registered, and has no tokens at the moment. */
  tokens?: StoredOAuthTokens;
  /** When the access token expires, epoch ms by the wall clock. Undefined: the server did not say. */
  expiresAt?: number;
  /** The scope that the sign-in asked for. The tokens may have less. */
  asked?: string;
  /** The private key that the tokens are bound to (DPoP). */
  dpopKey?: StoredKey;
  /** When the tokens were requested, epoch ms. */
  savedAt: number;
}

/**
 * Where credentials are kept. Many transports and programs may share one store; `update` keeps them from refreshing the same
 * token twice.
 */
export interface CredentialStore {
  /** All credentials of a server (its URL without fragment), newest first. */
  list(server: string): Promise<StoredCredential[]>;
  /**
   * Runs `work` and returns its result. For one server only one `work` runs at a time, over all programs that share the store.
   * Rejects with the signal's reason where it fires while this waits for its turn, and never once `work` has begun.
   */
  update<T>(server: string, work: (update: StoreUpdate) => Promise<T>, signal?: AbortSignal): Promise<T>;
}

/** What the `work` of an update may use. */
export interface StoreUpdate {
  /** What is stored now, newest first. */
  readonly stored: readonly StoredCredential[];
  /** Replaces all credentials of the server. May be called several times while `work` runs. */
  save(credentials: readonly StoredCredential[]): Promise<void>;
}
