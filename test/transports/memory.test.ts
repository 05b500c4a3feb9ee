import { Server as ServerV1 } from "@modelcontextprotocol/sdk/server/index.js";
import { McpServer as V1 } from "@modelcontextprotocol/sdk/server/mcp.js";
import { ListToolsRequestSchema } from "@modelcontextprotocol/sdk/types.js";
import { Server as ServerV2, McpServer as V2 } from "@modelcontextprotocol/server";
import { FastMCP } from "fastmcp";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { MemoryTransport, type ServerFactory, type ServerLike } from "../../src/transports/memory.js";
import { closing, recorded, rejection, textOf } from "../support/fixtures.js";

const answer = { content: [{ type: "text" as const, text: "2" }] };

const makers = {
  "SDK 1, high level": () => {
    const server = new V1({ name: "v1", version: "1" });
    server.registerTool("add", { inputSchema: { a: z.number() } }, () => answer);
    return server;
  },
  "SDK 1, low level": () => {
    const server = new ServerV1({ name: "v1-low", version: "1" }, { capabilities: { tools: {} } });
    server.setRequestHandler(ListToolsRequestSchema, () => ({
      tools: [{ name: "add", inputSchema: { type: "object" } }],
    }));
    return server;
  },
  "SDK 2, high level": () => {
    const server = new V2({ name: "v2", version: "1" });
    server.registerTool("add", { inputSchema: z.object({ a: z.number() }) }, () => answer);
    return server;
  },
  "SDK 2, low level": () => {
    const server = new ServerV2({ name: "v2-low", version: "1" }, { capabilities: { tools: {} } });
    server.setRequestHandler("tools/list", () => ({
      tools: [{ name: "add", inputSchema: { type: "object" } }],
    }));
    return server;
  },
  "the npm package fastmcp": () => {
    const server = new FastMCP({ name: "fastmcp", version: "1.0.0" });
    server.addTool({ name: "add", parameters: z.object({ a: z.number() }), execute: async () => "2" });
    return server;
  },
} satisfies Record<string, ServerFactory>;

const memory = (server: ServerLike | ServerFactory, options = {}) =>
  closing(new MemoryTransport({ server, ...options }));

describe("a server in the same program", () => {
  for (const [name, make] of Object.entries(makers)) {
    it(`of ${name}, as an instance: twice, in the legacy era`, async () => {
      const transport = memory(make());
      for (let i = 0; i < 2; i++) {
        await transport.withSession(async (session) => {
          expect((await session.listTools()).tools.map((tool) => tool.name)).toEqual(["add"]);
          expect(session.getProtocolEra()).toBe("legacy");
        });
        await transport.waitFor("idle");
      }
    });

    it(`of ${name}, from a factory: ${name.startsWith("SDK 2") ? "in the modern era" : "in the legacy era"}`, async () => {
      const era = name.startsWith("SDK 2") ? "modern" : "legacy";
      const transport = memory(make);
      await transport.withSession(async (session) => {
        expect((await session.listTools()).tools).toHaveLength(1);
        expect(session.getProtocolEra()).toBe(era);
        await session.ping();
      });
    });
  }

  it("is served again after it closed the connection", async () => {
    const servers: V2[] = [];
    const transport = memory(() => {
      const server = makers["SDK 2, high level"]();
      servers.push(server);
      return server;
    });
    const session = await transport.connectSession();
    await servers[0]!.close();
    expect(textOf(await session.callTool({ name: "add", arguments: { a: 1 } }))).toBe("2");
    expect(transport.status.epoch).toBe(2);
  });

  it("has one owner when it is an instance", async () => {
    const server = makers["SDK 1, high level"]();
    const first = memory(server);
    const second = memory(server);
    await first.connectSession();
    const error = await rejection(second.connectSession());
    expect(error).toMatchObject({ code: "CONFIG_INVALID", path: "server" });
    expect((error as Error).message).toContain("pass a function that makes one");
  });

  it("whose factory throws gives a clear error", async () => {
    const transport = memory(() => {
      throw new Error("no database");
    });
    expect(await rejection(transport.connectSession())).toMatchObject({
      code: "CONNECT_FAILED",
      message: expect.stringContaining("no database"),
    });
  });

  it("is not a thing without a connect method", () => {
    expect(() => new MemoryTransport({ server: {} as never })).toThrow(/"server".*connect method/);
  });

  it("can be forked where it is a factory", async () => {
    const transport = memory(makers["SDK 2, high level"]);
    const fork = closing(transport.fork());
    const events = recorded(fork);
    await Promise.all([transport.withSession((s) => s.listTools()), fork.withSession((s) => s.listTools())]);
    expect(events.length).toBeGreaterThan(2);
  });
});
