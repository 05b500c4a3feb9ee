import { type DpopKeyPair, DpopSession, OAuthError } from "@modelcontextprotocol/client";
import { describe, expect, it } from "vitest";
import { keyOf, newKey } from "../../../src/auth/credentials/dpop.js";
import { expiresSoon, expiryOf, isExpired, isYoung, refresh } from "../../../src/auth/credentials/renewal.js";
import { covers, nextScope, widerScope } from "../../../src/auth/credentials/scope.js";
import type { StoredCredential } from "../../../src/auth/store/store.js";
import type { Refusal } from "../../../src/contract/credential.js";
import { credential } from "../../support/credentials.js";
import { discovered, ISSUER } from "../../support/discovered.js";
import { fakeFetch, json } from "../../support/fake-fetch.js";
import { stopClock } from "../../support/fake-timers.js";
import { rejection } from "../../support/settling.js";

describe("the life of a token", () => {
  const living = (ms: number | undefined): StoredCredential => ({
    ...credential(Date.now()),
    ...(ms !== undefined && { expiresAt: Date.now() + ms }),
  });

  it("ends at its time, and without one never", async () => {
    const pass = stopClock();
    const [short, endless] = [living(1_000), living(undefined)];
    await pass(999);
    expect(isExpired(short)).toBe(false);
    await pass(1);
    expect(isExpired(short)).toBe(true);
    expect([isExpired, expiresSoon].map((is) => is(endless))).toEqual([false, false]);
    expect(isYoung(endless)).toBe(true);
  });

  it.each([
    [100_000, 70_000],
    [1_000_000, 940_000],
  ])("of %i ms is near its end after %i ms, and was young in the first three tenths", async (life, near) => {
    const pass = stopClock();
    const token = living(life);
    const young = 0.3 * life;
    await pass(young - 1);
    expect([isYoung(token), expiresSoon(token)]).toEqual([true, false]);
    await pass(1);
    expect([isYoung(token), expiresSoon(token)]).toEqual([false, false]);
    await pass(near - young - 1);
    expect(expiresSoon(token)).toBe(false);
    await pass(1);
    expect(expiresSoon(token)).toBe(true);
    expect(isExpired(token)).toBe(false);
  });

  it("is counted in seconds from when it was asked for", () => {
    expect(expiryOf({ expires_in: 2 }, 5)).toBe(2_005);
    expect(expiryOf({}, 5)).toBeUndefined();
  });
});

describe("a refresh", () => {
  const tokens = {
    access_token: "old",
    token_type: "Bearer",
    refresh_token: "r",
    scope: "a",
    issuer: ISSUER,
  };
  const stored = (more: Partial<StoredCredential> = {}) =>
    ({
      ...credential(1),
      issuer: ISSUER,
      tokens,
      registration: { client_id: "c" },
      expiresAt: 2,
      ...more,
    }) as StoredCredential;
  const refreshing = (
    answer: () => Response,
    given = stored(),
    ...rest: [found?: ReturnType<typeof discovered>, known?: object]
  ) => {
    const network = fakeFetch(answer);
    const [found = discovered(), known] = rest;
    const done = refresh(given, found, undefined, network.fetch, known as never);
    return { done, network, body: () => Object.fromEntries(new URLSearchParams(network.asked[0]!.body)) };
  };
  const fresh =
    (more: object = {}) =>
    () =>
      json({ access_token: "new", token_type: "Bearer", ...more });

  it("trades one token for another, and keeps the rest", async () => {
    stopClock();
    const { done, body, network } = refreshing(fresh({ expires_in: 10 }));
    expect(await done).toStrictEqual({
      credential: {
        ...stored(),
        tokens: { ...tokens, access_token: "new", expires_in: 10 },
        savedAt: Date.now(),
        expiresAt: Date.now() + 10_000,
      },
    });
    expect(network.asked).toMatchObject([{ url: `${ISSUER}/token`, method: "POST" }]);
    expect(body()).toMatchObject({ grant_type: "refresh_token", refresh_token: "r", client_id: "c" });
    expect(body()).not.toHaveProperty("resource");
  });

  it("takes what the server says anew, and forgets an end that it does not say", async () => {
    const { done } = refreshing(fresh({ refresh_token: "r2", scope: "b" }));
    const { credential: got } = (await done) as { credential: StoredCredential };
    expect(got.tokens).toMatchObject({ access_token: "new", refresh_token: "r2", scope: "b" });
    expect(got).not.toHaveProperty("expiresAt");
  });

  it("is for the resource, as the client that the user names", async () => {
    const found = discovered({}, { resource: "https://mcp.example/mcp" });
    const { done, body } = refreshing(fresh(), stored(), found, { client_id: "mine" });
    await done;
    expect(body()).toMatchObject({ resource: "https://mcp.example/mcp", client_id: "mine" });
  });

  it("shows the key that the tokens are bound to", async () => {
    const { session } = await newKey();
    const network = fakeFetch(fresh());
    await refresh(stored(), discovered(), session, network.fetch);
    expect(network.asked[0]!.headers.get("dpop")).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/);
  });

  it("needs a refresh token and a client", async () => {
    const { refresh_token: _, ...rest } = tokens;
    for (const given of [
      stored({ tokens: rest }),
      { ...credential(1), tokens: undefined, registration: { client_id: "c" } },
      { ...stored(), registration: undefined },
    ]) {
      const { done, network } = refreshing(fresh(), given as StoredCredential);
      expect(await done).toEqual({ gone: "tokens" });
      expect(network.asked).toEqual([]);
    }
  });

  it.each([
    ["invalid_grant", "tokens"],
    ["invalid_dpop_proof", "tokens"],
    ["invalid_client", "registration"],
    ["unauthorized_client", "registration"],
  ])("that is refused with %s says what is gone: %s", async (error, gone) => {
    expect(await refreshing(() => json({ error }, {}, 400)).done).toEqual({ gone });
  });

  it("that fails otherwise may be tried again", async () => {
    expect(await rejection(refreshing(() => json({ error: "server_error" }, {}, 500)).done)).toBeInstanceOf(
      OAuthError,
    );
    const failure = new TypeError("fetch failed");
    const cut = () => {
      throw failure;
    };
    expect(await rejection(refreshing(cut).done)).toBe(failure);
  });
});

