import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { request as ask } from "node:http";
import { join } from "node:path";
import { connect } from "node:tls";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { describe, expect, it, onTestFinished } from "vitest";
import { MemoryTransport } from "../../src/index.js";
import { HttpServing } from "../../src/serve/http.js";
import { type HttpOptions, serve } from "../../src/serve/index.js";
import { StreamableHttpTransport } from "../../src/transports/http.js";
import { makeServer } from "../fixtures/both-eras.mjs";
import { CLIENTS } from "../support/clients.js";
import { closing, fixture, rejection, stdioFixture, until } from "../support/fixtures.js";
import { gate } from "../support/gate.js";
import { ManualClock } from "../support/manual-clock.js";
import { post } from "../support/post.js";
import { serveProcess } from "../support/serve-process.js";
import { temporary } from "../support/temporary.js";

async function served(http: HttpOptions = {}) {
  const { transport, did } = stdioFixture();
  const serving = await serve(transport, { http });
  onTestFinished(() => serving.close());
  return { serving, url: new URL(serving.url!), transport, did };
}

/** A request with headers that `fetch` does not let anybody set. */
function get(url: URL, headers: Record<string, string>): Promise<number> {
  return new Promise((resolve, reject) => {
    ask(url, { headers, agent: false }, (response) => {
      response.resume();
      response.on("end", () => resolve(response.statusCode!));
    })
      .on("error", reject)
      .end();
  });
}

const initialize = JSON.stringify({
  jsonrpc: "2.0",
  id: 1,
  method: "initialize",
  params: { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "x", version: "1" } },
});
describe("who may ask serve over HTTP", () => {
  it("nobody under a name of somebody else's, and no page of theirs", async () => {
    const { url } = await served();
    const health = new URL("/healthz", url);
    expect(await get(health, { host: "evil.example" })).toBe(403);
    expect(await get(health, { origin: "https://evil.example" })).toBe(403);
    expect(await get(health, { origin: `http://localhost:${url.port}` })).toBe(200);
    expect((await post(url, initialize, { origin: "https://evil.example" })).status).toBe(403);
  });

  it("those of the names that were allowed besides", async () => {
    const { url } = await served({ allowedHosts: ["mine.example"], allowedOrigins: ["page.example"] });
    const health = new URL("/healthz", url);
    expect(await get(health, { host: "mine.example", origin: "https://page.example" })).toBe(200);
  });

  it("who has the token, where there is one; health is everybody's", async () => {
    const { url } = await served({ token: "open-sesame" });
    const wrong = await post(url, initialize, { authorization: "Bearer open-sesam" });
    expect([wrong.status, wrong.headers.get("www-authenticate")]).toEqual([401, "Bearer"]);
    expect(await wrong.text()).not.toContain("sesam");
    expect(await get(new URL("/status", url), {})).toBe(401);
    expect(await get(new URL("/healthz", url), {})).toBe(200);
    const wire = new StreamableHTTPClientTransport(url, {
      requestInit: { headers: { authorization: "Bearer open-sesame" } },
    });
    const client = await CLIENTS["SDK 2"](wire);
    expect(await client.call("echo", { message: "x" })).toBe("Echo: x");
  });

  it("nobody off this machine without a token: it does not start", async () => {
    const { transport } = stdioFixture();
    const error = await rejection(serve(transport, { http: { host: "0.0.0.0" } }));
    expect(error).toMatchObject({ code: "CONFIG_INVALID", path: "token" });
  });
});

