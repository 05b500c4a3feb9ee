import { describe, expect, it } from "vitest";
import { MCPConfigTransport } from "../../src/composite/config-transport.js";
import { closing, fixture, rejection, textOf } from "../support/fixtures.js";

const named = (tools: readonly { name: string }[]) => tools.map(({ name }) => name);

describe("a composite whose tools are searched", () => {
  it.each(["legacy", "modern"])("answers a real client, with a %s server alone and with two", async (era) => {
    const server = {
      command: process.execPath,
      args: [fixture(era === "legacy" ? "stdio-server.mjs" : "modern-server.mjs")],
    };
    for (const [mcpServers, name] of [
      [{ one: server }, "echo"],
      [{ one: server, two: server }, "two_echo"],
    ] as const) {
      const transport = closing(new MCPConfigTransport({ config: { mcpServers }, tools: "search" }));
      await transport.withSession(async (session) => {
        expect(named((await session.listTools()).tools)).toEqual(["find_tools", "call_tool"]);
        const found = await session.callTool({ name: "find_tools", arguments: { query: "echo" } });
        expect(found.structuredContent).toMatchObject({
          tools: expect.arrayContaining([expect.objectContaining({ name })]),
        });
        const args = { name, arguments: { message: "hello" } };
        expect(textOf(await session.callTool({ name: "call_tool", arguments: args }))).toBe("Echo: hello");
        expect(await rejection(session.callTool({ name: "call_tool", arguments: {} }))).toMatchObject({
          message: expect.stringContaining('call_tool needs "name"'),
        });
      });
      await transport.close();
    }
  });
});
