import { createServer, type RequestListener } from "node:http";
import { describe, expect, it, onTestFinished } from "vitest";
import { listeningPort } from "../../src/base/listening-port.js";
import {
  type ClientTransport,
  MCPConfigTransport,
  StdioTransport,
  StreamableHttpTransport,
} from "../../src/index.js";
import { freePort } from "../support/everything.js";
import { closing, fixture, rejection } from "../support/fixtures.js";

const node = process.execPath;
const good = { command: node, args: [fixture("stdio-server.mjs")] };

async function answering(listener: RequestListener): Promise<ClientTransport> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return closing(
    new StreamableHttpTransport({ name: "it", url: `http://127.0.0.1:${listeningPort(server)}/` }),
  );
}

const status =
  (code: number): RequestListener =>
  (_request, response) => {
    response.writeHead(code).end();
  };

describe("what a transport says of its server, in one word and one sentence", () => {
  it("before, while and after it is used", async () => {
    const transport = closing(new StdioTransport({ name: "it", ...good }));
    expect(transport.explain()).toEqual({
      health: "known",
      advice: "it is connected by its first session or call.",
    });
    const connected = transport.connect();
    await transport.waitFor("connecting");
    const before = transport.explain();
    await connected;
    expect(before.health).toBe("starting");
    expect(transport.explain()).toEqual({ health: "ok", advice: "it is connected: there is nothing to do." });
    await transport.close();
    expect(transport.explain().health).toBe("closed");
  });

  it.each<[string, () => Promise<ClientTransport> | ClientTransport, RegExp]>([
    [
      "unreachable",
      async () =>
        closing(new StreamableHttpTransport({ name: "it", url: `http://127.0.0.1:${await freePort()}/` })),
      /^it failed \(.*ECONNREFUSED.*\): is the server running, and is the port right\?/,
    ],
    ["refused", () => answering(status(403)), /^it failed \(HTTP 403 Forbidden.*\): see whether/],
    ["unreachable", () => answering(status(503)), /HTTP 503/],
    ["needs sign-in", () => answering(status(401)), /^it failed \(.*HTTP 401.*\): pass auth/],
    [
      "crashing",
      () => closing(new StdioTransport({ name: "it", command: node, args: ["-e", "process.exit(3)"] })),
      /^it failed \(.*3.*\): read its last lines on stderr/,
    ],
    [
      "misconfigured",
      () => closing(new StdioTransport({ name: "it", command: "no-such-command-anywhere" })),
      /no-such-command-anywhere.*\? — its next session or call tries again\.$/,
    ],
  ])("%s", async (health, make, advice) => {
    const transport = await make();
    await rejection(transport.connectSession());
    expect(transport.explain()).toEqual({ health, advice: expect.stringMatching(advice) });
    expect(transport.explain().advice).not.toMatch(/\n|[?][.;]/);
  });

  it("counts what is odd in a config, and says it of each server", async () => {
    const config = {
      mcpServers: { good, wrong: { ...good, timeout: -1 }, gone: { command: node, args: ["-e", "1"] } },
    };
    const transport = closing(new MCPConfigTransport({ name: "all", config, variables: {} }));
    expect(transport.explain()).toEqual({
      health: "closed",
      advice: "all is connected by its first session or call.",
    });
    await transport.withSession(async () => {
      expect(transport.explain()).toEqual({
        health: "degraded",
        advice: "all works without 2 of its 3 servers: see gone (crashing), wrong (misconfigured).",
      });
    });
    expect(transport.server("wrong").explain().advice).toMatch(/^wrong failed \(.*timeout/);
  });
});