describe("serve over HTTPS", () => {
  const pem = (name: string) => readFileSync(fixture(`tls/${name}.pem`), "utf8");

  it("serves with the certificate that was given", async () => {
    const { url } = await served({ tls: { cert: pem("cert"), key: pem("key") } });
    expect(url.protocol).toBe("https:");
    const transport = closing(new StreamableHttpTransport({ url, tls: { ca: pem("cert") } }));
    const tools = await transport.withSession((session) => session.listTools());
    expect(tools.tools.map(({ name }) => name)).toContain("echo");
  });

  it("takes a renewed certificate for the next connection, and not one that does not fit its key", async () => {
    const { serving, url } = await served({ tls: { cert: pem("cert"), key: pem("key") } });
    const reaches = async (ca: string) => {
      const transport = closing(new StreamableHttpTransport({ url, tls: { ca: pem(ca) } }));
      await transport.withSession((session) => session.listTools());
    };
    expect(() => serving.renewTls!({ cert: pem("renewed-cert"), key: pem("key") })).toThrow(
      expect.objectContaining({ code: "CONFIG_INVALID", path: "tls" }),
    );
    await reaches("cert");
    serving.renewTls!({ cert: pem("renewed-cert"), key: pem("renewed-key") });
    await reaches("renewed-cert");
    expect((await served()).serving.renewTls).toBeUndefined();
  });

  it("follows the files of its certificate", async () => {
    const at = temporary();
    const [cert, key] = [join(at, "cert"), join(at, "key")];
    const put = (before: string) => {
      writeFileSync(`${key}.new`, pem(`${before}key`), { mode: 0o600 });
      writeFileSync(`${cert}.new`, pem(`${before}cert`));
      for (const file of [key, cert]) renameSync(`${file}.new`, file);
    };
    put("");
    const tls = ["--tls-cert", cert, "--tls-key", key];
    const { url } = await serveProcess(["--http", "127.0.0.1:0", ...tls, "--", process.execPath, "-e", "0"]);
    const shown = async () => {
      const socket = connect({ host: url.hostname, port: Number(url.port), rejectUnauthorized: false });
      await once(socket, "secureConnect");
      const { fingerprint256 } = socket.getPeerCertificate();
      socket.destroy();
      return fingerprint256;
    };
    const of = (name: string) => new X509Certificate(pem(name)).fingerprint256;
    expect(await shown()).toBe(of("cert"));
    // Again and again: what comes before the first look is what it begins with.
    await until(async () => {
      put("renewed-");
      return (await shown()) === of("renewed-cert");
    });
  });

  it("does not start with what is no certificate and its key", async () => {
    const { transport } = stdioFixture();
    const tls = { cert: pem("cert"), key: "no key" };
    const error = await rejection(serve(transport, { http: { tls } }));
    expect(error).toMatchObject({ code: "CONFIG_INVALID", path: "tls" });
    expect(String(error)).not.toContain("no key");
  });
});

describe("the limits of serve over HTTP", () => {
  it("a body that is too large, and an address at which nothing is", async () => {
    const { url } = await served({ maxBodyBytes: 1_000 });
    expect((await post(url, initialize.padEnd(2_000))).status).toBe(413);
    expect((await post(new URL("/other", url), initialize)).status).toBe(404);
    expect((await post(new URL("/mcp/weather", url), initialize)).status).toBe(404);
    expect((await post(url, "{")).status).toBe(400);
  });

  it("as many sessions as were allowed; one that ended makes room", async () => {
    const { url } = await served({ maxSessions: 1 });
    const first = await post(url, initialize);
    await first.text();
    expect(first.status).toBe(200);
    const second = await post(url, initialize);
    expect([second.status, second.headers.get("retry-after")]).toEqual([503, "60"]);
    const session = { "mcp-session-id": first.headers.get("mcp-session-id")! };
    const ended = await fetch(url, { method: "DELETE", headers: { ...session, connection: "close" } });
    expect(ended.status).toBe(200);
    const third = await post(url, initialize);
    await third.text();
    expect(third.status).toBe(200);
    expect((await post(url, initialize, session)).status).toBe(404);
  });

  it("a session that is silent is ended, one with an open stream is not", async () => {
    const clock = new ManualClock();
    const { transport } = stdioFixture();
    const serving = await HttpServing.start(transport, { idleMs: 1_000 }, clock);
    onTestFinished(() => serving.close());
    const url = new URL(serving.url);
    const silent = await post(url, initialize);
    await silent.text();
    const listening = await post(url, initialize);
    await listening.text();
    const sessionOf = (response: Response) => ({ "mcp-session-id": response.headers.get("mcp-session-id")! });
    const over = new AbortController();
    onTestFinished(() => over.abort());
    const accept = "text/event-stream";
    const stream = fetch(url, { headers: { ...sessionOf(listening), accept }, signal: over.signal });
    stream.catch(() => {});
    const status = async () =>
      (await fetch(new URL("/status", url), { headers: { connection: "close" } })).json();
    await until(async () => ((await status()) as { streams: number }).streams === 1);
    const ping = JSON.stringify({ jsonrpc: "2.0", id: 2, method: "ping" });
    clock.advance(1_500);
    await until(async () => (await post(url, ping, sessionOf(silent))).status === 404);
    expect((await post(url, ping, sessionOf(listening))).status).toBe(200);
  });
});

