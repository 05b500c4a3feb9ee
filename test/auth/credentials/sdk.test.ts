import type { OAuthClientProvider, OAuthTokens } from "@modelcontextprotocol/client";
import { describe, expect, it, vi } from "vitest";
import { clientCredentials } from "../../../src/auth/credentials/client-credentials.js";
import { newKey } from "../../../src/auth/credentials/dpop.js";
import { SdkCredential } from "../../../src/auth/credentials/sdk.js";
import type { AuthorizationStep, Refusal } from "../../../src/contract/credential.js";
import { systemClock } from "../../../src/machines/clock.js";
import { ISSUER, MCP } from "../../support/discovered.js";
import { fakeAuthorization } from "../../support/fake-authorization.js";
import { json } from "../../support/fake-fetch.js";
import { stopTime } from "../../support/fake-timers.js";
import { refusal } from "../../support/refusal.js";
import { isPending, rejection, settled, until } from "../../support/settling.js";

/** A provider that keeps its tokens in memory; with a redirect address a person signs in. */
function providerOf(tokens?: OAuthTokens, more: Partial<OAuthClientProvider> = {}) {
  const kept = { tokens, verifier: "", pages: [] as URL[] };
  const provider: OAuthClientProvider = {
    redirectUrl: "https://me.example/callback",
    clientMetadata: { redirect_uris: ["https://me.example/callback"] },
    clientInformation: () => ({ client_id: "c", client_secret: "the-client-secret" }),
    tokens: () => kept.tokens,
    saveTokens: (given) => {
      kept.tokens = given;
    },
    redirectToAuthorization: (url) => void kept.pages.push(url),
    saveCodeVerifier: (verifier) => {
      kept.verifier = verifier;
    },
    codeVerifier: () => kept.verifier,
    ...more,
  };
  return { provider, kept };
}

function rig(tokens?: OAuthTokens, more: Partial<OAuthClientProvider> = {}) {
  const world = fakeAuthorization({
    token_endpoint_auth_methods_supported: ["client_secret_post"],
    grant_types_supported: ["authorization_code", "refresh_token", "client_credentials"],
  });
  const { provider, kept } = providerOf(tokens, more);
  const server = { name: "weather", url: MCP, fetch: world.fetch, signs: true };
  const credential = new SdkCredential(server, provider);
  const steps: AuthorizationStep[] = [];
  const over = new AbortController();
  const obtain = (more: Partial<Refusal> = {}) =>
    credential.obtain(refusal(more), { signal: over.signal, progress: (step) => void steps.push(step) });
  return { ...world, credential, provider, kept, obtain, steps, over, server };
}

const token = (more: object = {}): OAuthTokens => ({ access_token: "t0", token_type: "Bearer", ...more });
const refreshable = (more: object = {}) => token({ refresh_token: "r0", ...more });

