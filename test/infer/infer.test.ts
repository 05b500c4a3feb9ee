import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import { McpServer } from "@modelcontextprotocol/server";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type HoldfastError, isHoldfastError } from "../../src/base/errors.js";
import { parseConfig } from "../../src/config/parse.js";
import { inferTransport } from "../../src/infer/infer.js";
import { NodeStdioTransport } from "../../src/transports/node.js";
import { StdioTransport } from "../../src/transports/stdio.js";

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "holdfast-infer-"));
  for (const name of [
    "a.py",
    "a.js",
    "a.mjs",
    "a.cjs",
    "a.ts",
    "a.mts",
    "a.rb",
    "plain",
    "with space.js",
    "fastmcp.json",
  ])
    writeFileSync(join(directory, name), "");
});
beforeAll(() => {
  writeFileSync(at("one.json"), '{"mcpServers":{"a":{"command":"x"}}}');
  writeFileSync(at("two.jsonc"), '// mine\n{"mcpServers":{"a":{"command":"x"},"b":{"url":"https://x"},}}');
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const at = (name: string) => join(directory, name);

describe("inferTransport", () => {
  it("takes what it knows for what it is", () => {
    const server = new McpServer({ name: "s", version: "1" });
    const own = new StdioTransport({ command: "x" });
    const rows: [unknown, string][] = [
      [own, "stdio"],
      ["http://example.com/mcp", "http"],
      ["https://example.com/mcp/", "http"],
      [new URL("https://example.com/mcp"), "http"],
      ["HTTPS://example.com/mcp", "http"],
      ["http://example.com/sse", "sse"],
      ["http://example.com/sse/", "sse"],
      ["http://example.com/sse?x=1", "sse"],
      ["http://example.com/sse&x", "sse"],
      ["http://example.com/sse;x", "sse"],
      ["http://example.com/sse#x", "sse"],
      ["http://example.com/v1/sse/x", "sse"],
      [new URL("https://example.com/sse"), "sse"],
      ["http://example.com/SSE", "http"],
      ["http://example.com/assets", "http"],
      ["http://example.com/sserver", "http"],
      ["http://example.com/?to=/sse", "http"],
      ["http://sse", "http"],
      ["ws://example.com/mcp", "ws"],
      ["wss://example.com/sse", "ws"],
      [new URL("wss://example.com"), "ws"],
      [at("a.py"), "python"],
      [pathToFileURL(at("a.py")), "python"],
      [relative(process.cwd(), at("a.py")), "python"],
      [at("a.js"), "node"],
      [at("a.mjs"), "node"],
      [at("a.cjs"), "node"],
      [pathToFileURL(at("a.js")), "node"],
      [pathToFileURL(at("a.js")).href, "node"],
      [pathToFileURL(at("with space.js")).href, "node"],
      [at("one.json"), "stdio"],
      [at("two.jsonc"), "config"],
      [pathToFileURL(at("two.jsonc")), "config"],
      [{ mcpServers: { a: { url: "https://x/sse" } } }, "sse"],
      [{ servers: { a: { command: "x" }, b: { command: "y" } } }, "config"],
      [{ a: { command: "x" }, b: { url: "ws://x" } }, "config"],
      [parseConfig({ a: { command: "x" } }), "stdio"],
      [server, "memory"],
      [server.server, "memory"],
      [() => server, "memory"],
    ];
    for (const [target, kind] of rows)
      expect(inferTransport(target as never).status.kind, String(target)).toBe(kind);
    expect(inferTransport(own)).toBe(own);
  });

  it("takes TypeScript where this Node, or the command that is given, runs it", () => {
    for (const name of ["a.ts", "a.mts"]) {
      expect(new NodeStdioTransport({ scriptPath: at(name), nodeCommand: "tsx" }).status.kind).toBe("node");
      if ((process.features as { typescript?: unknown }).typescript)
        expect(inferTransport(at(name)).status.kind).toBe("node");
      else expect(() => inferTransport(at(name))).toThrow(/does not run TypeScript/);
    }
  });

  it("takes the transport that the options name for a URL", () => {
    expect(inferTransport("http://example.com/sse", { transport: "http" }).status.kind).toBe("http");
    expect(inferTransport("http://example.com/mcp", { transport: "sse" }).status.kind).toBe("sse");
    expect(() => inferTransport("http://example.com", { transport: "ws" as never })).toThrow(/"http", "sse"/);
    expect(() => inferTransport("ws://example.com", { transport: "sse" })).toThrow(
      /"transport".*no such option/,
    );
  });

  it("hands its options on, and refuses those that the kind does not have", () => {
    expect(inferTransport("http://example.com", { name: "mine", auth: "token" }).name).toBe("mine");
    expect(() => inferTransport(at("a.js"), { auth: "token" })).toThrow(/"auth".*no such option/);
    expect(() => inferTransport("http://example.com", { cwd: "/" })).toThrow(/"cwd".*no such option/);
  });

  it("says what was given and what is accepted where it cannot tell", () => {
    const rows: [unknown, RegExp][] = [
      ["nonsense", /"nonsense".*no such file/],
      ["", /""/],
      [at("missing.js"), /missing\.js.*no such file/],
      [directory, /not a file/],
      [at("a.rb"), /"\.rb" is not one of them/],
      [at("plain"), /a\.|ends in ""/],
      ["ftp://user:canary@example.com/x?key=canary", /ftp:\/\/example\.com\/x.*scheme/],
      ["https://user:canary@host:99999/?token=canary", /https:\/\/host:99999.*not a valid URL/],
      ["localhost:3000/mcp", /localhost:3000\/mcp.*Did you mean http:\/\/localhost:3000\/mcp/],
      ["file://example.com/x.py", /must name a file of this machine/],
      [42, /number 42/],
      [null, /null/],
      [undefined, /undefined/],
      [{ command: "x", args: [] }, /an object with the fields command, args/],
      [{ theme: "dark" }, /an object with the fields theme/],
      [at("fastmcp.json"), /fastmcp\.json describes how to run one server/],
      [{}, /an empty object/],
    ];
    for (const [target, message] of rows) {
      let error: unknown;
      try {
        inferTransport(target as never);
      } catch (thrown) {
        error = thrown;
      }
      expect(isHoldfastError(error, "CANNOT_INFER"), String(target)).toBe(true);
      expect((error as HoldfastError).message).toMatch(message);
      expect((error as HoldfastError).message).toContain(
        "Accepted are: an http://, https://, ws:// or wss:// URL",
      );
      expect((error as HoldfastError).message).not.toContain("canary");
    }
  });

  it("says what is wrong with a config, and does not take it for something else", () => {
    for (const target of [
      at("bad.json"),
      { mcpServers: { a: { url: 1 } } },
      { mcpServers: [] },
      { servers: {} },
    ]) {
      let error: unknown;
      try {
        writeFileSync(at("bad.json"), "{");
        inferTransport(target as never);
      } catch (thrown) {
        error = thrown;
      }
      expect(isHoldfastError(error, "CONFIG_INVALID"), JSON.stringify(target)).toBe(true);
    }
    expect(() => inferTransport({ a: { command: "x" } }, { headers: {} } as never)).toThrow(
      /"headers".*no such option/,
    );
  });
});
