import { describe, expect, it } from "vitest";
import {
  authOf,
  type EveryServerOptions,
  kindOf,
  kindOfUrl,
  signInMs,
  transportOf,
} from "../../src/composite/server-transport.js";
import type { ServerConfig } from "../../src/config/server.js";
import { INTERNALS } from "../../src/transports/internals.js";
import { closing } from "../support/fixtures.js";

/** The options with which a server's wire is made, without starting it. */
async function wireOf(server: ServerConfig, common: EveryServerOptions = {}) {
  const transport = closing(transportOf("one", server, common));
  const wire = await transport[INTERNALS].open({
    epoch: 1,
    signal: new AbortController().signal,
    clientInfo: { name: "test", version: "1" },
    capabilities: {},
    cleanup: () => {},
  });
  return { transport, options: (wire as unknown as { options: Record<string, unknown> }).options };
}
const url = "http://one.test/mcp";

describe("the transport of one server of a config", () => {
  it("of a command has what the entry says, and what holds for all", async () => {
    const lines: string[] = [];
    const server = { command: "node", args: ["x.js", "-v"], env: { A: "1" }, cwd: "/tmp", timeout: 7 };
    const common = { onStderr: (line: string) => void lines.push(line), reapOrphans: false } as const;
    const { transport, options } = await wireOf(server, { ...common, stderr: "inherit", name: "whole" });
    expect(transport.status).toMatchObject({ name: "one", kind: "stdio" });
    expect(options).toMatchObject({
      command: "node",
      args: ["x.js", "-v"],
      cwd: "/tmp",
      stderr: "inherit",
      reapOrphans: false,
      env: { A: "1" },
    });
    (options["onStderr"] as (line: string) => void)("a line");
    expect(lines).toEqual(["a line"]);
    expect(transport[INTERNALS].callTimeoutMs("tools/call", "x")).toBe(7);
    const bare = await wireOf({ command: "node" });
    expect(bare.options).toMatchObject({ command: "node", args: [], stderr: "capture", reapOrphans: true });
    expect(bare.options["cwd"]).toBeUndefined();
    expect(bare.transport[INTERNALS].callTimeoutMs("tools/call", "x")).toBeUndefined();
  });

  it.each([
    ["http", {}],
    ["sse", { transport: "sse" }],
    ["ws", { url: "ws://one.test/mcp" }],
  ] as const)("of a URL has its headers and its auth: %s", async (kind, more) => {
    const server = { url, headers: { "X-A": "1" }, ...more } as ServerConfig;
    const { transport, options } = await wireOf(server, { stderr: "inherit", defaultAuth: "token" });
    expect(transport.status.kind).toBe(kind);
    expect(options).toMatchObject({ headers: { "X-A": "1" } });
    expect(transport[INTERNALS].credential()).toBeDefined();
    const plain = await wireOf({ url, ...more } as ServerConfig);
    expect(plain.options["headers"]).toEqual({});
    expect(plain.transport[INTERNALS].credential()).toBeUndefined();
  });

  it("holds to the era and to what keeps a connection, as the entry says", async () => {
    const era = (server: object) => transportOf("one", server as ServerConfig, {});
    for (const kind of [{ command: "x" }, { url }, { url, transport: "sse", era: "legacy" }])
      expect(() => era({ era: "auto", keepAlive: true, ...kind })).not.toThrow();
    expect(() => era({ url, era: "new" })).toThrow(/"era"/);
    expect(() => era({ command: "x", era: "new" })).toThrow(/"era"/);
    expect(() => era({ command: "x", keepAlive: 5 })).toThrow(/"keepAlive"/);
    // SSE is of the legacy era only.
    expect(() => era({ url, transport: "sse", era: "modern" })).not.toThrow();
    expect(() => era({ url, transport: "sse", era: "new" })).toThrow(/"era"/);
  });

  it("takes the options of oauth for what asks for it", () => {
    const oauth = { timeoutMs: 1_000 };
    const server = { url, auth: "oauth" } as const;
    expect(() => transportOf("one", server, { oauth: { timeoutMs: -1 } })).toThrow(/timeoutMs/);
    expect(signInMs(server, { oauth })).toBe(16_000);
    expect(signInMs({ url }, { oauth, defaultAuth: "oauth" })).toBe(16_000);
    expect(signInMs({ url }, { oauth })).toBeUndefined();
    expect(signInMs({ command: "x" }, { oauth, defaultAuth: "oauth" })).toBeUndefined();
    expect(signInMs(server, {})).toBeUndefined();
  });

  it("is signed in to as the entry says, else as all are, unless it has credentials of its own", () => {
    expect(authOf({ url, auth: "a" }, "b")).toBe("a");
    expect(authOf({ url }, "b")).toBe("b");
    expect(authOf({ url, headers: { authorization: "x" } }, "b")).toBeUndefined();
    expect(authOf({ url, headers: { other: "x" } }, "b")).toBe("b");
    for (const own of ["http://user@one.test", "http://:password@one.test"])
      expect(authOf({ url: own }, "b")).toBeUndefined();
    expect(authOf({ url: "no URL" }, "b")).toBe("b");
  });

  it("is chosen by the entry, else by the scheme and the path", () => {
    expect(kindOf({ command: "x" })).toBe("stdio");
    expect(kindOf({ url, transport: "sse" })).toBe("sse");
    expect(kindOf({ url: "http://one.test/sse", transport: "http" })).toBe("http");
    expect(kindOf({ url: "wss://one.test/sse" })).toBe("ws");
    expect(kindOf({ url: "ftp://one.test/x" })).toBe("http");
    const by = (text: string) => kindOfUrl(new URL(text));
    expect(["ws://x/", "wss://x/", "http://x/", "https://x/mcp", "file:///sse"].map(by)).toEqual([
      "ws",
      "ws",
      "http",
      "http",
      undefined,
    ]);
    for (const path of ["sse", "sse/", "a/sse?b", "a/sse;c", "sse&d", "sse/x"])
      expect([path, by(`https://x/${path}`)]).toEqual([path, "sse"]);
    for (const path of ["sses", "asse", "x?y=/sse", "sse.html"])
      expect([path, by(`http://x/${path}`)]).toEqual([path, "http"]);
  });
});
