import { describe, expect, it } from "vitest";
import { OAuthCredential } from "../../../src/auth/credentials/oauth.js";
import type { OAuthOptions } from "../../../src/auth/sign-in/options.js";
import { memoryStore } from "../../../src/auth/store/memory.js";
import type { StoredCredential } from "../../../src/auth/store/store.js";
import type { AuthorizationStep, Refusal } from "../../../src/contract/credential.js";
import { ISSUER, MCP } from "../../support/discovered.js";
import { fakeAuthorization } from "../../support/fake-authorization.js";
import { json } from "../../support/fake-fetch.js";
import { refusal } from "../../support/refusal.js";
import { rejection, settled, until } from "../../support/settling.js";

const HOUR = 3_600_000;
const unattended = (server: string) => `Run: login ${server}`;
const NEEDS = "weather: needs sign-in. Run: login weather";

const stored = (more: Partial<StoredCredential> = {}): StoredCredential => ({
  server: MCP.href,
  issuer: ISSUER,
  client: "registered:holdfast",
  registration: { client_id: "c" },
  tokens: { access_token: "t0", token_type: "Bearer", refresh_token: "r0", scope: "a", issuer: ISSUER },
  // Old enough that a refusal of its token may be told from a token that never worked.
  savedAt: Date.now() - HOUR,
  expiresAt: Date.now() + HOUR,
  ...more,
});
const without = (key: "tokens" | "expiresAt" | "registration") => {
  const { [key]: _, ...rest } = stored();
  return rest as StoredCredential;
};

/** The credential of one server, with what is stored for it. */
async function rig(kept?: StoredCredential, options: OAuthOptions = {}, url = MCP) {
  const world = fakeAuthorization();
  const store = memoryStore();
  const save = (credential: StoredCredential) =>
    store.update(MCP.href, (update) => update.save([credential]));
  if (kept) await save(kept);
  const server = { name: "weather", url, fetch: world.fetch, signs: true };
  const credential = new OAuthCredential(server, { unattended, ...options }, store);
  const steps: string[] = [];
  const progress = ({ step }: AuthorizationStep) => void steps.push(step);
  const obtain = (more: Partial<Refusal> = {}) =>
    credential.obtain(refusal(more), { signal: new AbortController().signal, progress });
  const list = () => store.list(MCP.href);
  return { ...world, store, save, credential, steps, obtain, list };
}

describe("a stored token", () => {
  it("is shown for its server, whatever the fragment of its address", async () => {
    const { credential, asked } = await rig(stored(), {}, new URL(`${MCP.href}#part`));
    expect(await credential.token()).toBe("t0");
    expect(asked).toEqual([]);
    expect(credential.mends()).toBe(true);
  });

  it("is none where nothing is stored, or another client's; unattended, any client's is used", async () => {
    expect(await (await rig()).credential.token()).toBeUndefined();
    const other = stored({ client: "id:other" });
    expect(await (await rig(other)).credential.token()).toBe("t0");
    const world = await rig(other);
    const server = { name: "weather", url: MCP, fetch: world.fetch, signs: true };
    expect(await new OAuthCredential(server, {}, world.store).token()).toBeUndefined();
  });

  it("is never sent in clear text, nor is one got for that", async () => {
    const { credential, obtain } = await rig(stored(), {}, new URL("http://mcp.example/mcp"));
    expect(await credential.token()).toBeUndefined();
    expect(await rejection(obtain())).toMatchObject({
      code: "AUTH_REQUIRED",
      message: "weather: signing in is not safe: the server is neither https nor on this machine",
    });
  });

  it("is signed with its key only where it is bound to one", async () => {
    const bound = stored({ tokens: { ...stored().tokens!, token_type: "DPoP" } });
    expect((await rig()).credential.signs()).toBe(false);
    for (const [kept, signs] of [
      [stored(), false],
      [bound, true],
    ] as const) {
      const { credential, asked, fetch } = await rig(kept);
      await credential.token();
      expect(credential.signs()).toBe(signs);
      await credential.sign(fetch)(MCP, { headers: { authorization: "Bearer t0" } });
      expect(asked.at(-1)!.headers.has("dpop")).toBe(false);
    }
  });
});

