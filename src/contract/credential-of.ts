/** What a server is shown on behalf of one principal. */
export interface UpstreamCredential {
  /** A bearer token, or a function that returns one for each request. */
  token?: string | (() => string | undefined | Promise<string | undefined>);
  /** Headers of every request, over those that all clients share. */
  headers?: Readonly<Record<string, string>>;
}

/** What a server is shown; undefined: what everybody shows. */
export type CredentialOf = (server: string) => UpstreamCredential | undefined;

/** The key of it in the options of a transport. */
export const CREDENTIAL_OF = Symbol("holdfast.credentialOf");

export interface OnBehalf {
  [CREDENTIAL_OF]?: CredentialOf | undefined;
}

/** The key of the method that makes a transport like this one, with connections of its own, which shows each server what is given for it. */
export const ON_BEHALF = Symbol("holdfast.onBehalf");
