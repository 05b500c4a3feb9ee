import { discoverAuthorizationServerMetadata } from "@modelcontextprotocol/client";
import { fieldsOf } from "../../base/fields.js";
import type { FetchLike } from "../../contract/credential.js";
import type { StoredCredential } from "../store/store.js";
import { isSameIssuer } from "./discover.js";

/** What the authorization server did with the refresh token. */
export type Revocation = "revoked" | "not-offered" | "nothing-to-revoke";

/**
 * Asks the authorization server to revoke the refresh token (RFC 7009). `fetch` must come from `safeFetch`.
 * @throws Error where the server cannot be reached, or refuses; the message holds no token
 */
export async function revoke(
  { issuer, tokens, registration }: StoredCredential,
  fetch: FetchLike,
): Promise<Revocation> {
  const token = tokens?.refresh_token;
  if (token === undefined) return "nothing-to-revoke";
  const metadata = await discoverAuthorizationServerMetadata(issuer, { fetchFn: fetch });
  // Only the issuer of the token may see it.
  if (!metadata || !isSameIssuer(metadata.issuer, issuer))
    throw new Error("its metadata cannot be read, or names another issuer");
  const { revocation_endpoint: endpoint } = fieldsOf(metadata);
  if (typeof endpoint !== "string") return "not-offered";
  const body = new URLSearchParams({ token, token_type_hint: "refresh_token" });
  const headers = new Headers({ "content-type": "application/x-www-form-urlencoded" });
  authenticate(registration, body, headers);
  // Headers go as pairs, because `fetch` may come from another implementation, which knows no `Headers` of ours.
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
  const { token_endpoint_auth_method: method } = fieldsOf(registration);
  if (secret !== undefined && method !== "client_secret_post" && method !== "none") {
    const pair = [id, secret].map(formEncoded).join(":");
    headers.set("authorization", `Basic ${Buffer.from(pair).toString("base64")}`);
    return;
  }
  body.set("client_id", id);
  if (secret !== undefined && method === "client_secret_post") body.set("client_secret", secret);
}

/** RFC 6749 wants both parts of the Basic header form-encoded. */
const formEncoded = (text: string) => new URLSearchParams({ a: text }).toString().slice(2);