describe("a token near its end", () => {
  const near = () => stored({ expiresAt: Date.now() + 1_000 });

  it("is refreshed while it still works, once, and nobody waits for that", async () => {
    const { credential, forms, list } = await rig(near());
    expect(await Promise.all([credential.token(), credential.token()])).toEqual(["t0", "t0"]);
    await until(async () => (await list())[0]!.tokens!.access_token === "t1");
    await settled();
    expect(await credential.token()).toBe("t1");
    expect(forms()).toMatchObject([{ grant_type: "refresh_token", refresh_token: "r0", client_id: "c" }]);
  });

  it("that is past is waited for", async () => {
    const { credential } = await rig(stored({ expiresAt: Date.now() - 1 }));
    expect(await credential.token()).toBe("t1");
  });

  it("is not refreshed without a refresh token, nor without a need", async () => {
    const { refresh_token: _, ...bare } = stored().tokens!;
    for (const kept of [
      stored({ tokens: bare, expiresAt: Date.now() - 1 }),
      stored(),
      without("expiresAt"),
    ]) {
      const { credential, asked } = await rig(kept);
      expect(await credential.token()).toBe("t0");
      await settled();
      expect(asked).toEqual([]);
    }
  });

  it("that cannot be refreshed stays, and is tried again with the next request", async () => {
    const world = await rig(stored({ expiresAt: Date.now() - 1 }));
    world.answers["/token"] = () => json({ error: "server_error" }, {}, 500);
    expect(await world.credential.token()).toBe("t0");
    delete world.answers["/token"];
    expect(await world.credential.token()).toBe("t1");
    // Who gives out tokens was asked once.
    expect(world.asked.filter(({ url }) => url.includes("protected-resource"))).toHaveLength(1);
  });

  it("of another issuer than the server names now is left alone", async () => {
    const { credential, forms } = await rig(
      stored({ issuer: "https://old.example", expiresAt: Date.now() - 1 }),
    );
    expect(await credential.token()).toBe("t0");
    expect(forms()).toEqual([]);
  });
});

