import type { AuthProvider, OAuthClientProvider } from "@modelcontextprotocol/client";
import type { AuthOption } from "../options.js";
import type { Credential } from "../wires/credential.js";
import { CredentialSource, oauth } from "./oauth.js";
import type { Resource } from "./oauth-credential.js";
import type { OAuthOptions } from "./options.js";
import { GivenTokens, StaticToken } from "./provided.js";
import { SdkCredential } from "./sdk-credential.js";

/** The credential for each form of the option `auth`. */
export function credentialOf(
  auth: AuthOption | undefined,
  server: Resource,
  defaults: OAuthOptions | undefined,
): Credential | undefined {
  if (auth === undefined) return undefined;
  if (auth === "oauth") return oauth(defaults).for(server);
  if (typeof auth === "string") return new StaticToken(auth);
  if (typeof auth === "function") return new GivenTokens(server, { token: async () => auth() });
  if (auth instanceof CredentialSource) return auth.for(server);
  if (isOAuthProvider(auth)) return new SdkCredential(server, auth);
  return new GivenTokens(server, auth);
}

const isOAuthProvider = (auth: AuthProvider | OAuthClientProvider): auth is OAuthClientProvider =>
  "tokens" in auth;
