import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { type ServerType, serve as serveHono } from "@hono/node-server";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { createMcpExpressApp } from "@modelcontextprotocol/express";
import { createMcpFastifyApp } from "@modelcontextprotocol/fastify";
import { createMcpHonoApp } from "@modelcontextprotocol/hono";
import type { FastifyReply, FastifyRequest } from "fastify";
import { describe, expect, it, onTestFinished } from "vitest";
import { type RequestHandler, requestHandler } from "../../src/serve/index.js";
import { CLIENTS } from "../support/clients.js";
import { lives, stdioFixture, until } from "../support/fixtures.js";
import { rawSession } from "../support/raw-session.js";

type Listen = (handler: RequestHandler) => Promise<Server | ServerType>;

const listening = async <S extends Server | ServerType>(server: S): Promise<S> => {
  if (!server.listening) await once(server, "listening");
  return server;
};

const FRAMEWORKS: Record<string, Listen> = {
  "node:http": (handler) => listening(createServer(handler.node).listen(0, "127.0.0.1")),
  Express: (handler) => {
    const app = createMcpExpressApp();
    app.use("/mcp", handler.node);
    return listening(app.listen(0, "127.0.0.1"));
  },
  Fastify: async (handler) => {
    const app = createMcpFastifyApp();
    const answer = async (request: FastifyRequest, reply: FastifyReply) => {
      reply.hijack();
      await handler.node(request.raw, reply.raw, request.body);
    };
    app.all("/mcp", answer);
    app.all("/mcp/*", answer);
    await app.listen({ port: 0, host: "127.0.0.1" });
    return app.server;
  },
  Hono: (handler) => {
    const app = createMcpHonoApp();
    app.all("/mcp/*", (context) =>
      handler.fetch(context.req.raw, { parsedBody: context.get("parsedBody" as never) }),
    );
    return listening(serveHono({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" }));
  },
};

async function hosted(listen: Listen) {
  const { transport, did } = stdioFixture();
  const handler = requestHandler(transport);
  const server = await listen(handler);
  onTestFinished(async () => {
    await handler.close();
    server.close();
    if ("closeAllConnections" in server) server.closeAllConnections();
  });
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`);
  const pids = () => did().flatMap((line) => (line.startsWith("start ") ? [Number(line.slice(6))] : []));
  return { handler, transport, url, did, pids };
}

describe.each(Object.entries(FRAMEWORKS))("a request handler in %s", (_name, listen) => {
  it("serves clients of both eras: calls, progress, questions, and a server that is killed", async () => {
    const { url, pids } = await hosted(listen);
    for (const kind of ["SDK 1", "SDK 2", "SDK 2, modern"] as const) {
      const client = await CLIENTS[kind](new StreamableHTTPClientTransport(url), { asks: kind });
      expect(await client.call("echo", { message: "hé" })).toBe("Echo: hé");
      const steps: number[] = [];
      const onprogress = ({ progress }: { progress: number }) => steps.push(progress);
      expect(await client.call("count", { steps: 2, ms: 50 }, { onprogress })).toBe("counted");
      expect(steps[0]).toBe(1);
      const said = await client.call("ask", { what: "elicitation" });
      expect(JSON.parse(said).content).toEqual({ name: kind });
      const alive = pids().filter(lives);
      for (const pid of alive) process.kill(pid, "SIGKILL");
      await until(() => !alive.some(lives));
      expect(await client.tools()).toContain("echo");
      expect(client.closed()).toBe(false);
      await client.close();
    }
  });

  it("opens the stream of a client at once, and knows when its client is gone", async () => {
    const { url, handler } = await hosted(listen);
    const client = await rawSession(url);
    const stream = await client.get();
    expect(stream.status).toBe(200);
    const streams = async () => {
      const status = await handler.fetch(
        new Request(new URL("/status", url), { headers: { host: url.host } }),
      );
      return ((await status.json()) as { streams: number }).streams;
    };
    await until(async () => (await streams()) === 1);
    stream.cut();
    await until(async () => (await streams()) === 0);
  });

  it("lets what runs be answered when it ends, and refuses what is new", async () => {
    const { url, handler } = await hosted(listen);
    const client = await CLIENTS["SDK 2"](new StreamableHTTPClientTransport(url));
    let begun = false;
    const onprogress = () => {
      begun = true;
    };
    const counted = client.call("count", { steps: 3, ms: 100 }, { onprogress });
    await until(() => begun);
    const ended = handler.drain();
    expect(await counted).toBe("counted");
    await ended;
    const headers = { connection: "close", "content-type": "application/json" };
    expect((await fetch(url, { method: "POST", body: "{}", headers })).status).toBe(503);
  });
});
