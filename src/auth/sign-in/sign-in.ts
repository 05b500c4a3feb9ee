import { randomBytes } from "node:crypto";
import {
  exchangeAuthorization,
  OAuthError,
  OAuthErrorCode,
  type OAuthTokens,
  type StoredOAuthClientInformation,
} from "@modelcontextprotocol/client";
import { isHoldfastError, messageOf } from "../../base/errors.js";
import { KeyedLock } from "../../base/keyed-lock.js";
import type { Authorization } from "../../contract/credential.js";
import { authRequired } from "./auth-required.js";
import { Callback } from "./callback.js";
import { authorizationOf, clientFor, portOf } from "./client.js";
import type { Discovered } from "./discover.js";
import { explainAuthError } from "./explain.js";
import { askPerson, codeIn } from "./person.js";
import { questionOf } from "./question.js";
import { unknownClient } from "./registration.js";
import type { SignIn } from "./request.js";

/** What a sign-in brought. */
export interface SignedIn {
  tokens: OAuthTokens;
  /** When they were requested, epoch ms. Their life is counted from here. */
  askedAt: number;
  registration: StoredOAuthClientInformation;
}

const UNNAMED = "The answer does not name the authorization server that gave it (iss, RFC 9207).";

/** A fixed port serves one sign-in at a time, whichever server it is for. */
const locks = new KeyedLock();

/**
 * Sends a person to the authorization server, and exchanges the code that comes back for tokens. Undefined: another program
 * that shares the store finished the same sign-in first.
 * @throws HoldfastError `AUTH_REQUIRED` with the reason
 * @throws what the network failed with; trying again may help
 */
export function signIn(input: SignIn, authorization: Authorization): Promise<SignedIn | undefined> {
  const { callbackHost, callbackPort } = input.options;
  const run = () => signInNow(input, authorization);
  if (callbackPort === undefined) return run();
  return locks.run(`${callbackHost ?? ""}:${callbackPort}`, run, authorization.signal);
}

async function signInNow(input: SignIn, { signal, progress }: Authorization): Promise<SignedIn | undefined> {
  const { server, options, found, registration } = input;
  checkPkce(server, found);
  const question = await questionOf(input);
  const callback = await Callback.listen({
    name: server,
    host: options.callbackHost ?? "127.0.0.1",
    port: options.callbackPort,
    preferredPort: portOf(registration),
  });
  const over = new AbortController();
  let failure: string | undefined = "The sign-in was given up.";
  // An error of the server may quote them, so they are taken out of messages.
  const secrets: (string | undefined)[] = [];
  let exchanging = false;
  try {
    const client = await clientFor(input, callback.redirectUrl, () => progress({ step: "registering" }));
    callback.state = randomBytes(24).toString("base64url");
    const { authorizationUrl, codeVerifier } = await authorizationOf(
      input,
      client,
      callback.redirectUrl,
      callback.state,
    );
    const work = { ...input, client, callback, over, signal, authorizationUrl, question };
    const outcome = await askPerson(work, progress);
    if (outcome === "elsewhere") {
      failure = undefined;
      return undefined;
    }
    exchanging = true;
    progress({ step: "exchanging", ...(outcome.iss === undefined && { notes: [UNNAMED] }) });
    const askedAt = Date.now();
    secrets.push(callback.state, codeVerifier, outcome.code, client.client_secret);
    const tokens = await exchangeAuthorization(found.url, {
      metadata: found.metadata,
      clientInformation: client,
      authorizationCode: codeIn(input, outcome),
      codeVerifier,
      redirectUri: callback.redirectUrl,
      fetchFn: input.fetch,
      ...(outcome.iss !== undefined && { iss: outcome.iss }),
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
        : withoutToken(server, explainAuthError(server, error, secrets), exchanging);
    failure = messageOf(cause);
    throw cause;
  } finally {
    over.abort();
    await callback.close(failure);
  }
}

/**
 * A code can be exchanged once, so a failed exchange is final: the person is told why, and not sent to the page again without
 * a word.
 */
function withoutToken(server: string, cause: unknown, exchanging: boolean): unknown {
  if (!exchanging || isHoldfastError(cause)) return cause;
  return authRequired(
    server,
    `signed in, and got no token: ${messageOf(cause)}`,
    "Connect again to be asked again",
  );
}

/** Requires PKCE with S256, which protects the code on its way back. */
function checkPkce(server: string, { issuer, metadata }: Discovered): void {
  if (metadata.code_challenge_methods_supported?.includes("S256")) return;
  throw authRequired(
    server,
    `the authorization server ${issuer} does not offer PKCE with S256, and no sign-in is safe without`,
  );
}
