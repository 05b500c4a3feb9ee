import type { Client } from "@modelcontextprotocol/client";
import { describe, expect, it, vi } from "vitest";
import type { SessionView } from "../../src/session/session.js";
import { CALL } from "../../src/wires/call-tag.js";
import { readyWith } from "../support/fake-link.js";
import { epochClient, sessionOn } from "../support/fake-session.js";
import { rejection } from "../support/settling.js";

const LOG_LEVEL = "io.modelcontextprotocol/logLevel";

type Call = [
  what: string,
  method: keyof Client,
  run: (session: SessionView) => Promise<unknown>,
  sent: unknown[],
];

const params = { name: "it", arguments: { a: 1 } };

/** What the holder calls, and what the Client of the epoch is asked for; its options come last. */
const CALLS: Call[] = [
  ["tools/call", "callTool", (s) => s.callTool(params), [params]],
  ["tools/list", "listTools", (s) => s.listTools({ cursor: "c" }), [{ cursor: "c" }]],
  ["prompts/list", "listPrompts", (s) => s.listPrompts({ cursor: "c" }), [{ cursor: "c" }]],
  ["resources/list", "listResources", (s) => s.listResources({ cursor: "c" }), [{ cursor: "c" }]],
  [
    "resources/templates/list",
    "listResourceTemplates",
    (s) => s.listResourceTemplates({ cursor: "c" }),
    [{ cursor: "c" }],
  ],
  ["resources/read", "readResource", (s) => s.readResource({ uri: "a:b" }), [{ uri: "a:b" }]],
  ["prompts/get", "getPrompt", (s) => s.getPrompt({ name: "it" }), [{ name: "it", arguments: undefined }]],
  ["completion/complete", "complete", (s) => s.complete({ a: 1 } as never), [{ a: 1 }]],
  ["server/discover", "discover", (s) => s.discover(), []],
  ["ping", "ping", (s) => s.ping(), []],
  ["custom/one", "request", (s) => s.request({ method: "custom/one" } as never), [{ method: "custom/one" }]],
];

describe("a call of the view", () => {
  it.each(CALLS)(
    "%s goes to the Client of the epoch, within the server's deadline for it",
    async (method, name, run, sent) => {
      const fake = vi.fn(async (..._: unknown[]) => "answer");
      const { session, link } = sessionOn(epochClient({ [name]: fake }));
      link.callTimeoutMs.mockReturnValue(77);
      expect(await run(session)).toBe("answer");
      const args = fake.mock.calls[0]!;
      expect(args.slice(0, -1)).toEqual(sent);
      expect(args.at(-1)).toMatchObject({ timeout: 77 });
      expect(link.callTimeoutMs.mock.calls[0]![0]).toBe(method);
    },
  );

  it.each([
    ["tools/list", { tools: [] }, (s: SessionView) => s.listTools()],
    ["prompts/list", { prompts: [] }, (s: SessionView) => s.listPrompts()],
    ["resources/list", { resources: [] }, (s: SessionView) => s.listResources()],
    ["resources/templates/list", { resourceTemplates: [] }, (s: SessionView) => s.listResourceTemplates()],
  ])("%s is an empty list where the server has no such thing", async (_method, none, run) => {
    const { session } = sessionOn(epochClient({ getServerCapabilities: () => ({}) }));
    expect(await run(session)).toEqual(none);
  });

  it("for what the server does not have rejects, and says what is missing", async () => {
    const { session } = sessionOn(epochClient({ getServerCapabilities: () => ({}) }));
    expect(await rejection(session.callTool({ name: "it" }))).toMatchObject({
      code: "CAPABILITY_NOT_SUPPORTED",
      message: "demo does not support tools (required for tools/call)",
    });
  });

  it.each([
    ["callTool", "it", (s: SessionView) => s.callTool({ name: "it" })],
    ["readResource", "a:b", (s: SessionView) => s.readResource({ uri: "a:b" })],
    ["getPrompt", "it", (s: SessionView) => s.getPrompt({ name: "it" })],
    ["request", "it", (s: SessionView) => s.request({ method: "x", params: { name: "it" } } as never)],
    ["request", "a:b", (s: SessionView) => s.request({ method: "x", params: { uri: "a:b" } } as never)],
    ["listTools", undefined, (s: SessionView) => s.listTools()],
  ] as const)("%s is known by the name %s", async (method, name, run) => {
    const { session, link } = sessionOn(epochClient({ [method]: async () => ({}) }));
    await run(session);
    expect(link.callTimeoutMs.mock.calls[0]![1]).toBe(name);
  });

  it("to get a prompt sends what is no text as JSON", async () => {
    const getPrompt = vi.fn(async (..._: unknown[]) => ({}));
    const { session } = sessionOn(epochClient({ getPrompt }));
    await session.getPrompt({ name: "it", arguments: { a: "text", b: 42, c: [1] } });
    expect(getPrompt.mock.calls[0]![0]).toEqual({ name: "it", arguments: { a: "text", b: "42", c: "[1]" } });
  });

  it("to ping is a discover where the server is a modern one", async () => {
    const [ping, discover] = [vi.fn(), vi.fn(async (..._: unknown[]) => ({ much: "more" }))];
    const { session } = sessionOn(epochClient({ ping, discover }, "modern"));
    expect(await session.ping({ timeout: 5 })).toEqual({});
    expect(discover.mock.calls[0]![0]).toMatchObject({ timeout: 5 });
    expect(ping).not.toHaveBeenCalled();
  });

  it("of any method takes a schema, or options alone", async () => {
    const request = vi.fn(async (..._: unknown[]) => ({}));
    const { session } = sessionOn(epochClient({ request }));
    const schema = { "~standard": {} };
    const it = { method: "x" } as never;
    await session.request(it, schema as never, { timeout: 5 });
    expect(request.mock.lastCall).toEqual([it, schema, expect.objectContaining({ timeout: 5 })]);
    await session.request(it, { timeout: 6 });
    expect(request.mock.lastCall).toEqual([it, expect.objectContaining({ timeout: 6 })]);
  });

  it("carries the session on the wire", async () => {
    const ping = vi.fn(async (..._: unknown[]) => ({}));
    const { session } = sessionOn(epochClient({ ping }));
    await session.ping();
    const { headers } = ping.mock.calls[0]![0] as { headers: Record<symbol, object> };
    expect(headers[CALL]).toMatchObject({ session });
  });
});

