import { describe, expect, it } from "vitest";
import { revoke } from "../../../src/auth/sign-in/revoke.js";
import type { StoredCredential } from "../../../src/auth/store/store.js";
import { credential } from "../../support/credentials.js";
import { discovered, ISSUER } from "../../support/discovered.js";
import { fakeFetch, json } from "../../support/fake-fetch.js";
import { rejection } from "../../support/settling.js";

const ENDPOINT = `${ISSUER}/revoke`;

/** Revokes at an authorization server with this metadata; it answers with `status`. */
function revoking(registration: object | undefined, metadata: object = {}, status = 200) {
  const network = fakeFetch(({ method }) =>
    method === "POST"
      ? new Response(null, { status })
      : json({ ...discovered().metadata, revocation_endpoint: ENDPOINT, ...metadata }),
  );
  const tokens = { access_token: "a", token_type: "Bearer", refresh_token: "r", issuer: ISSUER };
  const stored = { ...credential(1), issuer: ISSUER, tokens, registration } as StoredCredential;
  const asked = () => {
    const [{ url, headers, body }] = network.made("POST") as [(typeof network.asked)[0]];
    return {
      url,
      type: headers.get("content-type"),
      authorization: headers.get("authorization"),
      body: Object.fromEntries(new URLSearchParams(body)),
    };
  };
  return { done: revoke(stored, network.fetch), network, asked };
}

const token = { token: "r", token_type_hint: "refresh_token" };
const type = "application/x-www-form-urlencoded";

describe("a refresh token", () => {
  it("that there is none of is nothing to revoke", async () => {
    const { fetch, asked } = fakeFetch(() => json({}));
    expect(await revoke(credential(1), fetch)).toBe("nothing-to-revoke");
    const { tokens: _, ...without } = credential(1);
    expect(await revoke(without, fetch)).toBe("nothing-to-revoke");
    expect(asked).toEqual([]);
  });

  it.each<[string, object | undefined, object, string | null]>([
    ["nobody in particular", undefined, {}, null],
    ["a client without a secret", { client_id: "c" }, { client_id: "c" }, null],
    [
      "a client with a secret that it may send",
      { client_id: "c", client_secret: "s", token_endpoint_auth_method: "client_secret_post" },
      { client_id: "c", client_secret: "s" },
      null,
    ],
    [
      "a client whose secret is not to be sent",
      { client_id: "c", client_secret: "s", token_endpoint_auth_method: "none" },
      { client_id: "c" },
      null,
    ],
    [
      "a client that could send a secret, and has none",
      { client_id: "c", token_endpoint_auth_method: "client_secret_post" },
      { client_id: "c" },
      null,
    ],
    [
      "a client with a secret",
      { client_id: "a:b c", client_secret: "s+é" },
      {},
      `Basic ${Buffer.from("a%3Ab+c:s%2B%C3%A9").toString("base64")}`,
    ],
    [
      "a client without a secret whose method needs one",
      { client_id: "c", token_endpoint_auth_method: "client_secret_basic" },
      { client_id: "c" },
      null,
    ],
  ])("is revoked for %s", async (_who, registration, fields, authorization) => {
    const { done, asked } = revoking(registration);
    expect(await done).toBe("revoked");
    expect(asked()).toEqual({ url: ENDPOINT, type, authorization, body: { ...token, ...fields } });
  });

  it("is shown to nobody where the server has no place for it", async () => {
    const { done, network } = revoking({ client_id: "c" }, { revocation_endpoint: undefined });
    expect(await done).toBe("not-offered");
    expect(network.made("POST")).toEqual([]);
  });

  it("is shown to no other issuer than its own", async () => {
    const { done, network } = revoking({ client_id: "c" }, { issuer: "https://evil.example" });
    await rejection(done);
    expect(network.made("POST")).toEqual([]);
    const none = fakeFetch(() => new Response(null, { status: 404 }));
    const stored = { ...credential(1), tokens: { access_token: "a", token_type: "b", refresh_token: "r" } };
    expect(await rejection(revoke(stored as StoredCredential, none.fetch))).toMatchObject({
      message: "its metadata cannot be read, or names another issuer",
    });
  });

  it("that the server does not take is an error with its status", async () => {
    const { done } = revoking({ client_id: "c" }, {}, 503);
    expect(await rejection(done)).toMatchObject({ message: "it answered with HTTP 503" });
  });
});
