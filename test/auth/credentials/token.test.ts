import { describe, expect, it, vi } from "vitest";
import { credentialOf } from "../../../src/auth/credentials/from-option.js";
import {
  checkIssued,
  checkToken,
  hasAuthorization,
  isHeaderValue,
} from "../../../src/auth/credentials/header.js";
import { OAuthCredential } from "../../../src/auth/credentials/oauth.js";
import { SdkCredential } from "../../../src/auth/credentials/sdk.js";
import { oauth } from "../../../src/auth/credentials/source.js";
import { StaticToken, TokenFunction } from "../../../src/auth/credentials/token.js";
import { UntriedToken } from "../../../src/auth/credentials/untried-token.js";
import { memoryStore } from "../../../src/auth/store/memory.js";
import { HoldfastError } from "../../../src/base/errors.js";
import type { Refusal } from "../../../src/contract/credential.js";
import { MCP } from "../../support/discovered.js";
import { rejection } from "../../support/settling.js";

const fetch = async () => new Response();
const server = { name: "weather", url: MCP, fetch, signs: false };
const refusal = (more: Partial<Refusal> = {}): Refusal => ({
  status: 401,
  token: "old",
  scope: undefined,
  resourceMetadataUrl: undefined,
  challenge: undefined,
  ...more,
});
const authorization = () => ({ signal: new AbortController().signal, progress: vi.fn() });

describe("the option auth", () => {
  it("makes the credential of its form", async () => {
    const of = (auth: Parameters<typeof credentialOf>[0]) => credentialOf(auth, server, undefined);
    expect(of(undefined)).toBeUndefined();
    expect(of("oauth")).toBeInstanceOf(OAuthCredential);
    expect(of("a-token")).toBeInstanceOf(StaticToken);
    expect(of(() => "t")).toBeInstanceOf(TokenFunction);
    expect(await of(() => "t")!.token()).toBe("t");
    expect(of(oauth())).toBeInstanceOf(OAuthCredential);
    expect(of({ tokens: () => undefined } as never)).toBeInstanceOf(SdkCredential);
    const provider = of({ token: async () => "p" });
    expect(provider).toBeInstanceOf(TokenFunction);
    expect(await provider!.token()).toBe("p");
  });

  it("oauth has the store that was named, or that of the program, and the person's time", async () => {
    const store = memoryStore();
    const listed = vi.spyOn(store, "list");
    await oauth({ store }).credentialFor(server).token();
    expect(listed).toHaveBeenCalledWith(MCP.href);
    await credentialOf("oauth", server, { store })!.token();
    expect(listed).toHaveBeenCalledTimes(2);
    expect(await oauth().credentialFor(server).token()).toBeUndefined();
    expect(oauth({ timeoutMs: 7 }).personMs).toBe(7);
    expect(oauth().personMs).toBeUndefined();
    expect(() => oauth({ secret: "s" } as never)).toThrow('option "auth.secret": there is no such option');
  });
});

describe("a token that is given", () => {
  it("is shown, and cannot be mended", async () => {
    const credential = new StaticToken("t");
    expect(credential.token()).toBe("t");
    expect(credential.mends()).toBe(false);
    await credential.obtain();
  });
});