describe("a request that a modern server may log about", () => {
  const sent = async (options: object, era: "legacy" | "modern", more: object = {}) => {
    const seen: object[] = [];
    const keep = async (params: object) => seen.push(params);
    const { session } = sessionOn(
      epochClient({ callTool: keep, readResource: keep, getPrompt: keep }, era),
      options,
    );
    await session.callTool({ name: "it", ...more });
    await session.readResource({ uri: "a:b", ...more });
    await session.getPrompt({ name: "it", ...more });
    return seen.map((params) => (params as { _meta?: object })._meta);
  };

  it.each([
    ["at the level of the session", { logLevel: "error" }, { [LOG_LEVEL]: "error" }],
    ["at every level where it only listens", { onLog: () => {} }, { [LOG_LEVEL]: "debug" }],
  ])("asks for that %s", async (_how, options, meta) => {
    expect(await sent(options, "modern")).toEqual([meta, meta, meta]);
    expect(await sent(options, "legacy")).toEqual([undefined, undefined, undefined]);
  });

  it("does not where nobody wants to know", async () => {
    expect(await sent({}, "modern")).toEqual([undefined, undefined, undefined]);
  });

  it("keeps what the caller says itself", async () => {
    const all = { [LOG_LEVEL]: "alert", own: 1 };
    expect(await sent({ logLevel: "error" }, "modern", { _meta: all })).toEqual([all, all, all]);
  });
});

describe("the getters of the view", () => {
  it("know nothing before there was a handshake, and remember the last one", () => {
    const { session } = sessionOn(null);
    const picture = () => [
      session.getServerCapabilities(),
      session.getServerVersion(),
      session.getInstructions(),
      session.getDiscoverResult(),
      session.getNegotiatedProtocolVersion(),
    ];
    expect(picture()).toEqual([undefined, undefined, undefined, undefined, undefined]);
    const client = epochClient({ getServerCapabilities: () => ({ tools: {} }) });
    session.adopt(readyWith(client));
    expect(picture()).toEqual([
      { tools: {} },
      { name: "fake", version: "1" },
      "be kind",
      { discovered: true },
      "2025-11-25",
    ]);
    expect(session.autoOpenedSubscription).toBeUndefined();
  });
});
