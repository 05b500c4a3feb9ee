import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { McpServer } from "@modelcontextprotocol/server";
import { expect, it, onTestFinished } from "vitest";
import { MemoryTransport } from "../../src/index.js";
import { serve } from "../../src/serve/index.js";
import { makeServer } from "../fixtures/both-eras.mjs";
import { CLIENTS } from "../support/clients.js";
import { closing, until } from "../support/fixtures.js";
import { post } from "../support/post.js";

async function servedAt(transport: MemoryTransport): Promise<URL> {
  const serving = await serve(closing(transport), { http: {} });
  onTestFinished(() => serving.close());
  return new URL(serving.url!);
}

const modern = (server: () => McpServer = makeServer) => new MemoryTransport({ server, era: "modern" });
const reached = (url: URL) =>
  new StreamableHTTPClientTransport(url, { requestInit: { headers: { connection: "close" } } });

it("legacy clients share a modern server, whatever each can be asked", async () => {
  const url = await servedAt(modern());
  const silent = await CLIENTS["SDK 1"](reached(url));
  expect(await silent.call("echo", { message: "hé" })).toBe("Echo: hé");
  const asked = await CLIENTS["SDK 2"](reached(url), { asks: "me" });
  expect(await asked.call("ask", { what: "elicitation" })).toContain('"name":"me"');
  expect(asked.asked).toEqual(["who?"]);
});

it("a legacy client subscribes to a resource of a modern server", async () => {
  const servers: McpServer[] = [];
  const url = await servedAt(
    modern(() => {
      const server = makeServer();
      servers.push(server);
      return server;
    }),
  );
  const client = new Client({ name: "program", version: "1" }, { versionNegotiation: { mode: "legacy" } });
  const updated: string[] = [];
  client.setNotificationHandler("notifications/resources/updated", ({ params }) => {
    updated.push(params.uri);
  });
  await client.connect(reached(url));
  onTestFinished(() => client.close());
  await client.subscribeResource({ uri: "note://one" });
  for (const { server } of servers) await server.sendResourceUpdated({ uri: "note://one" }).catch(() => {});
  await until(() => updated.length > 0);
  expect(new Set(updated)).toEqual(new Set(["note://one"]));
});

it("a modern client answers a legacy server round by round: what it asks at once together, each round under a state of its own", async () => {
  const url = await servedAt(new MemoryTransport({ server: askingThrice, era: "legacy" }));
  const call = async (params: object) => {
    const response = await request(url, "tools/call", { name: "ask", arguments: {}, ...params });
    return (await response.json()) as { result?: Asked; error?: { code: number } };
  };
  const { result: first } = await call({});
  const firstKeys = Object.keys(first!.inputRequests);
  expect(firstKeys).toHaveLength(2);
  const answered = (keys: string[]) => Object.fromEntries(keys.map((key) => [key, { action: "decline" }]));
  const { result: second } = await call({
    requestState: first!.requestState,
    inputResponses: answered(firstKeys),
  });
  const secondKeys = Object.keys(second!.inputRequests);
  expect(secondKeys).toHaveLength(1);
  expect(second!.requestState).not.toBe(first!.requestState);
  const { error } = await call({ requestState: first!.requestState, inputResponses: answered(firstKeys) });
  expect(error?.code).toBe(-32602);
  const { result } = await call({
    requestState: second!.requestState,
    inputResponses: answered(secondKeys),
  });
  expect(result).toMatchObject({ content: [{ text: "decline, decline, decline" }] });
});

it.each(["legacy", "modern"] as const)("a method that a %s server does not know is 404", async (era) => {
  const url = await servedAt(new MemoryTransport({ server: makeServer, era }));
  const response = await request(url, "unknown/method", {});
  expect(response.status).toBe(404);
  expect(await response.json()).toMatchObject({ error: { code: -32601 } });
});

interface Asked {
  inputRequests: Record<string, unknown>;
  requestState: string;
}

function askingThrice(): McpServer {
  const server = new McpServer({ name: "asking", version: "1.0.0" });
  server.registerTool("ask", {}, async ({ mcpReq }) => {
    const ask = async (message: string) => {
      const requestedSchema = { type: "object" as const, properties: {} };
      return (await mcpReq.elicitInput({ message, requestedSchema })).action;
    };
    const actions = [...(await Promise.all([ask("one?"), ask("two?")])), await ask("three?")];
    return { content: [{ type: "text", text: actions.join(", ") }] };
  });
  return server;
}

function request(url: URL, method: string, params: { name?: string; arguments?: object }): Promise<Response> {
  const _meta = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientInfo": { name: "program", version: "1" },
    "io.modelcontextprotocol/clientCapabilities": { elicitation: {} },
  };
  const headers = {
    "mcp-protocol-version": "2026-07-28",
    "mcp-method": method,
    ...(params.name && { "mcp-name": params.name }),
  };
  return post(url, { id: 1, method, params: { ...params, _meta } }, headers);
}
