import { describe, expect, it, onTestFinished } from "vitest";
import { MemoryTransport, StreamableHttpTransport } from "../../src/index.js";
import { systemClock } from "../../src/machines/clock.js";
import { Endings } from "../../src/serve/endings.js";
import { Exchanges } from "../../src/serve/exchanges.js";
import { FollowedClients } from "../../src/serve/followed-clients.js";
import { HttpServing } from "../../src/serve/http.js";
import { httpSettings } from "../../src/serve/http-options.js";
import { HttpSessions } from "../../src/serve/http-sessions.js";
import { type RequestHandlerOptions, requestHandler } from "../../src/serve/index.js";
import { ModernClients } from "../../src/serve/modern.js";
import { whenRead } from "../../src/serve/when-read.js";
import type { ClientTransport } from "../../src/transports/transport.js";
import { makeServer } from "../fixtures/sdk-1.mjs";
import { closing, until } from "../support/fixtures.js";
import { gate } from "../support/gate.js";
import { httpServer } from "../support/http-server.js";
import { ManualClock } from "../support/manual-clock.js";
import { post } from "../support/post.js";

const HOST = "http://localhost";

function handlerOf(transport: ClientTransport, options: RequestHandlerOptions = {}) {
  const handler = requestHandler(closing(transport), options);
  onTestFinished(() => handler.close());
  return handler;
}

/** A request of the modern era by hand; `header`: the method that its header says it has. */
function modern(
  method: string,
  params: object,
  {
    signal,
    capabilities = {},
    header = method,
  }: { signal?: AbortSignal; capabilities?: object; header?: string } = {},
): Request {
  const _meta = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientInfo": { name: "raw", version: "1" },
    "io.modelcontextprotocol/clientCapabilities": capabilities,
  };
  const { name } = params as { name?: string };
  return new Request(`${HOST}/mcp`, {
    method: "POST",
    headers: {
      host: "localhost",
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
      "mcp-protocol-version": "2026-07-28",
      "mcp-method": header,
      ...(name !== undefined && { "mcp-name": name }),
    },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params: { ...params, _meta } }),
    ...(signal && { signal }),
  });
}

describe("a call in which a server may ask", () => {
  const asking = { capabilities: { elicitation: {} } };
  const call = (more: object = {}, header?: string) =>
    modern(
      "tools/call",
      { name: "ask", arguments: {}, ...more },
      { ...asking, ...(header !== undefined && { header }) },
    );

  async function served() {
    const server = await httpServer();
    const handler = handlerOf(new StreamableHttpTransport({ url: server.url }));
    // biome-ignore lint/suspicious/noExplicitAny: whatever the test asks for.
    const answer = async (request: Request): Promise<any> => (await handler.fetch(request)).json();
    return { server, handler, answer };
  }

  it("keeps no connection when it is refused before it came to the server", async () => {
    const { server, handler, answer } = await served();
    for (let i = 0; i < 17; i++) expect((await handler.fetch(call({}, "tools/list"))).status).toBe(400);
    expect((await answer(call())).result.resultType).toBe("input_required");
    // One for all, and one for those that can be asked.
    expect(server.sessions.size).toBe(2);
  });

  it("keeps its question when the answer is refused, and no other call gets that connection", async () => {
    const { answer, handler } = await served();
    const { requestState, inputRequests } = (await answer(call())).result;
    const [key = ""] = Object.keys(inputRequests);
    const inputResponses = { [key]: { action: "accept", content: { name: "me" } } };
    const back = { requestState, inputResponses };
    expect((await handler.fetch(call(back, "tools/list"))).status).toBe(400);
    const other = (await answer(call())).result;
    expect(other.requestState).not.toBe(requestState);
    expect((await answer(call(back))).result.content[0].text).toContain("me");
  });
});

it("the connection of such calls ends when nobody used it for long", async () => {
  const server = await httpServer();
  const clock = new ManualClock();
  const transport = closing(new StreamableHttpTransport({ url: server.url }));
  const serving = await HttpServing.start(transport, { idleMs: 1_000 }, clock);
  onTestFinished(() => serving.close());
  const echo = async () => {
    const params = { name: "echo", arguments: { message: "x" } };
    const asked = modern("tools/call", params, { capabilities: { elicitation: {} } });
    const answer = await post(new URL(serving.url), await asked.text(), Object.fromEntries(asked.headers));
    expect(await answer.text()).toContain("Echo: x");
  };
  await echo();
  clock.advance(900);
  await echo();
  clock.advance(900);
  await echo();
  // One for all, and one that was used again and again.
  expect([server.sessions.size, server.counts.deletes]).toEqual([2, 0]);
  clock.advance(1_000);
  await until(() => server.counts.deletes === 1);
});

