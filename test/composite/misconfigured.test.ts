import { describe, expect, it } from "vitest";
import { MCPConfigTransport } from "../../src/composite/config-transport.js";
import type { MCPConfigTransportOptions } from "../../src/composite/options.js";
import { closing, fixture, rejection, textOf } from "../support/fixtures.js";

const good = { command: process.execPath, args: [fixture("stdio-server.mjs")] };
const bad = { command: process.execPath, env: { KEY: "${NOT_SET_ANYWHERE}" }, timeout: -1 };
const composite = (mcpServers: Record<string, object>, options: Partial<MCPConfigTransportOptions> = {}) =>
  closing(new MCPConfigTransport({ config: { mcpServers }, variables: {}, ...options }));

describe("a server whose entry is wrong", () => {
  it("is shown with every problem, and the others are used under their names", async () => {
    const transport = composite({ bad, good });
    await transport.withSession(async (session) => {
      const { tools } = await session.listTools();
      expect(tools.every(({ name }) => name.startsWith("good_"))).toBe(true);
      const echo = { name: "good_echo", arguments: { message: "x" } };
      expect(textOf(await session.callTool(echo))).toBe("Echo: x");
      const call = session.callTool({ name: "bad_echo", arguments: {} });
      expect(await rejection(call)).toMatchObject({ message: expect.stringMatching(/NOT_SET_ANYWHERE/) });
    });
    const { kind, lastError } = transport.servers["bad"]!;
    expect(kind).toBe("misconfigured");
    expect(lastError?.message).toMatch(
      /mcpServers\.bad\.env\.KEY: .*NOT_SET_ANYWHERE.*mcpServers\.bad\.timeout: /,
    );
    expect(transport.servers["good"]!.kind).toBe("stdio");
  });

  it("is an error where the config is strict", () => {
    expect(() => composite({ bad, good }, { strict: true })).toThrow(/mcpServers\.bad\.env\.KEY/);
  });

  it("joins when it is mended, and what was told in vain is a warning", async () => {
    const transport = composite({ bad, good: { ...good, sandbox: true } });
    const warnings: string[] = [];
    transport.subscribe((_status, event) => {
      if (event.type === "warning") warnings.push(event.message);
    });
    const session = await transport.connectSession();
    expect(warnings).toEqual([expect.stringMatching(/mcpServers\.good\.sandbox: is not honoured/)]);
    await transport.setConfig({ mcpServers: { bad: good, good } });
    expect(transport.servers["bad"]!.kind).toBe("stdio");
    const echo = { name: "bad_echo", arguments: { message: "y" } };
    expect(textOf(await session.callTool(echo))).toBe("Echo: y");
    await session.close();
  });

  it("may be one whose header no header can be", async () => {
    const transport = composite({ good, bad: { url: "http://127.0.0.1:1/mcp", headers: { A: "a\nb" } } });
    await transport.withSession(async (session) => {
      await session.listTools();
    });
    expect(transport.servers["bad"]).toMatchObject({ kind: "misconfigured" });
  });
});
