import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { UnderlyingSource } from "node:stream/web";
import { SdkErrorCode, SdkHttpError } from "@modelcontextprotocol/client";
import { afterEach, describe, expect, it, vi } from "vitest";
import {
  isNetworkFailure,
  Network,
  networkOutcome,
  retryAfterMs,
  watchBody,
} from "../../src/wires/network.js";
import { rejection } from "../support/settling.js";

const fetchFailed = (code: string, more: object = {}) =>
  new TypeError("fetch failed", { cause: Object.assign(new Error(code), { code, ...more }) });
const httpError = (status: number) =>
  new SdkHttpError(SdkErrorCode.ClientHttpNotImplemented, "no", { status, statusText: "" });

afterEach(() => vi.unstubAllEnvs());

describe("a failure is one of the network", () => {
  it.each([
    ["fetch failed", new TypeError("fetch failed"), true],
    ["a stream that ended", new TypeError("terminated"), true],
    ["a type error with a cause", new TypeError("odd", { cause: new Error("x") }), true],
    ["any other type error", new TypeError("x is not a function"), false],
    ["an abort", Object.assign(new TypeError("fetch failed"), { name: "AbortError" }), false],
    ["any other error", new Error("fetch failed", { cause: 1 }), false],
    ["nothing", undefined, false],
  ])("%s: %3$s", (_what, error, is) => {
    expect(isNetworkFailure(error)).toBe(is);
  });
});

describe("what became of a request that the network failed", () => {
  it.each([
    ["ECONNREFUSED"],
    ["ENOTFOUND"],
    ["EAI_AGAIN"],
    ["EHOSTUNREACH"],
    ["ENETUNREACH"],
    ["EADDRNOTAVAIL"],
    ["UND_ERR_CONNECT_TIMEOUT"],
    ["DEPTH_ZERO_SELF_SIGNED_CERT"],
    ["SELF_SIGNED_CERT_IN_CHAIN"],
    ["CERT_HAS_EXPIRED"],
    ["UNABLE_TO_VERIFY_LEAF_SIGNATURE"],
    ["ERR_TLS_CERT_ALTNAME_INVALID"],
    ["EPROTO"],
  ])("%s: it was not sent", (code) => {
    expect(networkOutcome(fetchFailed(code))).toBe("not-sent");
  });

  it.each([
    ["connect", "not-sent"],
    ["getaddrinfo", "not-sent"],
    ["write", "unknown"],
    ["read", "unknown"],
    [7, "not-sent"],
  ])("a lost route at the system's call %s: %s", (syscall, outcome) => {
    expect(networkOutcome(fetchFailed("EHOSTUNREACH", { syscall }))).toBe(outcome);
  });

  it("is looked for in each address of a name", () => {
    const each = Object.assign(new Error("x"), { code: "EHOSTUNREACH", syscall: "write" });
    const all = new AggregateError([each], "");
    expect(networkOutcome(new TypeError("fetch failed", { cause: all }))).toBe("unknown");
  });

  it("is unknown where the connection broke, and is the server's to say where it answered", () => {
    expect(networkOutcome(fetchFailed("ECONNRESET"))).toBe("unknown");
    expect(networkOutcome(new TypeError("terminated"))).toBe("unknown");
    expect(networkOutcome(httpError(500))).toBeUndefined();
  });
});

