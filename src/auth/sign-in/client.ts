import { randomBytes } from "node:crypto";
import { type StoredOAuthClientInformation, startAuthorization } from "@modelcontextprotocol/client";
import type { HoldfastError } from "../../base/errors.js";
import { fieldsOf } from "../../base/fields.js";
import { authRequired } from "./auth-required.js";
import type { Discovered } from "./discover.js";
import { isUsable, knownClient, register } from "./registration.js";
import type { SignIn } from "./request.js";

/** The same address as at the registration, where it is still free. */
export function portOf(registration: StoredOAuthClientInformation | undefined): number | undefined {
  const { redirect_uris: redirects } = fieldsOf(registration);
  const first: unknown = Array.isArray(redirects) ? redirects[0] : undefined;
  return typeof first !== "string" ? undefined : Number(new URL(first).port) || undefined;
}

/** As which client this program asks: named by its user, known from before, or registered now. */
export async function clientFor(
  input: SignIn,
  redirectUrl: string,
  registering: () => void,
): Promise<StoredOAuthClientInformation> {
  const { server, options, found, scope, fetch } = input;
  const known = knownClient(options, found);
  if (known && options.clientId !== undefined && (await isUnknown(input, known, redirectUrl)))
    throw unknownClient(server, found, options.clientId);
  if (known) return known;
  const { registration } = input;
  if (isUsable(registration, redirectUrl, scope) && !(await isForgotten(input, registration, redirectUrl)))
    return registration;
  registering();
  return register(server, options, found, redirectUrl, scope, fetch);
}

/** @throws HoldfastError `AUTH_REQUIRED` */
export function unknownClient(server: string, { issuer }: Discovered, clientId: string): HoldfastError {
  return authRequired(
    server,
    `the authorization server ${issuer} does not accept the client ${JSON.stringify(clientId)}`,
    "Are clientId and clientSecret right?",
  );
}

/** A person who is sent to a server that does not know the client ends on an error page there; we would not hear of it. */
async function isUnknown(
  input: SignIn,
  client: StoredOAuthClientInformation,
  redirectUrl: string,
): Promise<boolean> {
  try {
    const response = await input.fetch(await trialUrl(input, client, redirectUrl));
    if (response.status !== 400 && response.status !== 401) return false;
    // The user named it, so only the server's own word counts.
    return /invalid_client|unauthorized_client/.test(await response.text());
  } catch {
    return false;
  }
}

/** Where the person is sent, and the proof that goes with the answer. */
export function authorizationOf(
  { found, scope }: SignIn,
  client: StoredOAuthClientInformation,
  redirectUrl: string,
  state: string,
): Promise<{ authorizationUrl: URL; codeVerifier: string }> {
  return startAuthorization(found.url, {
    metadata: found.metadata,
    clientInformation: client,
    redirectUrl,
    state,
    ...(scope !== undefined && { scope }),
    ...(found.resource !== undefined && { resource: found.resource }),
  });
}

async function trialUrl(
  input: SignIn,
  client: StoredOAuthClientInformation,
  redirectUrl: string,
): Promise<URL> {
  const state = randomBytes(8).toString("base64url");
  return (await authorizationOf(input, client, redirectUrl, state)).authorizationUrl;
}

/** The same of a registration, which costs little to make again. */
async function isForgotten(
  input: SignIn,
  client: StoredOAuthClientInformation,
  redirectUrl: string,
): Promise<boolean> {
  try {
    const { status } = await input.fetch(await trialUrl(input, client, redirectUrl), { method: "HEAD" });
    if (status !== 405) return status === 400 || status === 401 || status === 403;
    return false;
  } catch {
    // A redirect to the page where one signs in.
    return false;
  }
}
