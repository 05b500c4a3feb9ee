import { get, request } from "node:http";
import { text } from "node:stream/consumers";
import { describe, expect, it, onTestFinished } from "vitest";
import { Callback, type CallbackOptions } from "../../src/auth/sign-in/callback.js";
import { isPending, rejection } from "../support/settling.js";

const HOST = "127.0.0.1";

/** The redirect address of a sign-in whose state is "s". */
async function listening(options: Partial<CallbackOptions> = {}, state = "s") {
  const callback = await Callback.listen({ name: "weather", host: HOST, port: undefined, ...options });
  callback.state = state;
  let closed: Promise<void> | undefined;
  const close = (failure?: string) => (closed ??= callback.close(failure));
  onTestFinished(() => close());
  return { callback, close, url: callback.redirectUrl, port: Number(new URL(callback.redirectUrl).port) };
}

/** What a browser gets there. */
async function browse(address: string, { method = "GET", headers = {} as Record<string, string> } = {}) {
  const asking = request(address, { method, headers, agent: false });
  asking.end();
  const answer = await new Promise<import("node:http").IncomingMessage>((resolve, reject) => {
    asking.once("response", resolve).once("error", reject);
  });
  return { status: answer.statusCode, headers: answer.headers, page: await text(answer) };
}

describe("the redirect address of a sign-in", () => {
  it("takes the answer of a browser, and tells the person how it ended", async () => {
    const { callback, close, url } = await listening();
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/callback$/);
    const browser = browse(`${url}?state=s&code=c&iss=i`);
    expect(await callback.answer).toEqual({ code: "c", iss: "i", error: undefined, description: undefined });
    expect(await isPending(browser)).toBe(true);
    await close();
    const { status, headers, page } = await browser;
    expect(status).toBe(200);
    expect(page).toContain("<h1>You are signed in</h1>");
    expect(page).toContain("<p>weather can be used now. You may close this page.</p>");
    expect(headers).toMatchObject({
      "content-type": "text/html; charset=utf-8",
      "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'",
      "referrer-policy": "no-referrer",
      "cache-control": "no-store",
      connection: "close",
    });
    expect(await rejection(browse(url))).toMatchObject({ code: "ECONNREFUSED" });
  });

  it("takes an error as an answer; the person reads what came of it", async () => {
    const { callback, close, url } = await listening();
    const browser = browse(`${url}?state=s&error=access_denied&error_description=d`);
    expect(await callback.answer).toEqual({
      code: undefined,
      iss: undefined,
      error: "access_denied",
      description: "d",
    });
    await close("It was refused.");
    const { status, page } = await browser;
    expect(status).toBe(400);
    expect(page).toContain("<h1>You are not signed in</h1>\n<p>It was refused.</p>");
  });

  it("takes one answer", async () => {
    const { callback, close, url } = await listening();
    const first = browse(`${url}?state=s&code=c`);
    await callback.answer;
    const { status, page } = await browse(`${url}?state=s&code=other`);
    expect(status).toBe(409);
    expect(page).toContain("<h1>This sign-in was answered already</h1>\n<p>You may close this page.</p>");
    expect(await callback.answer).toMatchObject({ code: "c" });
    await close();
    expect((await first).status).toBe(200);
  });

  it.each(["", "?code=c", "?state=t&code=c", "?state=ss&code=c", "?state=&code=c"])(
    "takes no answer to another sign-in (%s)",
    async (query) => {
      const { callback, url } = await listening();
      const { status, page } = await browse(`${url}${query}`);
      expect(status).toBe(400);
      expect(page).toContain("<h1>This is the answer to another sign-in</h1>");
      expect(page).toContain(
        "It was not used. Go back to the program that asked you, and use the address that it shows now.",
      );
      expect(await isPending(callback.answer)).toBe(true);
    },
  );

  it("takes none before it is known which one it waits for", async () => {
    const { url } = await listening({}, "");
    expect((await browse(`${url}?state=&code=c`)).status).toBe(400);
  });

  it.each<[string, string, object]>([
    ["another place", "/other?state=s&code=c", {}],
    ["what is no address", "//", {}],
    ["another method", "/callback?state=s&code=c", { method: "POST" }],
    ["another host", "/callback?state=s&code=c", { headers: { host: "evil.example" } }],
    ["a host with more than a port", "/callback?state=s&code=c", { headers: { host: "127.0.0.1:x" } }],
    ["a host behind another port", "/callback?state=s&code=c", { headers: { host: "127.0.0.1:1:2" } }],
  ])("is nothing for %s", async (_what, path, how) => {
    const { callback, port } = await listening();
    const address = { host: HOST, port, path };
    const answer = await new Promise<{ status: number | undefined; page: string }>((resolve, reject) => {
      get({ ...address, agent: false, ...how }, (response) => {
        void text(response).then((page) => resolve({ status: response.statusCode, page }), reject);
      }).once("error", reject);
    });
    expect(answer.status).toBe(404);
    expect(answer.page).toContain(
      "<h1>There is nothing here</h1>\n<p>This address is for one sign-in only.</p>",
    );
    expect(await isPending(callback.answer)).toBe(true);
  });

  it("may be one that the person pastes", async () => {
    const { callback } = await listening();
    const paste = (address: string | URL) => () => callback.accept(address);
    expect(paste("code=c")).toThrow(
      expect.objectContaining({
        code: "AUTH_REQUIRED",
        message: "weather: what was pasted is no address. Paste all of the address that the browser shows.",
      }),
    );
    expect(paste("http://localhost/?state=other&code=c")).toThrow(
      "weather: that address is not the answer to this sign-in. Paste the one that it ended at.",
    );
    expect(await isPending(callback.answer)).toBe(true);
    callback.accept("  http://localhost/?state=s&code=c\n");
    expect(await callback.answer).toMatchObject({ code: "c" });
    callback.accept(new URL("http://localhost/?state=s&code=later"));
    expect(await callback.answer).toMatchObject({ code: "c" });
  });

  it("is shown nothing where its browser went away", async () => {
    const { callback, close, url } = await listening();
    const asking = get(`${url}?state=s&code=c`, { agent: false });
    const gone = new Promise((resolve) => asking.once("error", resolve));
    await callback.answer;
    asking.destroy(new Error("gone"));
    await gone;
    await close();
  });

  it("may be on the other loopback addresses", async () => {
    const { callback, close, url } = await listening({ host: "localhost" });
    expect(url).toMatch(/^http:\/\/localhost:\d+\/callback$/);
    const browser = browse(`${url}?state=s&code=c`);
    await callback.answer;
    await close();
    expect((await browser).status).toBe(200);
  });

  it("is the one of an earlier registration where that is free, and the one that was named or none", async () => {
    // A loopback address at which nobody else takes ports, where the system has more than one.
    const host = process.platform === "linux" ? "127.77.1.1" : HOST;
    const first = await listening({ host });
    const other = await listening({ host, preferredPort: first.port });
    expect(other.port).not.toBe(first.port);
    expect(await rejection(listening({ host, port: first.port, preferredPort: other.port }))).toMatchObject({
      code: "AUTH_REQUIRED",
      message: `weather: cannot wait for the browser on port ${first.port} of ${host}: it is taken. End the program that has it, or choose another callbackPort.`,
    });
    await first.close();
    expect((await listening({ host, preferredPort: first.port })).port).toBe(first.port);
  });

  it("that cannot be had says why", async () => {
    expect(await rejection(listening({ host: "192.0.2.1" }))).toMatchObject({
      code: "AUTH_REQUIRED",
      message: expect.stringMatching(
        /^weather: cannot wait for the browser on port 0 of 192\.0\.2\.1: listen EADDRNOTAVAIL[^.]*192\.0\.2\.1/,
      ),
    });
  });
});
