import { describe, expect, it } from "vitest";
import { newCredential } from "../../src/auth/credentials/new-credential.js";
import { OAuthCredential } from "../../src/auth/credentials/oauth.js";
import type { OAuthOptions } from "../../src/auth/sign-in/options.js";
import type { SignIn } from "../../src/auth/sign-in/request.js";
import { signIn } from "../../src/auth/sign-in/sign-in.js";
import { memoryStore } from "../../src/auth/store/memory.js";
import type { AuthorizationStep, Refusal } from "../../src/contract/credential.js";
import { discovered, ISSUER, MCP, signInOf } from "../support/discovered.js";
import { fakeAuthorization } from "../support/fake-authorization.js";
import { json } from "../support/fake-fetch.js";
import { isPending, rejection, until } from "../support/settling.js";

/** A sign-in whose person comes back at once with what `answers` says besides the state. */
function rig(options: OAuthOptions = {}, more: Partial<SignIn> = {}, answers: Record<string, string> = {}) {
  const world = fakeAuthorization();
  const pages: URL[] = [];
  const steps: AuthorizationStep[] = [];
  const onAuthorize: OAuthOptions["onAuthorize"] = (url, { redirectUrl }) => {
    pages.push(url);
    const state = url.searchParams.get("state") ?? "";
    return `${redirectUrl}?${new URLSearchParams({ state, code: "the-code", iss: ISSUER, ...answers })}`;
  };
  const input = signInOf({ options: { onAuthorize, ...options }, fetch: world.fetch, ...more });
  const over = new AbortController();
  const authorization = { signal: over.signal, progress: (step: AuthorizationStep) => void steps.push(step) };
  const run = () => signIn(input, authorization);
  return { ...world, pages, steps, input, authorization, over, run };
}

/** A loopback address at which nobody else takes ports, where the system has more than one. */
const OWN_HOST = process.platform === "linux" ? "127.77.1.2" : "127.0.0.1";

const names = (steps: AuthorizationStep[]) => steps.map(({ step }) => step);

