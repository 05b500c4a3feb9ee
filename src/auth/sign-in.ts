import { randomBytes } from "node:crypto";
import {
  type DpopSession,
  exchangeAuthorization,
  OAuthError,
  OAuthErrorCode,
  type OAuthTokens,
  type StoredOAuthClientInformation,
  startAuthorization,
  validateAuthorizationResponseIssuer,
} from "@modelcontextprotocol/client";
import { type HoldfastError, isHoldfastError, messageOf } from "../errors.js";
import { systemClock } from "../machines/clock.js";
import type { Authorization } from "../wires/credential.js";
import type { FetchLike } from "../wires/network.js";
import { openBrowser } from "./browser.js";
import { type Answer, Callback } from "./callback.js";
import type { Discovered } from "./discover.js";
import type { OAuthOptions } from "./options.js";
import { refused } from "./refused.js";
import { isUsable, knownClient, register } from "./registration.js";
import { isSecure } from "./safe-fetch.js";
import { told } from "./told.js";

export interface SignIn {
  server: string;
  options: OAuthOptions;
  found: Discovered;
  scope: string | undefined;
  /** A registration of an earlier sign-in. */
  registration: StoredOAuthClientInformation | undefined;
  dpop: DpopSession | undefined;
  fetch: FetchLike;
  /** Settles with tokens that somebody else got meanwhile, in another program that shares the store. */
  elsewhere(signal: AbortSignal): Promise<OAuthTokens>;
}

export interface SignedIn {
  tokens: OAuthTokens;
  /** When they were asked for, epoch ms: they expire so and so long after that. */
  askedAt: number;
  registration: StoredOAuthClientInformation | undefined;
}

const PERSON_MS = 300_000;

/**
 * Brings a person to the authorization server and back, and exchanges what came back for tokens.
 * @throws HoldfastError `AUTH_REQUIRED` with the reason; a failure of the network may be tried again
 */
export async function signIn(input: SignIn, { signal, progress }: Authorization): Promise<SignedIn> {
  const { server, options, found, registration } = input;
  checkPkce(server, found);
  checkPage(server, found);
  const callback = await Callback.listen({
    name: server,
    host: options.callbackHost ?? "127.0.0.1",
    port: options.callbackPort,
    preferredPort: portOf(registration),
  });
  const over = new AbortController();
  let failure: string | undefined = "The sign-in was given up.";
  // Of this one sign-in; an answer may repeat them.
  const secrets: (string | undefined)[] = [];
  let exchanging = false;
  try {
    const client = await clientFor(input, callback.redirectUrl, () => progress({ step: "registering" }));
    callback.state = randomBytes(24).toString("base64url");
    const { authorizationUrl, codeVerifier } = await begin(input, client, callback);
    const work = { ...input, client, callback, over, signal, authorizationUrl };
    const outcome = await withPerson(work, progress);
    if ("tokens" in outcome) {
      failure = undefined;
      return { tokens: outcome.tokens, askedAt: Date.now(), registration };
    }
    exchanging = true;
    progress({ step: "exchanging" });
    const askedAt = Date.now();
    secrets.push(callback.state, codeVerifier, outcome.answer.code, client.client_secret);
    const tokens = await exchangeAuthorization(found.url, {
      metadata: found.metadata,
      clientInformation: client,
      authorizationCode: codeIn(input, outcome.answer),
      codeVerifier,
      redirectUri: callback.redirectUrl,
      fetchFn: input.fetch,
      ...(outcome.answer.iss !== undefined && { iss: outcome.answer.iss }),
      ...(found.resource !== undefined && { resource: found.resource }),
      ...(input.dpop && { dpop: input.dpop }),
    });
    failure = undefined;
    return { tokens: { scope: input.scope, ...tokens } as OAuthTokens, askedAt, registration: client };
  } catch (error) {
    const { clientId } = options;
    const unknown = error instanceof OAuthError && error.code === OAuthErrorCode.InvalidClient;
    const cause =
      unknown && clientId !== undefined
        ? unknownClient(server, found, clientId)
        : withoutToken(server, told(server, error, secrets), exchanging);
    failure = (cause as Error).message;
    throw cause;
  } finally {
    over.abort();
    await callback.close(failure);
  }
}

/** A code is good for one try. Whoever signed in is not sent away again without being told why. */
function withoutToken(server: string, cause: unknown, exchanging: boolean): unknown {
  if (!exchanging || isHoldfastError(cause)) return cause;
  return refused(
    server,
    `signed in, and got no token: ${messageOf(cause)}`,
    "Connect again to be asked again",
  );
}

/** S256 or nothing: a server that does not say that it checks the proof is not asked. */
function checkPkce(server: string, { issuer, metadata }: Discovered): void {
  if (metadata.code_challenge_methods_supported?.includes("S256")) return;
  throw refused(
    server,
    `the authorization server ${issuer} does not offer PKCE with S256, and no sign-in is safe without`,
  );
}