describe("a client that left while it was let in", () => {
  it("listens to nothing, in the modern era", async () => {
    const { open, opened } = gate();
    const server = {
      async connect(wire: Parameters<ReturnType<typeof makeServer>["connect"]>[0]) {
        await opened;
        await makeServer().connect(wire);
      },
    };
    const transport = new MemoryTransport({ server, era: "legacy" });
    const handler = handlerOf(transport);
    const listen = (uri: string, signal: AbortSignal) =>
      handler.fetch(
        modern("subscriptions/listen", { notifications: { resourceSubscriptions: [uri] } }, { signal }),
      );
    const [gone, there] = [new AbortController(), new AbortController()];
    const first = listen("note://gone", gone.signal);
    await until(() => transport.status.state === "connecting");
    gone.abort();
    open();
    await first;
    await listen("note://there", there.signal);
    const subscriptions = () =>
      transport.withSession(async (session) => {
        const { content } = await session.callTool({ name: "subscriptions" });
        return (content[0] as { text: string }).text;
      });
    await until(async () => (await subscriptions()).includes("note://there"));
    expect(await subscriptions()).toBe('["note://there"]');
    there.abort();
    await until(async () => (await subscriptions()) === "[]");
  });

  it("has no session, over HTTP+SSE", async () => {
    const handler = handlerOf(new MemoryTransport({ server: makeServer }), { sse: true });
    const over = new AbortController();
    const begun = handler.fetch(
      new Request(`${HOST}/sse`, { headers: { host: "localhost" }, signal: over.signal }),
    );
    over.abort();
    await begun;
    const status = await (
      await handler.fetch(new Request(`${HOST}/status`, { headers: { host: "localhost" } }))
    ).json();
    expect(status).toMatchObject({ sessions: 0 });
  });
});

describe("what comes while serve ends", () => {
  const settings = httpSettings({});

  it("opens no session of the modern era any more", async () => {
    const transport = closing(new MemoryTransport({ server: makeServer, era: "legacy" }));
    const clients = new ModernClients(new FollowedClients(transport, "tcp"), settings, systemClock);
    await clients.close();
    const answer = await clients.fetch(modern("tools/list", {}), { id: 1, method: "tools/list" });
    expect(await answer.json()).toMatchObject({
      id: 1,
      error: { message: expect.stringContaining("nothing was done") },
    });
    expect(transport.status.state).toBe("idle");
  });

  it("is told so where a session of the legacy era was about to begin", async () => {
    const transport = closing(new MemoryTransport({ server: makeServer }));
    const { open, opened } = gate();
    const ends: string[] = [];
    const real = transport.asServer();
    const door: typeof real = {
      async connect(client) {
        await opened;
        await real.connect(client);
        const { onclose } = client;
        client.onclose = () => {
          ends.push("closed");
          onclose?.();
        };
      },
      close: () => real.close(),
    };
    const sessions = new HttpSessions(
      { name: "it", door, followed: new FollowedClients(transport, "tcp") },
      new Exchanges(),
      settings,
      systemClock,
    );
    const clientInfo = { name: "raw", version: "1" };
    const body = {
      jsonrpc: "2.0",
      id: 1,
      method: "initialize",
      params: { protocolVersion: "2025-11-25", capabilities: {}, clientInfo },
    };
    const request = new Request(`${HOST}/mcp`, {
      method: "POST",
      headers: { "content-type": "application/json", accept: "application/json, text/event-stream" },
      body: JSON.stringify(body),
    });
    const begun = sessions.fetch(request, body);
    await sessions.close();
    open();
    expect((await begun).status).toBe(503);
    expect([ends, sessions.size]).toEqual([["closed"], 0]);
  });
});

describe("what ends beside everything else", () => {
  it("is waited for, and reported where it fails", async () => {
    const said: string[] = [];
    const endings = new Endings((message) => said.push(message));
    const { open, opened } = gate();
    endings.add(opened.then(() => Promise.reject(new Error("it would not"))));
    const all = endings.all();
    open();
    await all;
    expect(said).toEqual(["it would not"]);
  });

  it("is a body that breaks, too", async () => {
    let ends = 0;
    const broken = new ReadableStream({
      pull(controller) {
        controller.error(new Error("broken"));
      },
    });
    const response = whenRead(new Response(broken), () => ends++);
    await expect(response.text()).rejects.toThrow("broken");
    expect(ends).toBe(1);
  });
});