describe("a sign-in", () => {
  it("registers, sends the person to the page, and exchanges the code", async () => {
    const { run, pages, steps, forms } = rig({}, { scope: "a" });
    const before = Date.now();
    const signedIn = await run();
    expect(signedIn).toMatchObject({
      tokens: { access_token: "t1", scope: "a" },
      registration: { client_id: "registered" },
    });
    expect(signedIn!.askedAt).toBeGreaterThanOrEqual(before);
    expect(names(steps)).toEqual(["registering", "waiting", "exchanging"]);
    expect(steps[2]).toEqual({ step: "exchanging" });
    const { state, code_challenge, ...asked } = Object.fromEntries(pages[0]!.searchParams);
    expect(state).toMatch(/^[\w-]{32}$/);
    expect(asked).toMatchObject({ client_id: "registered", scope: "a", code_challenge_method: "S256" });
    expect(forms()).toMatchObject([
      {
        grant_type: "authorization_code",
        code: "the-code",
        redirect_uri: asked["redirect_uri"],
        code_verifier: expect.any(String),
      },
    ]);
    expect(forms()[0]).not.toHaveProperty("resource");
    expect(code_challenge).not.toBe(forms()[0]!["code_verifier"]);
  });

  it("asks for the resource of the server, and believes the scope that was granted", async () => {
    const found = discovered({}, { resource: MCP.href });
    const { run, forms, answers } = rig({ clientId: "c" }, { scope: "a b", found });
    answers["/token"] = () => json({ access_token: "t", token_type: "Bearer", scope: "a" });
    expect(await run()).toMatchObject({ tokens: { scope: "a" }, registration: { client_id: "c" } });
    expect(forms()).toMatchObject([{ resource: MCP.href, client_id: "c" }]);
  });

  it("that another program finished is over without a word", async () => {
    const { run, steps, forms } = rig(
      { onAuthorize: () => new Promise<void>(() => {}) },
      { elsewhere: async () => {} },
    );
    expect(await run()).toBeUndefined();
    expect(names(steps)).toEqual(["registering", "waiting"]);
    expect(forms()).toEqual([]);
  });

  it("says where the answer does not name who gave it", async () => {
    const answering: OAuthOptions["onAuthorize"] = (url, { redirectUrl }) =>
      `${redirectUrl}?code=c&state=${url.searchParams.get("state")}`;
    const { run, steps } = rig({ onAuthorize: answering });
    await run();
    expect(steps[2]).toEqual({
      step: "exchanging",
      notes: ["The answer does not name the authorization server that gave it (iss, RFC 9207)."],
    });
  });

  it("is not begun without PKCE", async () => {
    for (const methods of [undefined, [], ["plain"]]) {
      const { run, pages } = rig({}, { found: discovered({ code_challenge_methods_supported: methods }) });
      expect(await rejection(run())).toMatchObject({
        code: "AUTH_REQUIRED",
        message: `weather: the authorization server ${ISSUER} does not offer PKCE with S256, and no sign-in is safe without`,
      });
      expect(pages).toEqual([]);
    }
  });

  it("that gets no token is final, and tells no secret", async () => {
    const cut = rig({ clientId: "c", clientSecret: "the-client-secret" });
    cut.answers["/token"] = () => {
      throw new TypeError("fetch failed at the-code with the-client-secret");
    };
    expect(await rejection(cut.run())).toMatchObject({
      code: "AUTH_REQUIRED",
      message: expect.stringMatching(
        /^weather: signed in, and got no token: fetch failed at (?!the-code)\S+ with (?!the-client)\S+ Connect again to be asked again\.$/,
      ),
    });
    const refused = rig();
    refused.answers["/token"] = () => json({ error: "invalid_grant", error_description: "no" }, {}, 400);
    expect(await rejection(refused.run())).toMatchObject({
      message: "weather: the authorization server says invalid_grant: no",
    });
  });

  it("whose answer is none says why", async () => {
    expect(await rejection(rig({}, {}, { error: "access_denied" }).run())).toMatchObject({
      message: "weather: not signed in: it was refused",
    });
  });

  it("as a client that the server does not know says that, if the user named it", async () => {
    const unknown = () => json({ error: "invalid_client", error_description: "who" }, {}, 401);
    const named = rig({ clientId: "mine" });
    named.answers["/token"] = unknown;
    expect(await rejection(named.run())).toMatchObject({
      message: expect.stringContaining('does not accept the client "mine"'),
    });
    const registered = rig();
    registered.answers["/token"] = unknown;
    expect(await rejection(registered.run())).toMatchObject({
      message: "weather: the authorization server says invalid_client: who",
    });
    const other = rig({ clientId: "mine" });
    other.answers["/token"] = () => json({ error: "invalid_scope" }, {}, 400);
    expect(await rejection(other.run())).toMatchObject({ message: expect.stringContaining("invalid_scope") });
  });

  it("that cannot register may be tried again", async () => {
    const failure = new TypeError("fetch failed");
    const { run, answers } = rig();
    answers["/register"] = () => {
      throw failure;
    };
    expect(await rejection(run())).toBe(failure);
  });

  it("ends when nobody waits for it any more", async () => {
    const { run, over } = rig({ onAuthorize: () => new Promise<void>(() => {}) });
    const done = rejection(run());
    over.abort("enough");
    expect(await done).toBe("enough");
  });

  it("tells the asker when it is over", async () => {
    let told: AbortSignal | undefined;
    const { run } = rig({
      onAuthorize: (url, { redirectUrl, signal }) => {
        told = signal;
        return `${redirectUrl}?code=c&state=${url.searchParams.get("state")}`;
      },
    });
    const done = run();
    await done;
    expect(told!.aborted).toBe(true);
  });

  it("uses the address of an earlier registration, if it can", async () => {
    const first = await rig().run();
    const [redirect] = first!.registration["redirect_uris" as never] as string[];
    const { run, pages, steps, answers } = rig({}, { registration: first!.registration });
    answers["/authorize"] = () => new Response(null, { status: 200 });
    await run();
    // The port may have been taken meanwhile: then there is a new registration.
    const kept = pages[0]!.searchParams.get("redirect_uri") === redirect;
    expect(names(steps)).toEqual(kept ? ["waiting", "exchanging"] : ["registering", "waiting", "exchanging"]);
  });

  it("on a fixed port has its turn, which may be waited for in vain", async () => {
    const callbackHost = OWN_HOST;
    const { pages: somewhere, run: probe } = rig({ callbackHost });
    await probe();
    const port = Number(new URL(somewhere[0]!.searchParams.get("redirect_uri")!).port);
    let finish = (_address: string) => {};
    let address = "";
    const first = rig({
      callbackHost,
      callbackPort: port,
      onAuthorize: (url, { redirectUrl }) => {
        address = `${redirectUrl}?code=c&iss=${ISSUER}&state=${url.searchParams.get("state")}`;
        return new Promise<string>((resolve) => (finish = resolve));
      },
    });
    const one = first.run();
    const second = rig({ callbackHost, callbackPort: port });
    const other = second.run();
    const third = rig({ callbackHost, callbackPort: port });
    const given = rejection(third.run());
    third.over.abort("enough");
    expect(await given).toBe("enough");
    await until(() => address !== "");
    expect(new URL(address).port).toBe(String(port));
    expect(await isPending(other)).toBe(true);
    expect(second.steps).toEqual([]);
    finish(address);
    await one;
    await other;
    expect(second.pages[0]!.searchParams.get("redirect_uri")).toContain(`:${port}/`);
  });
});

