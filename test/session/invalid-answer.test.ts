import { describe, expect, it, vi } from "vitest";
import { isHoldfastError } from "../../src/base/errors.js";
import type { ConnectionEvent } from "../../src/contract/status.js";
import { FakeServer } from "../../src/testing/fake-server.js";
import { closing } from "../support/fixtures.js";
import { rejection } from "../support/settling.js";

const CAPABILITIES = { tools: {}, prompts: {}, resources: {}, completions: {}, logging: {} };

async function served(prepare: (server: FakeServer) => void, capabilities: object = CAPABILITIES) {
  const server = new FakeServer([{ name: "echo" }]);
  const version = { protocolVersion: "2025-11-25", serverInfo: { name: "fake", version: "1" } };
  server.on("initialize", () => ({ ...version, capabilities }));
  prepare(server);
  const warn = vi.fn();
  const transport = closing(server.transport({ name: "accounts", logger: { warn } }));
  const events: ConnectionEvent[] = [];
  transport.subscribe((_status, event) => events.push(event));
  return { server, warn, transport, events, session: await transport.connectSession() };
}

const echo = { name: "echo", arguments: {} };

describe("an answer that cannot be used", () => {
  it("rejects a call at once with what was wrong, and says that the tool has run", async () => {
    const { session } = await served((server) => server.on("tools/call", () => "a text".repeat(100)));
    const error = await rejection(session.callTool(echo));
    expect(error).toMatchObject({
      code: "INVALID_ANSWER",
      message:
        'accounts: tools/call "echo" was answered with what cannot be used: the result is a text. The tool has run: check what it did before you repeat the call.',
      server: "accounts",
      outcome: "done",
      method: "tools/call",
      answer: expect.stringMatching(/^\{"jsonrpc":"2.0".{184}$/s),
    });
    expect(isHoldfastError(error, "INVALID_ANSWER")).toBe(true);
  });

  it("to what only reads says nothing of what was done", async () => {
    const { session } = await served((server) => {
      server.on("tools/list", () => null);
      server.on("resources/read", () => ({ contents: [{ text: "no uri" }] }));
    });
    expect(await rejection(session.listTools())).toMatchObject({
      code: "INVALID_ANSWER",
      outcome: "unknown",
      message: "accounts: tools/list was answered with what cannot be used: the result is null.",
    });
    expect(await rejection(session.readResource({ uri: "x:a" }))).toMatchObject({
      message: expect.stringContaining("contents[0].uri is missing, expected string"),
    });
  });

  it("leaves the connection and its other calls as they are", async () => {
    const { session, transport } = await served((server) => {
      server.on("tools/call", () => null);
      server.on("prompts/list", () => ({ prompts: [{ name: "a" }] }));
    });
    const [called, listed] = await Promise.allSettled([session.callTool(echo), session.listPrompts()]);
    expect([called.status, listed.status]).toEqual(["rejected", "fulfilled"]);
    expect(transport.status).toMatchObject({ state: "connected", epoch: 1, inFlight: 0 });
  });

  it("is not sent again, though the tool may be repeated", async () => {
    const { session, server } = await served((fake) => {
      fake.on("tools/list", () => ({
        tools: [{ name: "echo", inputSchema: { type: "object" }, annotations: { readOnlyHint: true } }],
      }));
      fake.on("tools/call", () => null);
    });
    await session.listTools();
    await rejection(session.callTool(echo, { replay: "always" }));
    expect(
      server.received.filter((message) => "method" in message && message.method === "tools/call"),
    ).toHaveLength(1);
  });

  it("of a tool that promised a form comes with the error, whole", async () => {
    const results = [
      [
        { content: [{ type: "text", text: "5" }], structuredContent: { n: "five" } },
        /does not fit the tool's output schema \(.*n must be number/,
      ],
      [{ content: [{ type: "text", text: "5" }] }, /has an output schema and gave no structured content/],
    ] as const;
    for (const [result, why] of results) {
      const { session } = await served((server) => {
        const outputSchema = { type: "object", properties: { n: { type: "number" } }, required: ["n"] };
        server.on("tools/list", () => ({
          tools: [{ name: "echo", inputSchema: { type: "object" }, outputSchema }],
        }));
        server.on("tools/call", () => result);
      });
      await session.listTools();
      const error = await rejection(session.callTool(echo));
      expect(error).toMatchObject({
        code: "INVALID_ANSWER",
        outcome: "done",
        result,
        message: expect.stringMatching(why),
      });
    }
  });

  it("to the handshake ends the attempt with a sentence", async () => {
    const server = new FakeServer();
    server.on("initialize", () => ({ protocolVersion: 5 }));
    const transport = closing(server.transport({ name: "accounts" }));
    const { message } = (await rejection(transport.connectSession())) as Error;
    expect(message).toContain("protocolVersion is a number, expected string");
    expect(message.length).toBeLessThan(300);
  });
});

describe("what can be used in part", () => {
  it("is, and the rest is a warning", async () => {
    const { session, warn, events } = await served((server) =>
      server.on("tools/list", () => ({
        tools: [null, { name: "echo", inputSchema: { type: "object" } }, { name: 5 }],
      })),
    );
    expect((await session.listTools()).tools.map(({ name }) => name)).toEqual(["echo"]);
    const message =
      "accounts: the answer to tools/list is not all usable: tools[0] was left out: it is null, expected object; tools[2] was left out: name is a number, expected string";
    expect(warn).toHaveBeenCalledExactlyOnceWith(message);
    expect(events).toContainEqual(expect.objectContaining({ type: "warning", message }));
  });

  it.each([
    { $schema: "http://json-schema.org/draft-04/schema#", type: "object" },
    { type: "object", properties: { a: { $ref: "#/definitions/nowhere" } } },
    { type: "object", properties: { a: { type: "string", pattern: "[" } } },
  ])("a schema that cannot be compiled costs the check and not the call: %j", async (outputSchema) => {
    const { session, warn } = await served((server) => {
      server.on("tools/list", () => ({
        tools: [{ name: "echo", inputSchema: { type: "object" }, outputSchema }],
      }));
      server.on("tools/call", () => ({ content: [], structuredContent: { a: 5 } }));
    });
    await session.listTools();
    expect((await session.callTool(echo)).structuredContent).toEqual({ a: 5 });
    expect(warn).toHaveBeenCalledExactlyOnceWith(expect.stringContaining("an output schema is not checked"));
  });

  it("a server that declares nothing is said to have forgotten it, once", async () => {
    const { session, warn } = await served(() => {}, {});
    for (let times = 0; times < 2; times++) expect(await session.listTools()).toEqual({ tools: [] });
    expect(warn).toHaveBeenCalledExactlyOnceWith(
      expect.stringMatching(/accounts declares no capabilities.*tools/),
    );
  });

  it("a lone surrogate is what it is", async () => {
    const text = "half \ud83d of a face";
    const { session } = await served((server) =>
      server.on("tools/call", () => ({ content: [{ type: "text", text }] })),
    );
    expect((await session.callTool(echo)).content).toEqual([{ type: "text", text }]);
  });
});

it("a timeout names the server and the tool", async () => {
  const { session } = await served((server) => server.on("tools/call", () => new Promise(() => {})));
  const { message } = (await rejection(session.callTool(echo, { timeout: 50 }))) as Error;
  expect(message).toBe('accounts: tools/call "echo" was not answered within 50 ms');
});
