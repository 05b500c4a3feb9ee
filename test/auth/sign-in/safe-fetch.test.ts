import { describe, expect, it } from "vitest";
import { dangerOf, isSecure, safeFetch, UnsafeAnswer } from "../../../src/auth/sign-in/safe-fetch.js";
import { FORBIDDEN_ADDRESS } from "../../../src/base/this-machine.js";
import type { FetchLike } from "../../../src/contract/credential.js";
import { fakeFetch } from "../../support/fake-fetch.js";
import { stopTime } from "../../support/fake-timers.js";
import { isPending, rejection } from "../../support/settling.js";

const server = new URL("https://mcp.example/mcp");
const answered = async (body: string) =>
  (await safeFetch(async () => new Response(body), server)("https://auth.example/token")).text();

describe("null in an answer of a sign-in", () => {
  it.each([
    ["of tokens", { access_token: "t", refresh_token: null, expires_in: null, scope: null, id_token: null }],
    ["of a registration", { client_id: "c", client_secret: null, redirect_uris: null, client_uri: null }],
    ["of metadata", { issuer: "i", scopes_supported: null, jwks_uri: null, revocation_endpoint: null }],
    ["of a server", { resource: "r", authorization_servers: null, jwks: { keys: null } }],
  ])("%s means not set", async (_of, value) => {
    const set = JSON.parse(JSON.stringify(value), (_key, item) => item ?? undefined);
    expect(JSON.parse(await answered(JSON.stringify(value)))).toEqual(set);
  });

  it("in a list is no item of it", async () => {
    expect(JSON.parse(await answered('{"scopes_supported":[null,"a",null],"x":[[null]]}'))).toEqual({
      scopes_supported: ["a"],
      x: [[]],
    });
  });

  it.each([
    ["a text that says so", '{"error_description":"null and void"}'],
    ["null alone", "null"],
    ["what is no JSON", "access_token=null&x"],
    ["what is too deep", `${"[".repeat(200_000)}null${"]".repeat(200_000)}`],
    ["a page", "<html>null</html>"],
  ])("leaves %s as it is", async (_what, body) => {
    expect(await answered(body)).toBe(body);
  });
});

describe("an address of a sign-in", () => {
  const danger = (address: string, own = server.href) => dangerOf(new URL(address), new URL(own));

  it("may be https, or http on this machine, where the server is there too", () => {
    const local = "http://127.0.0.1:1/mcp";
    expect(danger("https://auth.example/token")).toBeUndefined();
    expect(danger("http://localhost:2/token", local)).toBeUndefined();
    expect(danger("https://[::1]/token", local)).toBeUndefined();
    expect(danger("http://169.254.1.1/", "http://169.254.1.1/mcp")).toBe(
      "http://169.254.1.1/ is neither https nor on this machine",
    );
    expect(danger("https://169.254.1.1/", "https://169.254.1.1/mcp")).toBeUndefined();
  });

  it.each([
    [
      "http://auth.example/token?code=secret#x",
      "http://auth.example/token is neither https nor on this machine",
    ],
    ["ftp://auth.example/", "ftp://auth.example/ is neither https nor on this machine"],
    ["https://127.0.0.1/", "https://127.0.0.1/ is on this machine, and the server is not"],
    ["https://169.254.1.1/", "https://169.254.1.1/ is a link-local address"],
    ["http://user:word@auth.example/", "http://auth.example/ is neither https nor on this machine"],
    [
      `http://a.example/${"x".repeat(300)}`,
      `http://a.example/${"x".repeat(183)} is neither https nor on this machine`,
    ],
  ])("may not be %s, and is not asked", async (address, why) => {
    expect(danger(address)).toBe(why);
    const { fetch, asked } = fakeFetch(() => new Response());
    expect(await rejection(safeFetch(fetch, server)(address))).toMatchObject({ message: why });
    expect(asked).toEqual([]);
  });

  it("is secure where nobody on the way can read", () => {
    const secure = ["https://a.example/", "http://127.0.0.1/", "http://a.example/", "ws://127.0.0.1/"];
    expect(secure.map((address) => isSecure(new URL(address)))).toEqual([true, true, false, false]);
  });
});