describe("a busy server", () => {
  it.each([
    [429, "2", 2_000],
    [503, "12", 12_000],
    [503, "0", 0],
    [503, "99999", 3_600_000],
    [503, "9".repeat(400), 3_600_000],
    [503, "Fri, 31 Dec 9999 23:59:59 GMT", 3_600_000],
    [503, "Thu, 01 Jan 1970 00:00:00 GMT", 0],
    [503, "soon", undefined],
    [503, "1.5x", undefined],
    [503, "x1", undefined],
    [503, "", undefined],
    [503, null, undefined],
    [503, undefined, undefined],
    [500, "2", undefined],
    [200, "2", undefined],
  ])("that answers %i and %j is to be asked again after %s ms", (status, value, ms) => {
    expect(retryAfterMs(status, value)).toBe(ms);
  });

  it("is asked again no later than the user wants", () => {
    expect(retryAfterMs(503, "99999", 5_000)).toBe(5_000);
    expect(retryAfterMs(503, "2", 5_000)).toBe(2_000);
  });

  it("may name a date", () => {
    vi.useFakeTimers({ now: 1_000_000 });
    expect(retryAfterMs(503, new Date(1_007_000).toUTCString())).toBe(7_000);
    vi.useRealTimers();
  });
});

describe("a body that is watched", () => {
  const bodyOf = (part: UnderlyingSource<Uint8Array>) => {
    const ended = vi.fn();
    return { ended, reader: watchBody(new ReadableStream(part), ended).getReader() };
  };
  const bytes = new Uint8Array([1, 2]);

  it("gives the same bytes, and its end is told", async () => {
    const { ended, reader } = bodyOf({
      start(controller) {
        controller.enqueue(bytes);
        controller.close();
      },
    });
    expect(await reader.read()).toEqual({ done: false, value: bytes });
    expect(await reader.read()).toEqual({ done: true, value: undefined });
    expect(ended).toHaveBeenCalledTimes(1);
  });

  it("that breaks gives the error, and its end is told", async () => {
    const { ended, reader } = bodyOf({ pull: (controller) => controller.error(new Error("cut")) });
    await expect(reader.read()).rejects.toThrow("cut");
    expect(ended).toHaveBeenCalledTimes(1);
  });

  it("is not ended while it goes on, or when the reader goes away", async () => {
    const cancel = vi.fn();
    const { ended, reader } = bodyOf({ pull: (controller) => controller.enqueue(bytes), cancel });
    await reader.read();
    await reader.cancel("enough");
    expect(cancel).toHaveBeenCalledExactlyOnceWith("enough");
    expect(ended).not.toHaveBeenCalled();
  });
});

describe("the network of a connection", () => {
  const url = new URL("http://127.0.0.1:1/mcp");
  const options = { url, tls: undefined, connectTimeoutMs: 100 };

  it("is the user's own fetch where there is one: nothing of it is ours to count", async () => {
    const response = new Response("mine");
    const fetch = vi.fn(async () => response);
    const network = new Network({ ...options, proxy: false, fetch });
    const init = { method: "POST" };
    expect(await network.fetch(url, init)).toBe(response);
    expect(fetch).toHaveBeenCalledExactlyOnceWith(url, init);
    expect(network.bytesRead).toBeUndefined();
    expect(await network.alive(50)).toBe(false);
    await network.close();
  });

  it("is sockets of its own otherwise, which are counted and end with it", async () => {
    const server = createServer((request, response) => {
      if (request.url === "/never") return;
      response.end(request.headers["x-mine"]);
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const here = new URL(`http://127.0.0.1:${port}/`);
    const network = new Network({ ...options, url: here, proxy: false, fetch: undefined });
    expect(network.bytesRead).toBe(0);
    expect(await network.alive(1_000)).toBe(true);
    expect(await (await network.fetch(here, { headers: { "x-mine": "1" } })).text()).toBe("1");
    expect(network.bytesRead).toBeGreaterThan(0);
    const asked = once(server, "request");
    const never = rejection(network.fetch(new URL("/never", here)));
    await asked;
    await network.close();
    expect(await never).toBeInstanceOf(Error);
    server.closeAllConnections();
    server.close();
    expect(await network.alive(1_000)).toBe(false);
  });

  it("through a proxy says nothing of the server", async () => {
    const network = new Network({ ...options, proxy: "http://127.0.0.1:1", fetch: undefined });
    expect(network.bytesRead).toBeUndefined();
    expect(await network.alive(50)).toBe(false);
    await network.close();
  });
});
