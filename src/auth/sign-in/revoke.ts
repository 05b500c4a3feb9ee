import { discoverAuthorizationServerMetadata } from "@modelcontextprotocol/client";
import type { FetchLike } from "../../contract/credential.js";
import type { StoredCredential } from "../store/store.js";
import { isSameIssuer } from "./discover.js";

/** What became of the tokens at the authorization server. */
export type Revocation = "revoked" | "not-offered" | "nothing-to-revoke";

/**
 * Tells the authorization server that the refresh token is used no more (RFC 7009). `fetch` is a safe one.
 * @throws where it cannot be told, or says no; no token is in the message
 */
export async function revoke(
  { issuer, tokens, registration }: StoredCredential,
  fetch: FetchLike,
): Promise<Revocation> {
  const token = tokens?.refresh_token;
  if (token === undefined) return "nothing-to-revoke";
  const metadata = await discoverAuthorizationServerMetadata(issuer, { fetchFn: fetch });
  // Only the one that gave out the token may see it again.
  if (!metadata || !isSameIssuer(metadata.issuer, issuer))
    throw new Error("its metadata cannot be read, or names another issuer");
  const { revocation_endpoint: endpoint } = metadata as { revocation_endpoint?: string };
  if (endpoint === undefined) return "not-offered";
  const body = new URLSearchParams({ token, token_type_hint: "refresh_token" });
  const headers = new Headers({ "content-type": "application/x-www-form-urlencoded" });
  authenticate(registration, body, headers);
  // The headers as pairs: `fetch` may be another implementation's.
  const response = await fetch(endpoint, { method: "POST", headers: [...headers], body: body.toString() });
  if (!response.ok) throw new Error(`it answered with HTTP ${response.status}`);
  return "revoked";
}

function authenticate(
  registration: StoredCredential["registration"],
  body: URLSearchParams,
  headers: Headers,
): void {
  if (!registration) return;
  const { client_id: id, client_secret: secret } = registration;
  const { token_endpoint_auth_method: method } = registration as { token_endpoint_auth_method?: string };
  if (secret !== undefined && method !== "client_secret_post" && method !== "none") {
    const pair = [id, secret].map(formEncoded).join(":");
    headers.set("authorization", `Basic ${Buffer.from(pair).toString("base64")}`);
    return;
  }
  body.set("client_id", id);
  if (secret !== undefined && method === "client_secret_post") body.set("client_secret", secret);
}

/** As RFC 6749 wants the parts of the header. */
const formEncoded = (text: string) => new URLSearchParams({ a: text }).toString().slice(2);
