import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import type { InspectionEvent } from "../../src/contract/inspection.js";
import { toRecording } from "../../src/inspect/recorder.js";
import { StreamableHttpTransport } from "../../src/transports/http.js";
import { StdioTransport } from "../../src/transports/stdio.js";
import type { ClientTransport } from "../../src/transports/transport.js";
import { fixture } from "../support/fixtures.js";
import { listener } from "../support/listener.js";

/** What each exit of a connection shows. */
class Exits {
  readonly #seen = new Map<string, string[]>();
  readonly logger = { warn: (message: string) => this.take("log", message) };
  readonly #events: InspectionEvent[] = [];

  take(exit: string, ...things: unknown[]): void {
    const texts = things.flatMap((thing) => [
      inspect(thing, { depth: 20, maxStringLength: null, maxArrayLength: null }),
      JSON.stringify(thing) ?? "",
      thing instanceof Error ? `${thing.stack}` : "",
    ]);
    this.#seen.set(exit, [...(this.#seen.get(exit) ?? []), ...texts]);
  }

  follow(transport: ClientTransport): void {
    onTestFinished(() => transport.close());
    transport.subscribe((status, event) => this.take("events", structuredClone(status), event));
    transport.inspect((event) => this.#events.push(event));
    for (const method of ["log", "warn", "error"] as const)
      vi.spyOn(console, method).mockImplementation((...words) => this.take("console", ...words));
    onTestFinished(() => void vi.restoreAllMocks());
  }

  async tried(exit: string, work: Promise<unknown>): Promise<void> {
    const outcome = await work.then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(outcome, exit).toBeInstanceOf(Error);
    this.take(exit, outcome);
  }

  /** Where something secret is shown, and what. */
  leaks(transport: ClientTransport, ...things: string[]): string[] {
    this.take("name", transport.name, transport);
    this.take("status", transport.status);
    this.take("inspection", this.#events);
    this.take("recording", toRecording(this.#events));
    this.take("things", ...things);
    return [...this.#seen].flatMap(([exit, texts]) =>
      [...texts.join("\n").matchAll(/.{0,80}(?:canary|Y2FuYXJ5).{0,20}/gi)].map(
        ([text]) => `${exit}: ${text}`,
      ),
    );
  }
}

describe("what a process was told in confidence is shown nowhere, though it repeats all of it", () => {
  const echo = "canary-key-1 canary-token-2 canary-env-3 canary-marked CAN-canary-4 canarypw5";
  const args = [...["--api-key=canary-key-1", "--token", "canary-token-2", "postgres://ada:canarypw5@db/x"]];
  const env = { ANY: "canary-env-3", PIN: "CAN-canary-4" };

  it.each([
    ["that works", []],
    ["that dies", ["dies"]],
  ])("%s", async (_what, mode) => {
    const folder = mkdtempSync(join(tmpdir(), "holdfast-canaries-"));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const logFile = join(folder, "log");
    const exits = new Exits();
    const transport = new StdioTransport({
      command: process.execPath,
      args: [
        fixture("steering-server.mjs"),
        JSON.stringify(echo),
        ...(mode.length > 0 ? mode : ["lives"]),
        ...args,
      ],
      env,
      secrets: ["canary-marked"],
      logFile,
      logger: exits.logger,
      onStderr: (line) => exits.take("onStderr", line),
      reconnect: false,
      era: "legacy",
    });
    exits.follow(transport);
    if (mode.length > 0) await exits.tried("connect", transport.connectSession());
    else {
      const session = await transport.connectSession({ onError: (error) => exits.take("onError", error) });
      await exits.tried("call", session.callTool({ name: "refuse", arguments: {} }));
      await exits.tried("prompt", session.getPrompt({ name: "refuse" }));
      // What a tool gives is its caller's own.
      const { content } = await session.callTool({ name: "say", arguments: {} });
      expect(content).toMatchObject([{ text: `text ${echo}` }, {}]);
    }
    await transport.close();
    const log = readFileSync(logFile, "utf8");
    expect(log).toContain("on stderr: [redacted] [redacted]");
    expect(exits.leaks(transport, log)).toEqual([]);
  });
});

describe("what a server over HTTP was told in confidence is shown nowhere, though it repeats all of it", () => {
  /** All that came with a request, in the forms that a page of a server shows. */
  const echoOf = ({ headers, url }: IncomingMessage) =>
    `${headers.authorization} ${headers["x-any"]} ${headers.cookie} ${decodeURIComponent(url ?? "")} ${url}`;

  it.each([
    ["a token function", { auth: "function" }],
    ["a token", { auth: "canary-static-token" }],
    ["a user and a password", { user: "ada:canary%2Fpw@" }],
  ])("with %s", async (_what, { auth, user = "" }: { auth?: string; user?: string }) => {
    let tokens = 0;
    const server = await listener((request, response) => {
      const echo = echoOf(request);
      const { id, method, params } = JSON.parse(server.asked.at(-1)!.body || "{}");
      const send = (status: number, type: string, body: string, headers: object = {}) =>
        response.writeHead(status, { "content-type": type, ...headers }).end(body);
      const answer = (part: object) =>
        send(200, "application/json", JSON.stringify({ jsonrpc: "2.0", id, ...part }));
      if (request.method !== "POST") return void send(405, "text/plain", echo);
      if (id === undefined) return void response.writeHead(202).end();
      if (method === "initialize")
        return void answer({
          result: {
            protocolVersion: "2025-11-25",
            capabilities: { tools: {} },
            serverInfo: { name: echo, version: "1" },
          },
        });
      const ways: Record<string, () => unknown> = {
        refuses: () => answer({ error: { code: -32000, message: echo, data: { echo: [echo] } } }),
        breaks: () => send(500, "text/plain", echo),
        forbids: () =>
          send(401, "text/plain", echo, { "www-authenticate": `Bearer error="invalid_token", realm="x"` }),
        garbles: () =>
          send(200, "application/json", `{"jsonrpc":"2.0","id":${id},"result":{"text":"${echo}"`),
        "is a page": () => send(200, "text/html", `<html>${echo}`),
        "breaks the protocol": () => answer({ result: echo }),
        vanishes: () => response.destroy(),
      };
      ways[params?.name]?.() ?? answer({ result: { tools: [] } });
    });
    const exits = new Exits();
    const url = `${server.origin.replace("//", `//${user}`)}/s/caNary0a1b2c3d4e5f6g7/mcp?key=canary-query&pin=CANARY`;
    const transport = new StreamableHttpTransport({
      url,
      headers: { "X-Any": "canary-header", Cookie: "sid=canary-cookie" },
      ...(auth === "function" ? { auth: () => `canary-token-${tokens++}` } : auth !== undefined && { auth }),
      logger: exits.logger,
      era: "legacy",
      replay: "never",
      reconnect: { baseMs: 1 },
    });
    exits.follow(transport);
    const session = await transport.connectSession({ onError: (error) => exits.take("onError", error) });
    for (const name of [
      "refuses",
      "breaks",
      "garbles",
      "is a page",
      "breaks the protocol",
      "vanishes",
      "forbids",
    ])
      await exits.tried(name, session.callTool({ name, arguments: {} }, { timeoutMs: 30_000 } as never));
    await transport.close();
    expect(exits.leaks(transport)).toEqual([]);
  });
});
