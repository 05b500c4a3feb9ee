import { SSEClientTransport } from "@modelcontextprotocol/client";
import { describe, expect, it, onTestFinished } from "vitest";
import { type HttpOptions, serve } from "../../src/serve/index.js";
import { CLIENTS } from "../support/clients.js";
import { doorContract } from "../support/door-contract.js";
import { stdioFixture } from "../support/fixtures.js";

const sseUrl = (url: string) => new URL("/sse", url);

doorContract("serve over HTTP+SSE", async (transport) => {
  const served = await serve(transport, { http: { sse: true } });
  onTestFinished(() => served.close());
  return () => new SSEClientTransport(sseUrl(served.url!));
});

describe("HTTP+SSE of serve", () => {
  async function served(http: HttpOptions = {}) {
    const { transport } = stdioFixture();
    const serving = await serve(transport, { http });
    onTestFinished(() => serving.close());
    return { serving, url: sseUrl(serving.url!) };
  }
  const statusOf = async (url: URL, init: RequestInit = {}) =>
    (await fetch(url, { ...init, headers: { connection: "close" } })).status;

  it("is not there unless it was asked for, and in no place of another path", async () => {
    const { url } = await served();
    expect(await statusOf(url)).toBe(404);
    const { transport } = stdioFixture();
    await expect(
      (async () => serve(transport, { http: { sse: true, path: "/sse" } }))(),
    ).rejects.toMatchObject({
      code: "CONFIG_INVALID",
      path: "path",
    });
  });

  it("refuses messages of no session, or that are none, and sessions beyond the limit", async () => {
    const { url } = await served({ sse: true, maxSessions: 1 });
    expect(await statusOf(new URL("?sessionId=x", url), { method: "POST", body: "{}" })).toBe(404);
    expect(await statusOf(url, { method: "PUT" })).toBe(405);
    let endpoint: URL | undefined;
    const watched: typeof fetch = (input, init) => {
      if (init?.method === "POST") endpoint = new URL(String(input));
      return fetch(input, init);
    };
    await CLIENTS["SDK 2"](new SSEClientTransport(url, { fetch: watched }));
    expect(await statusOf(endpoint!, { method: "POST", body: "[1]" })).toBe(400);
    expect(await statusOf(url)).toBe(503);
  });

  it("lets what runs be answered when it ends", async () => {
    const { serving, url } = await served({ sse: true });
    const client = await CLIENTS["SDK 1"](new SSEClientTransport(url));
    let begun: () => void = () => {};
    const running = new Promise<void>((resolve) => {
      begun = resolve;
    });
    const counted = client.call("count", { steps: 3, ms: 100 }, { onprogress: begun });
    await running;
    const ended = serving.drain();
    expect(await counted).toBe("counted");
    await ended;
  });
});
