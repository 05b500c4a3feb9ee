import {
  isStrictScopeSuperset,
  type OAuthClientMetadata,
  RegistrationRejectedError,
  registerClient,
  resolveClientMetadata,
  type StoredOAuthClientInformation,
} from "@modelcontextprotocol/client";
import type { HoldfastError } from "../../base/errors.js";
import { fieldsOf } from "../../base/fields.js";
import { authRequired } from "./auth-required.js";
import type { Discovered } from "./discover.js";
import type { OAuthOptions } from "./options.js";
import type { SignIn } from "./request.js";

/** The key of the client that these options name. A credential that another client got is never used. */
export function clientKey({ clientId, clientMetadataUrl, clientName }: OAuthOptions): string {
  if (clientId !== undefined) return `id:${clientId}`;
  if (clientMetadataUrl !== undefined) return `document:${clientMetadataUrl}`;
  return `registered:${clientName ?? "holdfast"}`;
}

/** The client where none has to be registered: a client id of the user's, or a metadata document. */
export function knownClient(
  options: OAuthOptions,
  { issuer, metadata }: Discovered,
): StoredOAuthClientInformation | undefined {
  const { clientId, clientSecret, clientMetadataUrl, tokenEndpointAuthMethod } = options;
  if (clientId !== undefined)
    return {
      client_id: clientId,
      issuer,
      ...(clientSecret !== undefined && { client_secret: clientSecret }),
      ...(tokenEndpointAuthMethod && { token_endpoint_auth_method: tokenEndpointAuthMethod }),
    };
  const takesDocuments = metadata.client_id_metadata_document_supported === true;
  return clientMetadataUrl !== undefined && takesDocuments
    ? { client_id: clientMetadataUrl, issuer }
    : undefined;
}

/** The error for a client id that the user gave and the authorization server does not know. */
export function unknownClient(server: string, { issuer }: Discovered, clientId: string): HoldfastError {
  return authRequired(
    server,
    `the authorization server ${issuer} does not accept the client ${JSON.stringify(clientId)}`,
    "Are clientId and clientSecret right?",
  );
}

/** Whether a stored registration can still be used with this redirect address and this scope. */
export function isUsable(
  registration: StoredOAuthClientInformation | undefined,
  redirectUrl: string,
  scope: string | undefined,
): registration is StoredOAuthClientInformation {
  if (!registration) return false;
  const {
    client_secret_expires_at: expires,
    redirect_uris: redirects,
    scope: registered,
  } = fieldsOf(registration);
  if (typeof expires === "number" && expires !== 0 && expires * 1000 <= Date.now()) return false;
  // Many servers allow no more than the scope that was registered.
  if (typeof registered === "string" && isStrictScopeSuperset(scope, registered)) return false;
  return !Array.isArray(redirects) || redirects.includes(redirectUrl);
}

/**
 * Registers this program as a client of an authorization server.
 * @throws HoldfastError `AUTH_REQUIRED` where that server takes no registrations, or refuses this one
 */
export async function register(
  { server, options, found, scope, fetch }: SignIn,
  redirectUrl: string,
): Promise<StoredOAuthClientInformation> {
  const { issuer, metadata, url } = found;
  if (!metadata.registration_endpoint)
    throw authRequired(
      server,
      `the authorization server ${issuer} takes no registrations`,
      "Pass oauth({ clientId }) with a client that it knows",
    );
  const methods = metadata.token_endpoint_auth_methods_supported;
  const method = options.tokenEndpointAuthMethod ?? (methods?.includes("none") ? "none" : undefined);
  const clientMetadata: OAuthClientMetadata = resolveClientMetadata({
    redirectUrl,
    clientMetadata: {
      client_name: options.clientName ?? "holdfast",
      redirect_uris: [redirectUrl],
      response_types: ["code"],
      ...(method && { token_endpoint_auth_method: method }),
      ...options.additionalClientMetadata,
    },
  });
  try {
    const information = await registerClient(url, {
      metadata,
      clientMetadata,
      fetchFn: fetch,
      ...(scope !== undefined && { scope }),
    });
    return { ...information, issuer };
  } catch (error) {
    if (!(error instanceof RegistrationRejectedError)) throw error;
    throw authRequired(
      server,
      `the authorization server ${issuer} refuses to register this program (HTTP ${error.status}${reasonIn(error.body)})`,
      "Pass oauth({ clientId }) with a client that it knows",
    );
  }
}

function reasonIn(body: string): string {
  try {
    const { error, error_description: description } = fieldsOf(JSON.parse(body));
    return [error, description]
      .map((part) => (typeof part === "string" ? `, ${part.slice(0, 200)}` : ""))
      .join("");
  } catch {
    return "";
  }
}