describe("a new credential", () => {
  const making = (options: OAuthOptions = {}, signs = true, scope?: string) => {
    const { input, authorization, ...rest } = rig(options, {
      scope,
      found: discovered({ dpop_signing_alg_values_supported: ["ES256"] }),
    });
    const { fetch } = input;
    const done = newCredential({ name: "weather", url: MCP, fetch, signs }, input, authorization);
    return { ...rest, done };
  };

  it("is what the sign-in brought, whose it is, and when it ends", async () => {
    const { done } = making({}, true, "a");
    const credential = await done;
    expect(credential).toEqual({
      issuer: ISSUER,
      tokens: expect.objectContaining({ access_token: "t1", issuer: ISSUER, scope: "a" }),
      savedAt: expect.any(Number),
      registration: expect.objectContaining({ client_id: "registered" }),
      asked: "a",
      expiresAt: credential!.savedAt + 3_600_000,
    });
  });

  it("has no end, scope and key where there is none", async () => {
    const { done, answers } = making();
    answers["/token"] = () => json({ access_token: "t", token_type: "Bearer" });
    expect(Object.keys((await done)!).sort()).toEqual(["issuer", "registration", "savedAt", "tokens"]);
  });

  it("is bound to a new key where that is wanted and can be", async () => {
    const bound = making({ dpop: true });
    expect(await bound.done).toMatchObject({ dpopKey: { kty: "EC", d: expect.any(String) } });
    expect(bound.asked.find(({ url }) => url.endsWith("/token"))!.headers.has("dpop")).toBe(true);
    expect(await making({ dpop: true }, false).done).not.toHaveProperty("dpopKey");
    expect(await making({ dpop: false }).done).not.toHaveProperty("dpopKey");
  });

  it("with a token that no header can hold is refused", async () => {
    const { done, answers } = making();
    answers["/token"] = () => json({ access_token: "a\nb", token_type: "Bearer" });
    expect(await rejection(done)).toMatchObject({
      message: "weather: the authorization server gave a token that no header can hold",
    });
  });

  it("is none where another program signed in first", async () => {
    const { input, authorization, fetch } = rig(
      { onAuthorize: () => new Promise<void>(() => {}) },
      { elsewhere: async () => {} },
    );
    const server = { name: "weather", url: MCP, fetch, signs: true };
    expect(await newCredential(server, input, authorization)).toBeUndefined();
  });
});

describe("a credential that nobody has yet", () => {
  const refusal: Refusal = {
    status: 401,
    token: undefined,
    scope: "a",
    resourceMetadataUrl: undefined,
    challenge: undefined,
  };
  const having = (options: OAuthOptions = {}) => {
    const world = rig(options);
    const store = memoryStore();
    const server = { name: "weather", url: MCP, fetch: world.fetch, signs: true };
    const credential = new OAuthCredential(server, world.input.options, store);
    const obtain = (more: Partial<Refusal> = {}) =>
      credential.obtain({ ...refusal, ...more }, world.authorization);
    return { ...world, store, credential, obtain };
  };

  it("is signed in for, and stored for its server and its client", async () => {
    const { credential, obtain, store, steps } = having();
    await obtain();
    expect(await credential.token()).toBe("t1");
    expect(names(steps)).toEqual(["discovering", "registering", "waiting", "exchanging"]);
    expect(await store.list(MCP.href)).toMatchObject([
      { server: MCP.href, client: "registered:holdfast", issuer: ISSUER, asked: "a" },
    ]);
    // It was just given.
    expect(await rejection(obtain({ token: "t1" }))).toMatchObject({
      message: expect.stringContaining("the token that it was just given"),
    });
  });

  it("gets more scope after a 403, with the registration and the scope that it had", async () => {
    const { obtain, pages, answers, credential } = having();
    await obtain();
    answers["/authorize"] = () => new Response(null, { status: 200 });
    credential.accepted("t1");
    await obtain({ status: 403, token: "t1", scope: "b" });
    expect(pages[1]!.searchParams.get("scope")?.split(" ").sort()).toEqual(["a", "b"]);
    expect(await credential.token()).toBe("t2");
  });

  it("is not signed in for where its token would be good for a neighbour", async () => {
    const { credential, obtain, answers } = having();
    answers["oauth-protected-resource"] = () =>
      json({ resource: "https://mcp.example", authorization_servers: [ISSUER] });
    credential.others = () => [{ name: "b", url: new URL("https://mcp.example/b") }];
    expect(await rejection(obtain())).toMatchObject({ message: expect.stringContaining('"b"') });
    credential.others = undefined;
    await obtain();
    expect(await credential.token()).toBe("t1");
  });
});
