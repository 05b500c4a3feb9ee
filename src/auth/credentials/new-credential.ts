import type { Authorization, Resource } from "../../contract/credential.js";
import type { SignIn } from "../sign-in/request.js";
import { safeFetch } from "../sign-in/safe-fetch.js";
import { signIn } from "../sign-in/sign-in.js";
import type { StoredCredential } from "../store/store.js";
import { newKey } from "./dpop.js";
import { checkIssued } from "./header.js";
import { expiryOf } from "./renewal.js";

/** What a sign-in adds to the store, besides whose it is. */
type NewCredential = Omit<StoredCredential, "server" | "client"> & Required<Pick<StoredCredential, "tokens">>;

/**
 * Signs a person in, and makes the credential to store. Undefined where another program signed in first.
 * @throws HoldfastError `AUTH_REQUIRED` with the reason
 */
export async function newCredential(
  { name, url, fetch, signs }: Resource,
  request: Pick<SignIn, "options" | "found" | "scope" | "registration" | "elsewhere" | "others">,
  authorization: Authorization,
): Promise<NewCredential | undefined> {
  const { options, found, scope } = request;
  const key = options.dpop && signs ? await newKey() : undefined;
  const signedIn = await signIn(
    {
      ...request,
      server: name,
      url,
      dpop: key?.session,
      fetch: safeFetch(fetch, url, authorization.signal),
    },
    authorization,
  );
  if (!signedIn) return undefined;
  const { tokens, askedAt, registration } = signedIn;
  checkIssued(name, tokens.access_token);
  const expiresAt = expiryOf(tokens, askedAt);
  return {
    issuer: found.issuer,
    tokens: { ...tokens, issuer: found.issuer },
    savedAt: askedAt,
    registration,
    ...(scope !== undefined && { asked: scope }),
    ...(expiresAt !== undefined && { expiresAt }),
    ...(key && { dpopKey: key.stored }),
  };
}
