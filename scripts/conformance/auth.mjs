// How the user of each authorization scenario signs in: with what the tool gives, and without a browser.
import {
  CrossAppAccessProvider,
  discoverOAuthServerInfo,
  requestJwtAuthorizationGrant,
} from "@modelcontextprotocol/client";
import { clientCredentials, oauth } from "../../dist/index.js";

/** The tool's authorization servers ask nobody: they send the browser back at once. */
async function onAuthorize(url) {
  const response = await fetch(url, { redirect: "manual" });
  return response.headers.get("location") ?? undefined;
}

/** A workload whose platform gives it a token that stands for it: the SDK's provider interface, in its smallest form. */
function workload({ client_id, valid_jwt }) {
  let tokens;
  return {
    redirectUrl: undefined,
    clientMetadata: {
      redirect_uris: [],
      grant_types: ["urn:ietf:params:oauth:grant-type:jwt-bearer"],
      token_endpoint_auth_method: "none",
    },
    clientInformation: () => ({ client_id }),
    tokens: () => tokens,
    saveTokens: (given) => {
      tokens = given;
    },
    redirectToAuthorization() {},
    saveCodeVerifier() {},
    codeVerifier: () => "",
    prepareTokenRequest: (scope) =>
      new URLSearchParams({
        grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer",
        assertion: valid_jwt,
        ...(scope && { scope }),
      }),
  };
}

export async function authOf(scenario, context, url) {
  const { client_id: clientId, client_secret: clientSecret } = context;
  // The tool does not say for which authorization server its credentials are: its user takes the one that is named.
  const issuer = context.issuer ?? (await discoverOAuthServerInfo(url)).authorizationServerMetadata?.issuer;
  switch (scenario) {
    case "auth/pre-registration":
      return oauth({ clientId, clientSecret, issuer, onAuthorize });
    case "auth/client-credentials-basic":
      return clientCredentials({ clientId, clientSecret, issuer });
    case "auth/client-credentials-jwt":
      return clientCredentials({
        clientId,
        privateKey: context.private_key_pem,
        algorithm: context.signing_algorithm ?? "ES256",
        issuer,
      });
    case "auth/enterprise-managed-authorization":
      return new CrossAppAccessProvider({
        clientId,
        clientSecret,
        ...(issuer && { expectedIssuer: issuer }),
        assertion: async ({ authorizationServerUrl, resourceUrl, scope, fetchFn }) => {
          const { jwtAuthGrant } = await requestJwtAuthorizationGrant({
            tokenEndpoint: context.idp_token_endpoint,
            audience: authorizationServerUrl,
            resource: resourceUrl,
            idToken: context.idp_id_token,
            clientId: context.idp_client_id,
            fetchFn,
            ...(scope && { scope }),
          });
          return jwtAuthGrant;
        },
      });
    case "auth/wif-jwt-bearer":
      return workload(context);
    case "auth/dpop":
    case "auth/dpop-nonce":
      return oauth({ dpop: true, onAuthorize });
    default:
      return oauth({
        clientMetadataUrl: "https://conformance-test.local/client-metadata.json",
        onAuthorize,
      });
  }
}
