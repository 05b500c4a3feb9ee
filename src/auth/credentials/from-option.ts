import type { AuthProvider, OAuthClientProvider } from "@modelcontextprotocol/client";
import { type Credential, CredentialSource, type Resource } from "../../contract/credential.js";
import type { AuthOption } from "../../contract/options.js";
import type { OAuthOptions } from "../sign-in/options.js";
import { SdkCredential } from "./sdk.js";
import { oauth } from "./source.js";
import { StaticToken, TokenFunction } from "./token.js";

/** Makes the credential from whichever form the option `auth` has. Undefined: there is no `auth`. */
export function credentialOf(
  auth: AuthOption | undefined,
  server: Resource,
  defaults: OAuthOptions | undefined,
): Credential | undefined {
  if (auth === undefined) return undefined;
  if (auth === "oauth") return oauth(defaults).credentialFor(server);
  if (typeof auth === "string") return new StaticToken(auth);
  if (typeof auth === "function") return new TokenFunction(server, { token: async () => auth() });
  if (auth instanceof CredentialSource) return auth.credentialFor(server);
  if (isOAuthProvider(auth)) return new SdkCredential(server, auth);
  return new TokenFunction(server, auth);
}

const isOAuthProvider = (auth: AuthProvider | OAuthClientProvider): auth is OAuthClientProvider =>
  "tokens" in auth;