describe("a key of tokens", () => {
  it("is the same after it was stored, with its thumbprint", async () => {
    const { session, stored } = await newKey();
    expect(stored).toMatchObject({ kty: "EC", crv: "P-256", d: expect.any(String) });
    const again = await keyOf(stored);
    expect(again).toBeInstanceOf(DpopSession);
    // The SDK's session shows its public half only with each proof.
    const pairOf = (key: DpopSession) => Reflect.get(key, "keyPair") as DpopKeyPair;
    const shown = (key: DpopSession) => {
      const { publicJwk, thumbprint, alg } = pairOf(key);
      return { publicJwk, thumbprint, alg };
    };
    expect(shown(again)).toEqual(shown(session));
    const data = new TextEncoder().encode("x");
    const how = { name: "ECDSA", hash: "SHA-256" };
    const { privateKey, publicKey } = pairOf(again);
    const signature = await crypto.subtle.sign(how, privateKey, data);
    expect(await crypto.subtle.verify(how, pairOf(session).publicKey, signature, data)).toBe(true);
    expect(await crypto.subtle.verify(how, publicKey, signature, data)).toBe(true);
    expect(privateKey.extractable).toBe(false);
  });
});

describe("the scope after a refusal", () => {
  const refusal = (status: 401 | 403, scope?: string): Refusal => ({
    status,
    token: "t",
    scope,
    resourceMetadataUrl: undefined,
    challenge: undefined,
  });
  const having = (scope: string | undefined, asked?: string): StoredCredential => {
    const tokens = { access_token: "t", token_type: "Bearer", issuer: ISSUER, ...(scope && { scope }) };
    return { ...credential(1), tokens, ...(asked && { asked }) };
  };

  it("is covered by a token that has all of it, where it is known", () => {
    expect(covers(having("a b"), "a")).toBe(true);
    expect(covers(having("a"), "a b")).toBe(false);
    expect(covers(having("a"), undefined)).toBe(false);
    const { tokens: _, ...none } = having("a");
    expect(covers(none, "a")).toBe(false);
  });

  it("of a 401 is what is wished or asked, and what was added before", () => {
    const next = (wished?: string, asked?: string, current?: StoredCredential) =>
      nextScope("weather", refusal(401, asked), wished, discovered(), current);
    expect(next()).toBeUndefined();
    expect(next(undefined, undefined, having("a", "b"))).toBeUndefined();
    expect(next("w", "a")).toBe("w");
    expect(next(undefined, "a")).toBe("a");
    expect(next("w", undefined, having("x", "w b"))?.split(" ").sort()).toEqual(["b", "w"]);
  });

  it("of a 403 is what the token has, what is wished, and what is asked for besides", () => {
    const next = (current: StoredCredential | undefined, wished?: string) =>
      nextScope("weather", refusal(403, "n"), wished, discovered(), current)?.split(" ").sort();
    expect(next(undefined)).toEqual(["n"]);
    expect(next(having("h"), "w")).toEqual(["h", "n", "w"]);
    expect(next(having("h", "asked"))).toEqual(["asked", "n"]);
  });

  it("that was asked for already, and does not help, is an error", () => {
    const wider = (asked: string | undefined, scope?: string) => () =>
      widerScope("weather", refusal(403, scope), asked, [asked]);
    expect(wider(undefined, "n")()).toBe("n");
    expect(wider("a", "n")()?.split(" ").sort()).toEqual(["a", "n"]);
    const message = (scope: string) =>
      `weather: the server asks for the scope "${scope}", which was asked for and does not help (HTTP 403). Does this account have it?`;
    expect(wider("a n", "n")).toThrow(
      expect.objectContaining({ code: "AUTH_REQUIRED", message: message("n") }),
    );
    expect(wider("a")).toThrow(message(""));
  });
});