describe("a redirect in a sign-in", () => {
  const to = (location: string, status = 302) => new Response(null, { status, headers: { location } });
  /** Answers `/0` with a redirect to `/1`, and so on up to `/last`. */
  const chain = (last: number) =>
    fakeFetch(({ url }) => {
      const at = Number(new URL(url).pathname.slice(1));
      return at < last ? to(`/${at + 1}`) : new Response("here");
    });
  const START = "https://auth.example/0";

  it("is followed within its origin, three times", async () => {
    const { fetch, asked } = chain(3);
    const how: (RequestInit | undefined)[] = [];
    const watched: FetchLike = (url, init) => {
      how.push(init);
      return (fetch as FetchLike)(url, init);
    };
    const response = await safeFetch(watched, server)(START);
    expect(await response.text()).toBe("here");
    expect(asked.map(({ url }) => url.slice(-2))).toEqual(["/0", "/1", "/2", "/3"]);
    expect(how.map((init) => init?.redirect)).toEqual(Array(4).fill("manual"));
    expect(await rejection(safeFetch(chain(4).fetch, server)(START))).toBeInstanceOf(UnsafeAnswer);
    expect(await (await safeFetch(chain(1).fetch, server)(START, { method: "GET" })).text()).toBe("here");
  });

  it.each<[string, string, RequestInit]>([
    ["to another origin", "https://evil.example/1", {}],
    ["of what was sent", "https://auth.example/1", { method: "POST" }],
  ])("is not followed %s", async (_what, location, init) => {
    const { fetch, asked } = fakeFetch(() => to(`${location}?code=secret`));
    expect(await rejection(safeFetch(fetch, server)(`${START}?token=secret`, init))).toMatchObject({
      message: `${START} redirects to ${location}, which is not followed`,
    });
    expect(asked).toHaveLength(1);
  });

  it.each([200, 299, 400])("is none with the status %i", async (status) => {
    const { fetch } = fakeFetch(() => new Response("x", { status, headers: { location: "/1" } }));
    expect((await safeFetch(fetch, server)(START)).status).toBe(status);
  });

  it.each([300, 399])("is one with the status %i", async (status) => {
    const { fetch } = fakeFetch(() => to("https://evil.example/", status));
    expect(await rejection(safeFetch(fetch, server)(START))).toBeInstanceOf(UnsafeAnswer);
  });

  it("without a place to go is an answer", async () => {
    const { fetch } = fakeFetch(() => new Response(null, { status: 304, headers: { "x-own": "1" } }));
    const response = await safeFetch(fetch, server)(START);
    expect([response.status, response.headers.get("x-own")]).toEqual([304, "1"]);
  });
});

describe("an answer of a sign-in", () => {
  const ask = (answer: () => Response | Promise<Response>, signal?: AbortSignal) =>
    safeFetch(fakeFetch(answer).fetch, server, signal)("https://auth.example/token?code=secret");

  it("may be so large, and no larger", async () => {
    const largest = "x".repeat(512 * 1024);
    expect(await (await ask(() => new Response(largest))).text()).toBe(largest);
    expect(await rejection(ask(() => new Response(`${largest}x`)))).toMatchObject({
      message: "https://auth.example/token answered with more than 524288 bytes",
    });
    expect(await (await ask(() => new Response(null))).text()).toBe("");
  });

  it("may take so long, its body too, and as long as somebody waits", async () => {
    const pass = stopTime();
    const over = new AbortController();
    const given = rejection(ask(() => new Promise(() => {}), over.signal));
    const endless = () =>
      new Response(new ReadableStream({ start: (body) => body.enqueue(new Uint8Array(1)) }));
    const slow = rejection(ask(endless));
    over.abort("enough");
    expect(await given).toBe("enough");
    await pass(14_999);
    expect(await isPending(slow)).toBe(true);
    await pass(1);
    expect(await slow).toMatchObject({ message: "https://auth.example/token did not answer within 15 s" });
  });

  it("of a name that leads where nothing may be asked is unsafe; any other failure may pass", async () => {
    const failing = (error: Error) => ask(() => Promise.reject(error));
    const forbidden = Object.assign(new Error("a.example is on this machine"), { code: FORBIDDEN_ADDRESS });
    expect(await rejection(failing(forbidden))).toMatchObject({ message: "a.example is on this machine" });
    expect(await rejection(failing(forbidden))).toBeInstanceOf(UnsafeAnswer);
    const failure = new TypeError("fetch failed");
    expect(await rejection(failing(failure))).toBe(failure);
  });

  it("keeps its status and its headers", async () => {
    const init = { status: 418, statusText: "teapot", headers: { "x-own": "1" } };
    const { status, statusText, headers } = await ask(() => new Response("x", init));
    expect([status, statusText, headers.get("x-own")]).toEqual([418, "teapot", "1"]);
  });
});