describe("a provider of the SDK", () => {
  it("says which token is shown; one that no header can hold is refused", async () => {
    expect(await rig().credential.token()).toBeUndefined();
    expect(await rig(token()).credential.token()).toBe("t0");
    expect(await rejection(rig(token({ access_token: "a\nb" })).credential.token())).toMatchObject({
      code: "CONFIG_INVALID",
    });
    expect(rig().credential.mends()).toBe(true);
  });

  it("signs with its key, if it has one", async () => {
    const { session } = await newKey();
    const plain = rig(token());
    expect(plain.credential.signs()).toBe(false);
    expect(plain.credential.sign(plain.fetch)).toBe(plain.fetch);
    const bound = rig(token({ token_type: "DPoP" }), { dpop: session } as never);
    expect(bound.credential.signs()).toBe(true);
    expect(bound.credential.sign(bound.fetch)).not.toBe(bound.fetch);
  });

  it("has its token refreshed after a 401, by the SDK's own flow", async () => {
    const { credential, obtain, steps, forms } = rig(refreshable());
    await obtain({ token: "t0" });
    expect(steps).toEqual([{ step: "refreshing" }]);
    expect(forms()).toMatchObject([{ grant_type: "refresh_token", refresh_token: "r0", client_id: "c" }]);
    expect(await credential.token()).toBe("t1");
  });

  it("is not asked again where its token is another one already", async () => {
    const { obtain, asked, steps } = rig(refreshable({ scope: "a" }));
    await obtain({ token: "older" });
    await obtain({ status: 403, token: "older", scope: "a" });
    expect({ asked, steps }).toEqual({ asked: [], steps: [] });
  });

  it("gives no third token where the second is refused, unless it was accepted", async () => {
    const { credential, obtain, forms } = rig(refreshable());
    await obtain({ token: "t0" });
    expect(await rejection(obtain({ token: "t1" }))).toMatchObject({
      code: "AUTH_REQUIRED",
      message: expect.stringContaining("the token that it was just given"),
    });
    await obtain({ token: "t1" });
    credential.accepted("t2");
    await obtain({ token: "t2" });
    expect(forms()).toHaveLength(3);
  });

  it("that sends a person away is waited for until it has tokens", async () => {
    const pass = stopTime();
    const { obtain, steps, kept, credential } = rig();
    const done = obtain({ scope: "a b" });
    await until(() => kept.pages.length === 1);
    await settled();
    expect(steps).toEqual([
      { step: "discovering" },
      { step: "waiting", todo: "Sign in where the program's own provider sent you" },
    ]);
    expect(kept.pages[0]!.searchParams.get("scope")).toBe("a b");
    await pass(300);
    expect(await isPending(done)).toBe(true);
    kept.tokens = token({ access_token: "signed" });
    await pass(299);
    expect(await isPending(done)).toBe(true);
    await pass(1);
    await done;
    expect(await credential.token()).toBe("signed");
  });

  it("that sends a person away is waited for no longer than somebody waits", async () => {
    const pass = stopTime();
    const { obtain, kept, over } = rig(token());
    const done = rejection(obtain({ token: "t0" }));
    await until(() => kept.pages.length === 1);
    // The old token is none.
    await pass(300);
    expect(await isPending(done)).toBe(true);
    over.abort("enough");
    expect(await done).toBe("enough");
  });

  it("is sent for more scope after a 403, once, though the token could be refreshed", async () => {
    const pass = stopTime();
    const { obtain, kept, steps, forms } = rig(refreshable({ scope: "a" }));
    const done = obtain({ status: 403, token: "t0", scope: "b" });
    await until(() => kept.pages.length === 1);
    await settled();
    expect(forms()).toEqual([]);
    expect(steps[0]).toEqual({ step: "discovering" });
    expect(kept.pages[0]!.searchParams.get("scope")?.split(" ").sort()).toEqual(["a", "b"]);
    kept.tokens = token({ access_token: "more", scope: "a" });
    await pass(300);
    await done;
    expect(await rejection(obtain({ status: 403, token: "more", scope: "b" }))).toMatchObject({
      code: "AUTH_REQUIRED",
      message: expect.stringContaining('the scope "b", which was asked for and does not help'),
    });
  });

  it("hears where the server's metadata is", async () => {
    const { obtain, asked } = rig(refreshable());
    const resourceMetadataUrl = new URL("https://mcp.example/oauth-protected-resource/x");
    await obtain({ token: "t0", resourceMetadataUrl });
    expect(asked[0]!.url).toBe(resourceMetadataUrl.href);
  });

  it("whose flow fails is told without its secrets", async () => {
    const client = { client_id: "c", client_secret: "the-client-secret" };
    const { obtain, answers } = rig(
      token({ access_token: "the-access-token", refresh_token: "the-refresh-token" }),
      { clientInformation: () => client },
    );
    const description = "the-access-token the-refresh-token the-client-secret";
    answers["/token"] = () => json({ error: "invalid_scope", error_description: description }, {}, 400);
    const error = (await rejection(obtain({ token: "the-access-token" }))) as Error;
    expect(error.message).toContain("weather: the authorization server says invalid_scope");
    expect(error.message).not.toMatch(/the-(access|refresh|client)/);
  });

  it("whose flow fails is told why, though the provider does not say which client it is", async () => {
    let fails = false;
    const { obtain, answers } = rig(refreshable(), {
      clientInformation: async () => {
        if (fails) throw new Error("no client");
        return { client_id: "c" };
      },
    });
    answers["/token"] = () => {
      fails = true;
      return json({ error: "invalid_scope" }, {}, 400);
    };
    expect(await rejection(obtain({ token: "t0" }))).toMatchObject({
      message: expect.stringContaining("the authorization server says invalid_scope"),
    });
  });

  it("runs one flow for all that share it", async () => {
    const { obtain, provider, server, forms } = rig(refreshable());
    const other = new SdkCredential(server, provider);
    const waiting = { signal: new AbortController().signal, progress: () => {} };
    await Promise.all([obtain({ token: "t0" }), other.obtain(refusal({ token: "t0" }), waiting)]);
    expect(forms()).toHaveLength(1);
  });
});

