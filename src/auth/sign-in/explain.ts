import { OAuthClientFlowError, OAuthError } from "@modelcontextprotocol/client";
import { isHoldfastError } from "../../base/errors.js";
import { fieldsOf } from "../../base/fields.js";
import { Secrets } from "../../base/redact.js";
import { shown } from "../../base/shown.js";
import { authRequired } from "./auth-required.js";
import { UnsafeAnswer } from "./safe-fetch.js";

/**
 * The error of a sign-in as users see it, without secrets. What cannot succeed later becomes `AUTH_REQUIRED`. A failure of the
 * network, or a passing one of the authorization server, stays a plain error, which may be tried again.
 */
export function explainAuthError(
  server: string,
  error: unknown,
  secrets: (string | undefined)[] = [],
): unknown {
  const known = new Secrets();
  for (const secret of secrets) if (secret !== undefined) known.add(secret, { named: true });
  // Also of what is told as it is, and of its causes.
  shown(known, error);
  if (isHoldfastError(error) || !(error instanceof Error)) return error;
  // The SDK quotes a whole body that is not an OAuth error.
  const bare = error.message.replace(
    /Invalid OAuth error response[\s\S]*/,
    "its answer is no error of OAuth",
  );
  const message = bare.slice(0, 300);
  if (error instanceof OAuthError) {
    const { code } = error;
    if (PASSING.has(code)) return new Error(`the authorization server says ${code}: ${message}`);
    return authRequired(server, `the authorization server says ${code}: ${message}`);
  }
  if (error instanceof UnsafeAnswer) return authRequired(server, `signing in is not safe: ${message}`);
  if (error instanceof OAuthClientFlowError) return authRequired(server, message);
  if (error.name === "ZodError")
    return authRequired(server, `an answer of the sign-in lacks what it must have: ${wrongFields(error)}`);
  if (error instanceof SyntaxError) return authRequired(server, "an answer of the sign-in is not JSON");
  // This is how the SDK says that the metadata names another resource.
  if (/does not match expected/.test(message))
    return authRequired(server, `the server's metadata is for another server: ${message}`);
  return error;
}

const PASSING = new Set(["server_error", "temporarily_unavailable", "too_many_requests"]);

function wrongFields(error: Error): string {
  const { issues } = fieldsOf(error);
  if (!Array.isArray(issues)) return "";
  return issues.map(({ path }: { path: PropertyKey[] }) => path.join(".")).join(", ");
}