/** The browser opens whatever address it is given: also a file, and what starts another program. */
function checkPage(server: string, { metadata }: Discovered): void {
  const endpoint = metadata.authorization_endpoint;
  if (isSecure(new URL(endpoint))) return;
  throw refused(
    server,
    `signing in is not safe: the page for it, ${endpoint.slice(0, 200)}, is neither https nor on this machine`,
  );
}

/** The same address as at the registration, where it is still free. */
function portOf(registration: StoredOAuthClientInformation | undefined): number | undefined {
  const [first] = (registration as { redirect_uris?: string[] } | undefined)?.redirect_uris ?? [];
  return first === undefined ? undefined : Number(new URL(first).port) || undefined;
}

async function clientFor(
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
  return refused(
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

async function trialUrl(
  { found, scope }: SignIn,
  client: StoredOAuthClientInformation,
  redirectUrl: string,
): Promise<URL> {
  const { authorizationUrl } = await startAuthorization(found.url, {
    metadata: found.metadata,
    clientInformation: client,
    redirectUrl,
    state: randomBytes(8).toString("base64url"),
    ...(scope !== undefined && { scope }),
    ...(found.resource !== undefined && { resource: found.resource }),
  });
  return authorizationUrl;
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

function begin(input: SignIn, client: StoredOAuthClientInformation, callback: Callback) {
  const { found, scope } = input;
  return startAuthorization(found.url, {
    metadata: found.metadata,
    clientInformation: client,
    redirectUrl: callback.redirectUrl,
    state: callback.state,
    ...(scope !== undefined && { scope }),
    ...(found.resource !== undefined && { resource: found.resource }),
  });
}

interface WithPerson extends SignIn {
  callback: Callback;
  authorizationUrl: URL;
  over: AbortController;
  signal: AbortSignal;
}

/** Settles with what the browser brought back, or with the tokens that another program got. */
async function withPerson(
  work: WithPerson,
  progress: Authorization["progress"],
): Promise<{ answer: Answer } | { tokens: OAuthTokens }> {
  const { server, options, callback, authorizationUrl: url, over, signal } = work;
  const timeoutMs = options.timeoutMs ?? PERSON_MS;
  const ask = options.onAuthorize ?? askInBrowser;
  let timer: unknown;
  let onAbort: (() => void) | undefined;
  const given = new Promise<never>((_, reject) => {
    timer = systemClock.setTimeout(
      () =>
        reject(
          refused(server, `nobody signed in within ${timeoutMs / 1000} s`, "Connect again to be asked again"),
        ),
      timeoutMs,
    );
    onAbort = () => reject(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    if (signal.aborted) onAbort();
  });
  progress({ step: "waiting", todo: `Sign in at ${url.href}`, url: url.href });
  const asked = (async () => {
    const context = {
      server,
      redirectUrl: callback.redirectUrl,
      signal: over.signal,
      openBrowser: () => openBrowser(url),
    };
    const answer = await (async () => ask(url, context))().catch((error: unknown) => {
      // Else it would count as a failure of the network, and the person would be asked again and again.
      throw isHoldfastError(error) ? error : refused(server, `onAuthorize failed: ${messageOf(error)}`);
    });
    if (answer) callback.accept(answer);
  })();
  try {
    return await Promise.race([
      callback.answer.then((answer) => ({ answer })),
      work.elsewhere(over.signal).then((tokens) => ({ tokens })),
      given,
      // Only its failure ends the wait; where it brought the answer, that is taken above.
      asked.then(() => given),
    ]);
  } finally {
    systemClock.clearTimeout(timer);
    if (onAbort) signal.removeEventListener("abort", onAbort);
  }
}

const askInBrowser: NonNullable<OAuthOptions["onAuthorize"]> = async (url, { server, openBrowser }) => {
  if (!(await openBrowser())) console.error(`${server} wants you to sign in. Open this page:\n${url.href}`);
};

function codeIn({ server, found }: SignIn, { code, iss, error, description }: Answer): string {
  const { issuer, metadata } = found;
  try {
    validateAuthorizationResponseIssuer({
      iss,
      expectedIssuer: issuer,
      issParameterSupported: metadata["authorization_response_iss_parameter_supported"] === true,
    });
  } catch {
    // Nothing else of such an answer may be believed, or shown.
    throw refused(
      server,
      "the answer of the sign-in does not come from the authorization server that was asked",
    );
  }
  if (error !== undefined) {
    const why = error === "access_denied" ? "it was refused" : `the authorization server says ${error}`;
    throw refused(server, `not signed in: ${why}${description ? ` (${description.slice(0, 300)})` : ""}`);
  }
  if (code === undefined) throw refused(server, "the answer of the sign-in holds no code");
  return code;
}