describe("client credentials", () => {
  const options = { clientId: "c", clientSecret: "s", issuer: ISSUER };
  const machine = (more: Partial<Parameters<typeof clientCredentials>[0]> = {}, resource: object = {}) => {
    const world = fakeAuthorization({ grant_types_supported: ["client_credentials"] }, resource);
    world.answers["/token"] = () =>
      json({ access_token: `t${world.forms().length}`, token_type: "Bearer", expires_in: 100 });
    const server = { name: "weather", url: MCP, fetch: world.fetch, signs: true };
    const credential = clientCredentials({ ...options, ...more }).credentialFor(server);
    const obtain = (more: Partial<Refusal> = {}) =>
      credential.obtain(refusal(more), { signal: new AbortController().signal, progress: () => {} });
    return { ...world, credential, obtain };
  };

  it("get a token for the server, with the scopes that were named", async () => {
    const { credential, obtain, forms } = machine({ scopes: ["a", "b"] });
    await obtain();
    expect(await credential.token()).toBe("t1");
    expect(forms()).toMatchObject([{ grant_type: "client_credentials", scope: "a b", resource: MCP.href }]);
  });

  it("get the next one before the old one ends, and nobody waits for it", async () => {
    const now = vi.spyOn(systemClock, "now");
    const { credential, obtain, forms } = machine();
    const start = systemClock.now();
    now.mockReturnValue(start);
    try {
      await obtain();
      now.mockReturnValue(start + 69_999);
      expect(await credential.token()).toBe("t1");
      await settled();
      expect(forms()).toHaveLength(1);
      now.mockReturnValue(start + 70_000);
      expect(await Promise.all([credential.token(), credential.token()])).toEqual(["t1", "t1"]);
      await until(async () => (await credential.token()) === "t2");
      await settled();
      expect(forms()).toHaveLength(2);
    } finally {
      now.mockRestore();
    }
  });

  it("that cannot be got ahead of time are not tried again until the server says 401", async () => {
    const now = vi.spyOn(systemClock, "now");
    const { credential, obtain, forms, answers } = machine();
    const start = systemClock.now();
    now.mockReturnValue(start);
    try {
      await obtain();
      const { "/token": gives } = answers;
      answers["/token"] = () => json({ error: "server_error" }, {}, 500);
      now.mockReturnValue(start + 70_000);
      await credential.token();
      await until(() => forms().length === 2);
      for (let i = 0; i < 20; i++) await settled();
      expect(await credential.token()).toBe("t1");
      for (let i = 0; i < 20; i++) await settled();
      expect(forms()).toHaveLength(2);
      answers["/token"] = gives!;
      credential.accepted!("t1");
      await obtain({ token: "t1" });
      expect(await credential.token()).toBe("t3");
    } finally {
      now.mockRestore();
    }
  });

  it("are for the server alone where that is wanted, or where another would take the token", async () => {
    const wide = { resource: "https://mcp.example/" };
    const open = machine({}, wide);
    await open.obtain();
    expect(open.forms()).toMatchObject([{ resource: "https://mcp.example/" }]);
    expect(await rejection(machine({ strictResource: true }, wide).obtain())).toMatchObject({
      code: "AUTH_REQUIRED",
      message: expect.stringContaining("strictResource"),
    });
    const beside = machine({}, wide);
    beside.credential.others = () => [{ name: "b", url: new URL("https://mcp.example/b") }];
    expect(await rejection(beside.obtain())).toMatchObject({ message: expect.stringContaining('"b"') });
  });

  it("name no resource where the server names none", async () => {
    const { obtain, forms, answers } = machine();
    answers["oauth-protected-resource"] = () => new Response(null, { status: 404 });
    answers["oauth-authorization-server"] = () =>
      json({
        issuer: ISSUER,
        authorization_endpoint: `${ISSUER}/authorize`,
        token_endpoint: `${ISSUER}/token`,
        response_types_supported: ["code"],
      });
    await obtain().catch(() => {});
    for (const form of forms()) expect(form).not.toHaveProperty("resource");
  });

  const STRING = "expected a string";
  it.each<[object, string, string]>([
    [{ clientId: "" }, "auth.clientId", STRING],
    [{ clientId: 1 }, "auth.clientId", STRING],
    [{ issuer: undefined }, "auth.issuer", "expected a string, got undefined"],
    [{ issuer: "a.example" }, "auth.issuer", "expected a URL"],
    [{ clientSecret: undefined }, "auth", "expected either clientSecret, or privateKey and algorithm"],
    [{ privateKey: "k" }, "auth", "expected either clientSecret, or privateKey and algorithm"],
    [{ clientSecret: undefined, privateKey: "k" }, "auth.algorithm", "expected a string, got undefined"],
    [{ strictResource: 1 }, "auth.strictResource", "expected true, false, got 1"],
  ])("may not be %j", (more, path, why) => {
    expect(() => clientCredentials({ ...options, ...more } as never)).toThrow(
      expect.objectContaining({
        code: "CONFIG_INVALID",
        path,
        message: `option ${JSON.stringify(path)}: ${why}`,
      }),
    );
  });

  it("with a key sign for themselves", async () => {
    const { privateKey } = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, [
      "sign",
    ]);
    const jwk = { ...(await crypto.subtle.exportKey("jwk", privateKey)) } as Record<string, unknown>;
    const { obtain, forms, credential } = machine({
      clientSecret: undefined as never,
      privateKey: jwk,
      algorithm: "ES256",
      clientName: "me",
    });
    await obtain();
    expect(await credential.token()).toBe("t1");
    expect(forms()).toMatchObject([{ client_assertion: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/) }]);
  });
});
