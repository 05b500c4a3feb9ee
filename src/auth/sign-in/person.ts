import { validateAuthorizationResponseIssuer } from "@modelcontextprotocol/client";
import { isHoldfastError, messageOf } from "../../base/errors.js";
import { visible } from "../../base/visible.js";
import { untilAborted, withDeadline } from "../../base/wait.js";
import type { Authorization } from "../../contract/credential.js";
import { DEFAULTS } from "../../contract/options.js";
import { authRequired } from "./auth-required.js";
import { openBrowser } from "./browser.js";
import type { Answer, Callback } from "./callback.js";
import type { OAuthOptions } from "./options.js";
import type { Question } from "./question.js";
import type { SignIn } from "./request.js";

export interface PersonRequest extends SignIn {
  callback: Callback;
  authorizationUrl: URL;
  question: Question;
  over: AbortController;
  signal: AbortSignal;
}

/**
 * Sends the person to the sign-in page and waits for the answer. `elsewhere`: another program that shares the store finished the
 * same sign-in first.
 * @throws HoldfastError `AUTH_REQUIRED` where `onAuthorize` fails, or nobody signs in in time
 */
export async function askPerson(
  work: PersonRequest,
  progress: Authorization["progress"],
): Promise<Answer | "elsewhere"> {
  const { server, options, callback, authorizationUrl: url, question, over, signal } = work;
  const timeoutMs = options.timeoutMs ?? DEFAULTS.authorizeTimeoutMs;
  const ask = options.onAuthorize ?? askInBrowser;
  const expired = () =>
    authRequired(server, `nobody signed in within ${timeoutMs / 1000} s`, "Connect again to be asked again");
  const { notes } = question;
  progress({
    step: "waiting",
    todo: `Sign in at ${url.href}`,
    url: url.href,
    ...(notes.length > 0 && { notes }),
  });
  const asked = (async () => {
    const context = {
      server,
      ...question,
      redirectUrl: callback.redirectUrl,
      signal: over.signal,
      openBrowser: () => openBrowser(url),
    };
    const answer = await (async () => ask(url, context))().catch((error: unknown) => {
      // Any other error would count as a failure of the network, and the person would be asked again and again.
      throw isHoldfastError(error) ? error : authRequired(server, `onAuthorize failed: ${messageOf(error)}`);
    });
    if (answer) callback.accept(answer);
  })();
  return withDeadline({ ms: timeoutMs, expired, signals: [signal] }, (limit) =>
    untilAborted(
      Promise.race([
        callback.answer,
        work.elsewhere(over.signal).then(() => "elsewhere" as const),
        // Only a failure of `onAuthorize` ends the wait. An address that it returns arrives through `callback.answer`.
        asked.then(() => new Promise<never>(() => {})),
      ]),
      limit,
    ),
  );
}

const askInBrowser: NonNullable<OAuthOptions["onAuthorize"]> = async (url, context) => {
  const { question, notes, openBrowser } = context;
  console.error(visible([`${question}.`, ...notes].join("\n")));
  if (!(await openBrowser())) console.error(`Open this page:\n${url.href}`);
};

/**
 * The code in the browser's answer.
 * @throws HoldfastError `AUTH_REQUIRED` where it holds none, or does not come from the authorization server that was asked
 */
export function codeIn({ server, found }: SignIn, { code, iss, error, description }: Answer): string {
  const { issuer, metadata } = found;
  try {
    validateAuthorizationResponseIssuer({
      iss,
      expectedIssuer: issuer,
      issParameterSupported: metadata["authorization_response_iss_parameter_supported"] === true,
    });
  } catch {
    // Nothing else in such an answer may be believed or shown.
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