describe("a refusal", () => {
  it("has the token refreshed, and that kept", async () => {
    const { credential, obtain, steps, forms, list } = await rig(stored());
    await obtain({ token: "t0" });
    expect(steps).toEqual(["discovering", "refreshing"]);
    expect(await credential.token()).toBe("t1");
    expect(forms()).toHaveLength(1);
    expect(await list()).toMatchObject([{ tokens: { access_token: "t1", refresh_token: "r1", scope: "a" } }]);
  });

  it("of a token that is refreshed already asks for nothing more", async () => {
    const { credential, obtain, asked, steps } = await rig(stored());
    await obtain({ token: "older" });
    expect(await credential.token()).toBe("t0");
    expect({ asked, steps }).toEqual({ asked: [], steps: [] });
    await obtain({ status: 403, token: "older", scope: "a" });
    expect(asked).toEqual([]);
  });

  it("of a token that another one replaced is not mended by one that expired, or has less scope", async () => {
    const expired = await rig(stored({ expiresAt: Date.now() - 1 }));
    await expired.obtain({ token: "older" });
    expect(expired.forms()).toHaveLength(1);
    const less = await rig(stored());
    expect(await rejection(less.obtain({ status: 403, token: "older", scope: "b" }))).toMatchObject({
      message: NEEDS,
    });
    expect(less.forms()).toEqual([]);
  });

  it("of a token that was just got is final; of one that was accepted it is not", async () => {
    const { credential, obtain, forms } = await rig(stored());
    await obtain({ token: "t0" });
    expect(await rejection(obtain({ token: "t1" }))).toMatchObject({
      code: "AUTH_REQUIRED",
      message: expect.stringContaining("the token that it was just given"),
    });
    expect(forms()).toHaveLength(1);
    const other = await rig(stored());
    await other.obtain({ token: "t0" });
    other.credential.accepted("t1");
    await other.obtain({ token: "t1" });
    expect(await other.credential.token()).toBe("t2");
    expect(await credential.token()).toBe("t1");
  });

  it("where nobody is there to sign in says how, with no full stop behind a command", async () => {
    const { refresh_token: _, ...bare } = stored().tokens!;
    for (const kept of [undefined, without("tokens"), stored({ tokens: bare })]) {
      const { obtain, steps } = await rig(kept);
      expect(await rejection(obtain({ token: "t0" }))).toMatchObject({
        code: "AUTH_REQUIRED",
        message: NEEDS,
      });
      expect(steps).toEqual(["discovering"]);
    }
  });

  it("of a 403 is no reason to refresh", async () => {
    const { obtain, forms } = await rig(stored());
    expect(await rejection(obtain({ status: 403, token: "t0", scope: "b" }))).toMatchObject({
      message: NEEDS,
    });
    expect(forms()).toEqual([]);
  });

  it.each(["invalid_grant", "invalid_client"])(
    "whose refresh is refused (%s) wants a person",
    async (error) => {
      const world = await rig(stored());
      world.answers["/token"] = () => json({ error }, {}, 400);
      expect(await rejection(world.obtain({ token: "t0" }))).toMatchObject({ message: NEEDS });
      expect(world.steps).toEqual(["discovering", "refreshing"]);
      const [left] = await world.list();
      expect(left).toEqual(
        error === "invalid_grant" ? expect.objectContaining({ registration: { client_id: "c" } }) : undefined,
      );
    },
  );

  it("of a client that the user named, and the server does not know, says that", async () => {
    const world = await rig(stored({ client: "id:mine" }), { clientId: "mine" });
    world.answers["/token"] = () => json({ error: "invalid_client" }, {}, 401);
    expect(await rejection(world.obtain({ token: "t0" }))).toMatchObject({
      message: `weather: the authorization server ${ISSUER} does not accept the client "mine". Are clientId and clientSecret right?`,
    });
  });

  it("brings a client only to the issuer that it is for", async () => {
    const other = "https://other.example";
    const message = `weather: the server names the authorization server ${ISSUER}, and the client is for ${other}. It was not sent there.`;
    const named = await rig(undefined, { clientId: "mine", issuer: other });
    expect(await rejection(named.obtain())).toMatchObject({ code: "AUTH_REQUIRED", message });
    const first = await rig(stored({ client: "id:mine", issuer: other }), { clientId: "mine" });
    expect(await rejection(first.obtain({ token: "t0" }))).toMatchObject({ message });
    // One without a client of the user's registers with any; one that is named right is right.
    for (const [kept, options] of [
      [stored({ issuer: other }), {}],
      [undefined, { clientId: "mine", issuer: `${ISSUER}/` }],
      [undefined, { clientId: "mine" }],
    ] as const)
      expect(await rejection((await rig(kept, options)).obtain({ token: "t0" }))).toMatchObject({
        message: NEEDS,
      });
  });

  it("is asked about at the address that it names", async () => {
    const { obtain, asked } = await rig(stored());
    await obtain({
      token: "t0",
      resourceMetadataUrl: new URL("https://mcp.example/oauth-protected-resource/x"),
    });
    expect(asked[0]!.url).toBe("https://mcp.example/oauth-protected-resource/x");
  });

  it("whose error quotes a token is told without it", async () => {
    const kept = stored({
      registration: { client_id: "c", client_secret: "the-client-secret" },
      tokens: { ...stored().tokens!, access_token: "the-access-token", refresh_token: "the-refresh-token" },
    });
    const world = await rig(kept, { clientSecret: "the-other-secret", clientId: "c" });
    await world.save({ ...kept, client: "id:c" });
    const said = "the-access-token the-refresh-token the-client-secret the-other-secret";
    world.answers["/token"] = () => json({ error: "invalid_scope", error_description: said }, {}, 400);
    const { message } = (await rejection(world.obtain({ token: "the-access-token" }))) as Error;
    expect(message).toContain("the authorization server says invalid_scope");
    expect(message).not.toMatch(/the-(access|refresh|client|other)/);
  });

  it("that several have at once is one flow", async () => {
    const { obtain, forms } = await rig(stored());
    await Promise.all([obtain({ token: "t0" }), obtain({ token: "t0" })]);
    expect(forms()).toHaveLength(1);
  });

  it("mended by another transport of the program is mended here", async () => {
    const { credential, obtain, store, fetch, forms } = await rig(stored());
    const server = { name: "weather", url: MCP, fetch, signs: true };
    const other = new OAuthCredential(server, { unattended }, store);
    expect(await Promise.all([credential.token(), other.token()])).toEqual(["t0", "t0"]);
    const waiting = { signal: new AbortController().signal, progress: () => {} };
    await Promise.all([obtain({ token: "t0" }), other.obtain(refusal({ token: "t0" }), waiting)]);
    expect(await Promise.all([credential.token(), other.token()])).toEqual(["t1", "t1"]);
    expect(forms()).toHaveLength(1);
  });
});
