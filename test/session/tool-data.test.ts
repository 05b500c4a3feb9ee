import { McpServer } from "@modelcontextprotocol/server";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { toolData } from "../../src/session/tool-data.js";
import { MemoryTransport } from "../../src/transports/memory.js";
import { PythonStdioTransport } from "../../src/transports/python.js";
import { closing, fixture, rejection } from "../support/fixtures.js";
import { describeWith } from "../support/peers.js";

type Content = { type: "text"; text: string } | { type: "image"; data: string; mimeType: string };

function server() {
  const server = new McpServer({ name: "data", version: "1.0.0" });
  const answers: Record<string, { content: Content[]; isError?: boolean }> = {
    json: { content: [{ type: "text", text: '{"a":[1,2]}' }] },
    text: { content: [{ type: "text", text: "plain words" }] },
    two: {
      content: [
        { type: "text", text: "1" },
        { type: "image", data: "AA==", mimeType: "image/png" },
      ],
    },
    none: { content: [] },
    fails: { content: [{ type: "text", text: "the disk is full" }], isError: true },
  };
  for (const [name, answer] of Object.entries(answers)) server.registerTool(name, {}, () => answer);
  const outputSchema = z.object({ city: z.string(), degrees: z.number() });
  server.registerTool("weather", { outputSchema }, () => ({
    content: [],
    structuredContent: { city: "London", degrees: 12 },
  }));
  const result = z.object({ result: z.number() });
  server.registerTool("wrapped", { outputSchema: result }, () => ({
    content: [{ type: "text", text: "3" }],
    structuredContent: { result: 3 },
  }));
  server.registerTool("own", { outputSchema: result }, () => ({
    content: [{ type: "text", text: '{ "result": 3 }' }],
    structuredContent: { result: 3 },
  }));
  return server;
}

describe("toolData gives", () => {
  it("what the tool answered, in its simplest form", async () => {
    await closing(new MemoryTransport({ server })).withSession(async (session) => {
      expect(await toolData(session, "weather")).toEqual({ city: "London", degrees: 12 });
      expect(await toolData(session, "wrapped", {})).toBe(3);
      expect(await toolData(session, "own")).toEqual({ result: 3 });
      expect(await toolData(session, "json")).toEqual({ a: [1, 2] });
      expect(await toolData(session, "text")).toBe("plain words");
      expect(await toolData(session, "two")).toHaveLength(2);
      expect(await toolData(session, "none")).toBeNull();
    });
  });

  it("the server's text as an error where the tool failed", async () => {
    await closing(new MemoryTransport({ server })).withSession(async (session) => {
      const error = await rejection(toolData(session, "fails"));
      expect(error).toMatchObject({ code: "TOOL_FAILED", tool: "fails" });
      expect((error as Error).message).toContain("fails failed: the disk is full");
    });
  });
});

describeWith(["fastmcp"], "toolData of FastMCP's own results", () => {
  it("unwraps what it wraps", async () => {
    const transport = closing(new PythonStdioTransport({ scriptPath: fixture("python-server.py") }));
    await transport.withSession(async (session) => {
      expect(await toolData(session, "echo", { message: "hi" })).toBe("Echo: hi");
      expect(await toolData(session, "argv")).toEqual([]);
      expect(await toolData(session, "env")).toHaveProperty("PYTHONUTF8", "1");
    });
  });
});
