import {
  ClientCredentialsProvider,
  type OAuthClientProvider,
  PrivateKeyJwtProvider,
} from "@modelcontextprotocol/client";
import { checkOneOf, checkString, invalid } from "../../base/check.js";
import { type Credential, CredentialSource, type Resource } from "../../contract/credential.js";
import { scopeText } from "../sign-in/options.js";
import { resourceOf, widthOf } from "../sign-in/resource.js";
import { SdkCredential } from "./sdk.js";

/** How a program signs in as itself: with a client secret, or with a private key that signs for it. */
export interface ClientCredentialsOptions {
  /** The id by which the authorization server knows the program. */
  clientId: string;
  /** Either this, or `privateKey` and `algorithm`. */
  clientSecret?: string;
  /** PEM text, or a JWK. Needs `algorithm`. */
  privateKey?: string | Uint8Array | Record<string, unknown>;
  /** The signing algorithm of `privateKey`: `ES256`, `RS256`, … */
  algorithm?: string;
  /** The authorization server that may see these credentials, by its own issuer name. No other server gets them. */
  issuer: string;
  /** Default: what the server asks for. */
  scopes?: string | readonly string[];
  /** Default: the SDK's name for such a client. */
  clientName?: string;
  /** Refuses a server whose metadata asks for tokens that are good for more than its own URL. Default false. */
  strictResource?: boolean;
}

class ClientCredentials extends CredentialSource {
  readonly #provider: () => OAuthClientProvider;
  readonly #strict: boolean | undefined;

  constructor(make: () => OAuthClientProvider, strict: boolean | undefined) {
    super();
    this.#provider = make;
    this.#strict = strict;
  }

  /** A token is good for one server, so each server gets a provider of its own. */
  override credentialFor(server: Resource): Credential {
    const provider = this.#provider();
    const credential: Credential = new SdkCredential(server, provider);
    provider.validateResourceURL = async (_url, named) => {
      const claim = resourceOf(server.url, named === undefined ? undefined : { resource: named });
      widthOf(server, claim, { strict: this.#strict, others: credential.others?.() ?? [] });
      return claim.resource === undefined ? undefined : new URL(claim.resource);
    };
    return credential;
  }
}

/**
 * Signs the program itself in, without a person: `auth: clientCredentials({ … })`.
 * @throws HoldfastError `CONFIG_INVALID` for a wrong option; the message shows no value
 */
export function clientCredentials(options: ClientCredentialsOptions): CredentialSource {
  const { clientId, clientSecret, privateKey, algorithm, issuer, clientName, strictResource } = options;
  if (typeof clientId !== "string" || clientId === "") throw invalid("auth.clientId", "expected a string");
  checkString("auth.issuer", issuer);
  if (!URL.canParse(issuer)) throw invalid("auth.issuer", "expected a URL");
  if ((clientSecret === undefined) === (privateKey === undefined))
    throw invalid("auth", "expected either clientSecret, or privateKey and algorithm");
  checkOneOf("auth.strictResource", strictResource, [true, false]);
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
      strictResource,
    );
  checkString("auth.algorithm", algorithm);
  return new ClientCredentials(
    () => new PrivateKeyJwtProvider({ ...common, privateKey, algorithm }),
    strictResource,
  );
}
