import { randomBytes } from "node:crypto";
import { type StoredOAuthClientInformation, startAuthorization } from "@modelcontextprotocol/client";
import { fieldsOf } from "../../base/fields.js";
import { isUsable, knownClient, register, unknownClient } from "./registration.js";
import type { SignIn } from "./request.js";

/** The port of the redirect address that was registered, so that a later sign-in can use the same one. */
export function portOf(registration: StoredOAuthClientInformation | undefined): number | undefined {
  const { redirect_uris: redirects } = fieldsOf(registration);
  const first: unknown = Array.isArray(redirects) ? redirects[0] : undefined;
  return typeof first !== "string" ? undefined : Number(new URL(first).port) || undefined;
}

/**
 * The client that this program signs in as: the one that the user named, the one of an earlier registration, or a new one.
 * `registering` is called before a new one is made.
 */
export async function clientFor(
  input: SignIn,
  redirectUrl: string,
  registering: () => void,
): Promise<StoredOAuthClientInformation> {
  const { server, options, found, scope } = input;
  const known = knownClient(options, found);
  if (known && options.clientId !== undefined && (await isUnknown(input, known, redirectUrl)))
    throw unknownClient(server, found, options.clientId);
  if (known) return known;
  const { registration } = input;
  if (isUsable(registration, redirectUrl, scope) && !(await isForgotten(input, registration, redirectUrl)))
    return registration;
  registering();
  return register(input, redirectUrl);
}

/**
 * Whether the authorization server says that it does not know a client that the user named. Asked before the person is sent
 * there, because the error page would be shown to the person only.
 */
async function isUnknown(
  input: SignIn,
  client: StoredOAuthClientInformation,
  redirectUrl: string,
): Promise<boolean> {
  try {
    const response = await input.fetch(await trialUrl(input, client, redirectUrl));
    if (response.status !== 400 && response.status !== 401) return false;
    // Only the server's explicit error counts: the user chose this client, and no other can take its place.
    return /invalid_client|unauthorized_client/.test(await response.text());
  } catch {
    return false;
  }
}

/** The address of the sign-in page, and the PKCE verifier that the later exchange needs. */
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

/** Whether the authorization server seems to have dropped our registration. Any refusal counts: a new one costs little. */
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
    // `fetch` refuses the redirect to the sign-in page, which a known client gets.
    return false;
  }
}
