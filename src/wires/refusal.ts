import { extractWWWAuthenticateParams } from "@modelcontextprotocol/client";
import type { Refusal } from "../contract/credential.js";
import type { Failure } from "../machines/failure.js";
import { Lost } from "./lost.js";

/** A refusal for which there is something to do; undefined for any other answer. */
export function refusalOf(
  response: Pick<Response, "status" | "headers">,
  token: string | undefined,
): Refusal | undefined {
  const { status, headers } = response;
  if (status !== 401 && status !== 403) return undefined;
  const { scope, resourceMetadataUrl, error } = extractWWWAuthenticateParams(response as Response);
  if (status === 403 && error !== "insufficient_scope") return undefined;
  return {
    status,
    token,
    scope,
    resourceMetadataUrl,
    challenge: headers.get("www-authenticate") ?? undefined,
  };
}

/** A refused attempt, where a sign-in may help. Its name is what the SDK's era probe lets through as it is. */
export class Unauthorized extends Lost {
  override readonly name = "UnauthorizedError";

  constructor(readonly refusal: Refusal) {
    super("rejected", { ...unauthorized(refusal), authorizable: true });
  }
}

/** A refusal as a failure that no further attempt can mend. */
export function unauthorized({ status, token, scope }: Refusal): Failure {
  const wants = scope === undefined ? "" : `: it asks for the scope ${JSON.stringify(scope)}`;
  const message =
    status === 403
      ? `the token has not enough scope (HTTP 403)${wants}`
      : token === undefined
        ? "the server wants credentials (HTTP 401)"
        : "the server refuses the credentials (HTTP 401)";
  const hint = status === 401 && token === undefined ? "Pass auth, or an Authorization header" : undefined;
  return { code: "AUTH_REQUIRED", message, ...(hint && { hint }), fatal: true, details: { status } };
}
