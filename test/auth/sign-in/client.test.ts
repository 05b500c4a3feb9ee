import { describe, expect, it, vi } from "vitest";
import { authorizationOf, clientFor, portOf } from "../../../src/auth/sign-in/client.js";
import type { SignIn } from "../../../src/auth/sign-in/request.js";
import { discovered, ISSUER, signInOf } from "../../support/discovered.js";
import { fakeFetch, json } from "../../support/fake-fetch.js";
import { rejection } from "../../support/settling.js";

const REDIRECT = "http://127.0.0.1:7000/callback";
const stored = { client_id: "stored", redirect_uris: [REDIRECT], issuer: ISSUER };

/** An authorization server that answers the trial of a client as a test says, and registers any. */
async function clientOf(trial: () => Response, more: Partial<SignIn> = {}) {
  const registering = vi.fn();
  const network = fakeFetch(({ method }) =>
    method === "POST" ? json({ ...stored, client_id: "new" }, {}, 201) : trial(),
  );
  const client = clientFor(signInOf({ fetch: network.fetch, ...more }), REDIRECT, registering);
  return { client, network, registering };
}

const said = (status: number, body: string | null = null) => new Response(body, { status });
const unreachable = (): Response => {
  throw new TypeError("fetch failed");
};

describe("the port of a registration", () => {
  it.each([
    [undefined, undefined],
    [{}, undefined],
    [{ redirect_uris: REDIRECT }, undefined],
    [{ redirect_uris: [] }, undefined],
    [{ redirect_uris: [1] }, undefined],
    [{ redirect_uris: ["http://localhost/callback"] }, undefined],
    [{ redirect_uris: [REDIRECT, "http://127.0.0.1:8000/"] }, 7_000],
  ])("of %j is %s", (registration, port) => {
    expect(portOf(registration as never)).toBe(port);
  });
});

describe("the client of a sign-in", () => {
  it.each([
    ["that the server knows", said(200), true],
    ["that gets to the page", said(302), true],
    ["with an error of another kind", said(400, "invalid_scope"), true],
    ["with an error that says so, and no error's status", said(200, "invalid_client"), true],
    ["that it says it does not know", said(400, "error: invalid_client"), false],
    ["that it says may not do this", said(401, "unauthorized_client"), false],
  ])("of the user's own %s is used or not", async (_what, answer, used) => {
    const { client, network } = await clientOf(() => answer, { options: { clientId: "mine" } });
    if (used) expect(await client).toMatchObject({ client_id: "mine" });
    else
      expect(await rejection(client)).toMatchObject({
        code: "AUTH_REQUIRED",
        message: expect.stringContaining('does not accept the client "mine"'),
      });
    expect(network.asked).toMatchObject([{ method: "GET" }]);
    const asked = new URL(network.asked[0]!.url);
    expect(`${asked.origin}${asked.pathname}`).toBe(`${ISSUER}/authorize`);
    expect(Object.fromEntries(asked.searchParams)).toMatchObject({
      client_id: "mine",
      redirect_uri: REDIRECT,
      code_challenge_method: "S256",
    });
    expect(asked.searchParams.get("state")).toMatch(/^[\w-]{11}$/);
  });

  it("of the user's own is used where nobody can be asked", async () => {
    const { client } = await clientOf(unreachable, { options: { clientId: "mine" } });
    expect(await client).toMatchObject({ client_id: "mine" });
  });

  it("is a document without being asked about", async () => {
    const clientMetadataUrl = "https://me.example/client";
    const { client, network } = await clientOf(() => said(400, "invalid_client"), {
      options: { clientMetadataUrl },
      found: discovered({ client_id_metadata_document_supported: true }),
      registration: stored,
    });
    expect(await client).toMatchObject({ client_id: clientMetadataUrl });
    expect(network.asked).toEqual([]);
  });

  it.each([
    ["knows", 200, "stored"],
    ["sends on", 302, "stored"],
    ["is out of order for", 500, "stored"],
    ["takes no such question for", 405, "stored"],
    ["refuses", 400, "new"],
    ["wants credentials of", 401, "new"],
    ["forbids", 403, "new"],
  ])(
    "is the registration of before, unless the server forgot it: one that it %s (%i)",
    async (_w, status, id) => {
      const { client, network, registering } = await clientOf(() => said(status), { registration: stored });
      expect(await client).toMatchObject({ client_id: id });
      expect(network.asked[0]).toMatchObject({ method: "HEAD" });
      expect(registering).toHaveBeenCalledTimes(id === "new" ? 1 : 0);
    },
  );

  it("is the registration of before where the answer is a redirect that is not followed", async () => {
    const { client } = await clientOf(unreachable, { registration: stored });
    expect(await client).toMatchObject({ client_id: "stored" });
  });

  it("is a new registration where there is none, or none that can be used", async () => {
    for (const registration of [undefined, { ...stored, redirect_uris: ["http://other/"] }]) {
      const { client, network, registering } = await clientOf(() => said(200), { registration });
      expect(await client).toMatchObject({ client_id: "new" });
      expect(registering).toHaveBeenCalledTimes(1);
      expect(network.asked).toMatchObject([{ method: "POST" }]);
    }
  });
});

describe("the address of the sign-in page", () => {
  const params = async (more: Partial<SignIn>) => {
    const { authorizationUrl } = await authorizationOf(signInOf(more), stored, REDIRECT, "the-state");
    return Object.fromEntries(authorizationUrl.searchParams);
  };

  it("asks for a scope and for a resource where there is one", async () => {
    const bare = await params({});
    expect(bare).toMatchObject({ client_id: "stored", state: "the-state", response_type: "code" });
    expect(bare).not.toHaveProperty("scope");
    expect(bare).not.toHaveProperty("resource");
    const found = discovered({}, { resource: "https://mcp.example/mcp" });
    expect(await params({ scope: "a b", found })).toMatchObject({
      scope: "a b",
      resource: "https://mcp.example/mcp",
    });
  });
});