describe("a token that is asked for", () => {
  it("is what the function says, or none", async () => {
    const token = vi.fn(async (): Promise<string | undefined> => undefined);
    const credential = new TokenFunction(server, { token });
    expect(await credential.token()).toBeUndefined();
    token.mockResolvedValue("t");
    expect(await credential.token()).toBe("t");
  });

  it("that no header can hold is refused without being quoted", async () => {
    const credential = new TokenFunction(server, { token: async () => "a\nb" });
    expect(await rejection(credential.token())).toMatchObject({
      code: "CONFIG_INVALID",
      path: "auth",
      message: 'option "auth": holds a character that a header cannot have',
    });
  });

  it("that cannot be got is an error with its cause", async () => {
    const cause = new Error("no vault");
    const failing = new TokenFunction(server, { token: () => Promise.reject(cause) });
    expect(await rejection(failing.token())).toMatchObject({
      code: "AUTH_REQUIRED",
      message: "weather: the auth function threw: Error: no vault",
      server: "weather",
      cause,
    });
    const own = new HoldfastError("AUTH_REQUIRED", "mine", { server: "weather" });
    expect(await rejection(new TokenFunction(server, { token: () => Promise.reject(own) }).token())).toBe(
      own,
    );
  });

  it("is asked for again after a 401, where that may help", () => {
    const asking = new TokenFunction(server, { token: async () => "t" });
    const mending = new TokenFunction(server, { token: async () => "t", onUnauthorized: async () => {} });
    expect(asking.mends(refusal())).toBe(true);
    expect(asking.mends(refusal({ token: undefined }))).toBe(false);
    expect(asking.mends(refusal({ status: 403 }))).toBe(false);
    expect(mending.mends(refusal({ token: undefined }))).toBe(true);
    expect(mending.mends(refusal({ status: 403 }))).toBe(false);
  });

  it("is another one then; the provider hears of the refusal", async () => {
    const onUnauthorized = vi.fn(async () => {});
    const credential = new TokenFunction(server, { token: async () => "new", onUnauthorized });
    const waiter = authorization();
    await credential.obtain(refusal({ challenge: 'Bearer realm="x"' }), waiter);
    expect(waiter.progress).toHaveBeenCalledExactlyOnceWith({ step: "refreshing" });
    const [[heard]] = onUnauthorized.mock.calls as unknown as [
      [{ response: Response; serverUrl: URL; fetchFn: unknown }],
    ];
    expect(heard).toMatchObject({ serverUrl: MCP, fetchFn: fetch });
    expect(heard.response.status).toBe(401);
    expect(heard.response.headers.get("www-authenticate")).toBe('Bearer realm="x"');
    // It was just given: refused once more, another one would not help either.
    expect(await rejection(credential.obtain(refusal({ token: "new" }), authorization()))).toMatchObject({
      code: "AUTH_REQUIRED",
      message: expect.stringContaining("the token that it was just given"),
    });
  });

  it("that was accepted may be refused later, as any other", async () => {
    let next = 0;
    const credential = new TokenFunction(server, { token: async () => `t${next++}` });
    await credential.obtain(refusal(), authorization());
    credential.accepted("t0");
    await credential.obtain(refusal({ token: "t0" }), authorization());
    expect(next).toBe(2);
  });

  it("and is the same one as before cannot help", async () => {
    const credential = new TokenFunction(server, { token: async () => "old" });
    expect(await rejection(credential.obtain(refusal(), authorization()))).toMatchObject({
      code: "AUTH_REQUIRED",
      message: "weather: the server refuses the token (HTTP 401). Let auth give another one.",
    });
    const onUnauthorized = vi.fn(async ({ response }: { response: Response }) => {
      expect(response.headers.has("www-authenticate")).toBe(false);
    });
    const mending = new TokenFunction(server, { token: async () => "new", onUnauthorized });
    await mending.obtain(refusal(), authorization());
    expect(onUnauthorized).toHaveBeenCalledTimes(1);
  });
});

describe("a token that the server has not accepted yet", () => {
  it("is refused once, with what may be wrong, and then as any other", () => {
    const untried = new UntriedToken("weather");
    const check = (more: Partial<Refusal>) => () => untried.check(refusal(more));
    untried.got("t");
    expect(check({ token: "other" })).not.toThrow();
    expect(check({ status: 403, token: "t" })).not.toThrow();
    untried.accepted("other");
    expect(check({ token: "t" })).toThrow(
      expect.objectContaining({
        code: "AUTH_REQUIRED",
        message:
          "weather: the server refuses the token that it was just given (HTTP 401). Is the token for this server, and does it accept tokens of this authorization server?",
      }),
    );
    expect(check({ token: "t" })).not.toThrow();
    untried.got("u");
    untried.accepted("u");
    expect(check({ token: "u" })).not.toThrow();
    untried.got(undefined);
    expect(check({ token: undefined })).not.toThrow();
  });
});

describe("a value of a header", () => {
  it.each([
    ["plain ~", true],
    ["a\tb", true],
    ["\x80é\xff", true],
    ["", true],
    ["a\nb", false],
    ["\x7f", false],
    ["\x1f", false],
    ["ā", false],
    ["good\u0000", false],
  ])("%j can be one, or not", (value, can) => {
    expect(isHeaderValue(value)).toBe(can);
    if (can) {
      checkToken(value);
      checkIssued("weather", value);
      return;
    }
    expect(() => checkToken(value)).toThrow("a header cannot have");
    expect(() => checkIssued("weather", value)).toThrow(
      "weather: the authorization server gave a token that no header can hold",
    );
  });

  it("authorization is known in any case of letters", () => {
    expect(hasAuthorization()).toBe(false);
    expect(hasAuthorization({})).toBe(false);
    expect(hasAuthorization({ accept: "x", AuthoriZation: "y" })).toBe(true);
    expect(hasAuthorization({ accept: "x", "x-authorization": "y" })).toBe(false);
  });
});
