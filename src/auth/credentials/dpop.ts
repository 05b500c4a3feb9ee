import { type DpopKeyPair, DpopSession, generateDpopKeyPair } from "@modelcontextprotocol/client";
import type { StoredKey } from "../store/store.js";

/** A new key, and the form in which it is stored. */
export async function newKey(): Promise<{ session: DpopSession; stored: StoredKey }> {
  const keyPair = await generateDpopKeyPair({ extractable: true });
  return {
    session: await DpopSession.create({ keyPair }),
    stored: await crypto.subtle.exportKey("jwk", keyPair.privateKey),
  };
}

/** Restores the key that stored tokens are bound to. */
export async function keyOf(stored: StoredKey): Promise<DpopSession> {
  const algorithm = { name: "ECDSA", namedCurve: "P-256" };
  const { kty, crv, x, y } = stored;
  const publicJwk = { kty, crv, x, y } as DpopKeyPair["publicJwk"];
  // RFC 7638 prescribes these members, in this order.
  const text = JSON.stringify({ crv, kty, x, y });
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  const keyPair: DpopKeyPair = {
    privateKey: await crypto.subtle.importKey("jwk", stored, algorithm, false, ["sign"]),
    publicKey: await crypto.subtle.importKey("jwk", publicJwk, algorithm, true, ["verify"]),
    publicJwk,
    thumbprint: Buffer.from(digest).toString("base64url"),
    alg: "ES256",
  };
  return DpopSession.create({ keyPair });
}
