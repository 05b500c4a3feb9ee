import { validateAuthorizationResponseIssuer } from "@modelcontextprotocol/client";
import { isHoldfastError, messageOf } from "../../base/errors.js";
import { untilAborted, withDeadline } from "../../base/wait.js";
import type { Authorization } from "../../contract/credential.js";
import { DEFAULTS } from "../../contract/options.js";
import { authRequired } from "./auth-required.js";
import { openBrowser } from "./browser.js";
import type { Answer, Callback } from "./callback.js";
import type { OAuthOptions } from "./options.js";
import type { SignIn } from "./request.js";

export interface PersonRequest extends SignIn {
  callback: Callback;
  authorizationUrl: URL;
  over: AbortController;
  signal: AbortSignal;
}

/** Settles with what the browser brought back, or that another program was faster. */
export async function askPerson(
  work: PersonRequest,
  progress: Authorization["progress"],
): Promise<Answer | "elsewhere"> {
  const { server, options, callback, authorizationUrl: url, over, signal } = work;
  const timeoutMs = options.timeoutMs ?? DEFAULTS.authorizeTimeoutMs;
  const ask = options.onAuthorize ?? askInBrowser;
  const expired = () =>
    authRequired(server, `nobody signed in within ${timeoutMs / 1000} s`, "Connect again to be asked again");
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
      throw isHoldfastError(error) ? error : authRequired(server, `onAuthorize failed: ${messageOf(error)}`);
    });
    if (answer) callback.accept(answer);
  })();
  return withDeadline({ ms: timeoutMs, expired, signals: [signal] }, (limit) =>
    untilAborted(
      Promise.race([
        callback.answer,
        work.elsewhere(over.signal).then(() => "elsewhere" as const),
        // Only its failure ends the wait; where it brought the answer, that is taken above.
        asked.then(() => new Promise<never>(() => {})),
      ]),
      limit,
    ),
  );
}

const askInBrowser: NonNullable<OAuthOptions["onAuthorize"]> = async (url, { server, openBrowser }) => {
  if (!(await openBrowser())) console.error(`${server} wants you to sign in. Open this page:\n${url.href}`);
};

/** @throws HoldfastError `AUTH_REQUIRED` where the answer holds no code, or does not come from who was asked */
export function codeIn({ server, found }: SignIn, { code, iss, error, description }: Answer): string {
  const { issuer, metadata } = found;
  try {
    validateAuthorizationResponseIssuer({
      iss,
      expectedIssuer: issuer,
      issParameterSupported: metadata["authorization_response_iss_parameter_supported"] === true,
    });
  } catch {
    // Nothing else of such an answer may be believed, or shown.
    throw authRequired(
      server,
      "the answer of the sign-in does not come from the authorization server that was asked",
    );
  }
  if (error !== undefined) {
    const why = error === "access_denied" ? "it was refused" : `the authorization server says ${error}`;
    throw authRequired(
      server,
      `not signed in: ${why}${description ? ` (${description.slice(0, 300)})` : ""}`,
    );
  }
  if (code === undefined) throw authRequired(server, "the answer of the sign-in holds no code");
  return code;
}
