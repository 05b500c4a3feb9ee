import {
  ClientCredentialsProvider,
  type OAuthClientProvider,
  PrivateKeyJwtProvider,
} from "@modelcontextprotocol/client";
import { checkString, invalid } from "../../base/check.js";
import { type Credential, CredentialSource, type Resource } from "../../contract/credential.js";
import { scopeText } from "../sign-in/options.js";
import { SdkCredential } from "./sdk.js";

/** A program that signs in as itself: with a secret, or with a key that signs for it. */
export interface ClientCredentialsOptions {
  clientId: string;
  clientSecret?: string;
  /** PEM, or a JWK. Comes with `algorithm`. */
  privateKey?: string | Uint8Array | Record<string, unknown>;
  /** `ES256`, `RS256`, … */
  algorithm?: string;
  /** The authorization server that may have them, as it names itself. A server that names another gets nothing. */
  issuer: string;
  scopes?: string | readonly string[];
  clientName?: string;
}

class ClientCredentials extends CredentialSource {
  readonly #provider: () => OAuthClientProvider;

  constructor(make: () => OAuthClientProvider) {
    super();
    this.#provider = make;
  }

  /** Tokens are for one server: each has a provider of its own. */
  override credentialFor(server: Resource): Credential {
    return new SdkCredential(server, this.#provider());
  }
}

/**
 * Signs in without a person, with the credentials of the program itself: `auth: clientCredentials({ … })`.
 * @throws HoldfastError `CONFIG_INVALID` for a wrong option; values are not shown
 */
export function clientCredentials(options: ClientCredentialsOptions): CredentialSource {
  const { clientId, clientSecret, privateKey, algorithm, issuer, clientName } = options;
  if (typeof clientId !== "string" || clientId === "") throw invalid("auth.clientId", "expected a string");
  checkString("auth.issuer", issuer);
  if (!URL.canParse(issuer)) throw invalid("auth.issuer", "expected a URL");
  if ((clientSecret === undefined) === (privateKey === undefined))
    throw invalid("auth", "expected either clientSecret, or privateKey and algorithm");
  const scope = scopeText(options.scopes);
  const common = {
    clientId,
    expectedIssuer: issuer,
    ...(scope !== undefined && { scope }),
    ...(clientName !== undefined && { clientName }),
  };
  if (privateKey === undefined)
    return new ClientCredentials(
      () => new ClientCredentialsProvider({ ...common, clientSecret: clientSecret as string }),
    );
  checkString("auth.algorithm", algorithm);
  return new ClientCredentials(() => new PrivateKeyJwtProvider({ ...common, privateKey, algorithm }));
}
