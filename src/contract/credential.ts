/** A 401 or 403 of a server. */
export interface Refusal {
  /** 401: the server wants another token. 403: it wants more scope. */
  status: 401 | 403;
  /** The token that the request carried. Undefined: none. */
  token: string | undefined;
  /** The scope that the server asks for, if it names one. */
  scope: string | undefined;
  /** Where the server's metadata says who gives out its tokens, if the server names it. */
  resourceMetadataUrl: URL | undefined;
  /** The `WWW-Authenticate` header, for providers that read it themselves. */
  challenge: string | undefined;
}

/** What whoever waits for a token hands to `obtain`. */
export interface Authorization {
  /** Fires when nobody waits for the token any more. */
  signal: AbortSignal;
  /** Called with each step of the sign-in. */
  progress(step: AuthorizationStep): void;
}

/** One step of a sign-in. */
export interface AuthorizationStep {
  /** What is being done: finding the authorization server, registering, waiting for the person, or getting tokens. */
  step: "discovering" | "registering" | "waiting" | "exchanging" | "refreshing";
  /** What the person must do next, as a sentence. */
  todo?: string;
  /** The address of the sign-in page. Not secret, and valid for this one sign-in only. */
  url?: string;
  /** What is unusual about this sign-in, a sentence each. */
  notes?: readonly string[];
}

/** Where the wires of one transport get their token. All of them share one. */
export interface Credential {
  /** The token for the next request. Undefined: the request goes without one. Never waits for a person. */
  token(): string | undefined | Promise<string | undefined>;
  /** Called when the server has accepted this token. */
  accepted?(token: string): void;
  /** Whether `obtain` may help against this refusal. */
  mends(refusal: Refusal): boolean;
  /**
   * Gets a token that was not refused yet. Callers that ask at the same time share one flow.
   * @throws HoldfastError `AUTH_REQUIRED` where no token can be got; after any other error trying again may help
   */
  obtain(refusal: Refusal, authorization: Authorization): Promise<void>;
  /** Wraps the `fetch` of the requests, where they must be signed with a key (DPoP). */
  sign?(fetch: FetchLike): FetchLike;
  /** Whether requests with the current token must be signed. */
  signs?(): boolean;
  /** Set where there are other servers beside this one: their names and addresses at that moment. */
  others?: (() => readonly Pick<Resource, "name" | "url">[]) | undefined;
}

/** The server that a credential is for. */
export interface Resource {
  /** The name of its transport, for messages. */
  name: string;
  /** Its URL, as http or https. */
  url: URL;
  /** For requests outside of a wire, such as those of a sign-in. */
  fetch: FetchLike;
  /** Whether the wires of this server can sign requests (DPoP). */
  signs: boolean;
}

/** What `oauth()` and `clientCredentials()` return, for the option `auth`. It makes a credential for each server. */
export abstract class CredentialSource {
  /** Makes the credential of one server. */
  abstract credentialFor(server: Resource): Credential;
  /** How long a person may take to sign in, in milliseconds. Undefined: the default, or no person is asked. */
  readonly personMs: number | undefined;
}

/** The part of `fetch` that is used. */
export type FetchLike = (url: string | URL, init?: RequestInit) => Promise<Response>;