describe("a handshake of serve over HTTP", () => {
  it("that waits for its server is no silence of its client", async () => {
    const clock = new ManualClock();
    const { open, opened } = gate();
    const server = {
      connect: async (wire: Parameters<ReturnType<typeof makeServer>["connect"]>[0]) => {
        await opened;
        await makeServer().connect(wire);
      },
    };
    const transport = closing(new MemoryTransport({ server }));
    const serving = await HttpServing.start(transport, { idleMs: 1_000 }, clock);
    onTestFinished(() => serving.close());
    const url = new URL(serving.url);
    const shaking = post(url, initialize);
    await until(() => transport.status.state === "connecting");
    for (let i = 0; i < 8; i++) clock.advance(250);
    open();
    const shaken = await shaking;
    await shaken.text();
    const session = { "mcp-session-id": shaken.headers.get("mcp-session-id")! };
    const ping = JSON.stringify({ jsonrpc: "2.0", id: 2, method: "ping" });
    expect((await post(url, ping, session)).status).toBe(200);
    clock.advance(999);
    expect((await post(url, ping, session)).status).toBe(200);
    await until(async () => {
      for (let i = 0; i < 8; i++) clock.advance(250);
      return (await post(url, ping, session)).status === 404;
    });
  });
});

describe("the end of serve over HTTP", () => {
  it("waits for what runs, and refuses what is new", async () => {
    const { serving, url, did } = await served();
    const client = await CLIENTS["SDK 2"](new StreamableHTTPClientTransport(url));
    const counted = client.call("count", { steps: 3, ms: 200 });
    await until(() => did().some((line) => line.startsWith("start")));
    await client.tools();
    const ended = serving.drain();
    expect(await counted).toBe("counted");
    await ended;
    expect((await rejection(post(url, initialize))) instanceof TypeError).toBe(true);
  });

  it("still takes the answer to a question, without which a call would not end, and no new call", async () => {
    const { serving, url } = await served();
    const client = new Client({ name: "program", version: "1" }, { capabilities: { elicitation: {} } });
    let ended: Promise<void> | undefined;
    let late: Promise<unknown> | undefined;
    client.setRequestHandler("elicitation/create", async () => {
      ended ??= serving.drain();
      late ??= rejection(client.callTool({ name: "echo", arguments: { message: "late" } }));
      await late;
      return { action: "accept", content: {} };
    });
    await client.connect(new StreamableHTTPClientTransport(url));
    onTestFinished(() => client.close());
    const { content } = await client.callTool({ name: "steps", arguments: { steps: 2 } });
    expect(content).toEqual([{ type: "text", text: "all done" }]);
    expect(String(await late)).toContain("nothing was done");
    await ended;
  });

  it("is no end for a client of the SDK 1 where it begins anew with the same key; a forged id is no session", async () => {
    const sessionKey = "a key of the test's";
    const { serving, url, transport, did } = await served({ sessionKey });
    // Race: a socket that is kept would be used before its end is known, which the client must not repeat.
    const requestInit = { headers: { connection: "close" } };
    const wire = new StreamableHTTPClientTransport(url, { requestInit });
    const client = await CLIENTS["SDK 1"](wire, { asks: "me" });
    const shaken = await post(url, initialize);
    await shaken.text();
    const id = shaken.headers.get("mcp-session-id")!;
    expect(await client.call("echo", { message: "before" })).toBe("Echo: before");
    await serving.close();
    const again = await serve(transport, { http: { sessionKey, port: Number(url.port) } });
    onTestFinished(() => again.close());
    expect(await client.call("echo", { message: "after" })).toBe("Echo: after");
    expect(JSON.parse(await client.call("ask", { what: "elicitation" })).content).toEqual({ name: "me" });
    const ping = JSON.stringify({ jsonrpc: "2.0", id: 2, method: "ping" });
    const forged = `${id.slice(0, -4)}AAAA`;
    expect((await post(url, ping, { "mcp-session-id": forged })).status).toBe(404);
    const both = await Promise.all([1, 2].map(() => post(url, ping, { "mcp-session-id": id })));
    expect(both.map(({ status }) => status)).toEqual([200, 200]);
    await Promise.all(both.map((answer) => answer.text()));
    await fetch(url, { method: "DELETE", headers: { "mcp-session-id": id, connection: "close" } });
    expect((await post(url, ping, { "mcp-session-id": id })).status).toBe(404);
    expect(did().some((line) => line.startsWith("start"))).toBe(true);
  });

  it("says in /status who is there, without a secret", async () => {
    const { url, transport } = await served();
    const client = await CLIENTS["SDK 1"](new StreamableHTTPClientTransport(url));
    await client.tools();
    const status = await (await fetch(new URL("/status", url), { headers: { connection: "close" } })).json();
    expect(status).toMatchObject({
      name: transport.name,
      state: "connected",
      health: "ok",
      advice: expect.stringMatching(/nothing to do/),
      sessions: 1,
      running: 0,
    });
  });
});
