/** A server's word that what it was shown is not enough. */
export interface Refusal {
  /** 401: another token; 403: more scope. */
  status: 401 | 403;
  /** What was shown. */
  token: string | undefined;
  /** What the server says that it wants. */
  scope: string | undefined;
  resourceMetadataUrl: URL | undefined;
  /** The server's `WWW-Authenticate`, for providers that read it themselves. */
  challenge: string | undefined;
}

/** What one sign-in is given, and tells meanwhile. */
export interface Authorization {
  /** Fires when nobody waits for it any more. */
  signal: AbortSignal;
  progress(step: AuthorizationStep): void;
}

/** Where a sign-in is. */
export interface AuthorizationStep {
  step: "discovering" | "registering" | "waiting" | "exchanging" | "refreshing";
  /** What the person must do next. */
  todo?: string;
  /** Where the person signs in. Not secret, and of use for this one sign-in only. */
  url?: string;
}

/** What a wire shows to be let in. One is shared by all wires of a transport. */
export interface Credential {
  /** The token to show now; undefined: there is none, and the server is asked without. Never waits for a person. */
  token(): string | undefined | Promise<string | undefined>;
  /** The server took this token. */
  accepted?(token: string): void;
  /** Whether anything can be done about this refusal. */
  mends(refusal: Refusal): boolean;
  /**
   * Gets a token that was not refused yet. Those who ask at once share one flow.
   * @throws HoldfastError `AUTH_REQUIRED` when there is none to get; anything else may be tried again
   */
  obtain(refusal: Refusal, authorization: Authorization): Promise<void>;
  /** Wraps the `fetch` that carries the token, where it must be signed (DPoP). */
  sign?(fetch: FetchLike): FetchLike;
  /** Whether the token of this moment must be signed. */
  signs?(): boolean;
}

/** The server that a credential is for. */
export interface Resource {
  name: string;
  url: URL;
  fetch: FetchLike;
  /** Whether its wire can sign its requests (DPoP). */
  signs: boolean;
}

/** Makes the credential of one server from what was said of all. The form of `auth` that holdfast's own functions give. */
export abstract class CredentialSource {
  abstract credentialFor(server: Resource): Credential;
  /** How long a person may take; undefined: no person is asked. */
  readonly personMs: number | undefined;
}

export type FetchLike = (url: string | URL, init?: RequestInit) => Promise<Response>;
