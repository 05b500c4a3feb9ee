import { join } from "node:path";
import { Writable } from "node:stream";
import { BasicTracerProvider } from "@opentelemetry/sdk-trace-base";
import Fastify from "fastify";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { Subscribers } from "../../src/connection/subscribers.js";
import type { ConnectionStatus } from "../../src/contract/status.js";
import { MCPConfigTransport, StdioTransport } from "../../src/index.js";
import { otel } from "../../src/otel/index.js";
import { closing, rejection, stdioFixture } from "../support/fixtures.js";
import { temporary } from "../support/temporary.js";

/** The pino that Fastify brings, and what it wrote. */
function pino() {
  const lines: Record<string, unknown>[] = [];
  const stream = new Writable({
    write(chunk, _encoding, done) {
      lines.push(JSON.parse(String(chunk)) as Record<string, unknown>);
      done();
    },
  });
  const { log } = Fastify({ logger: { level: "debug", stream } });
  return { logger: log, lines, of: (event: string) => lines.filter((line) => line["event"] === event) };
}

/** A logger built like the console. */
function texts() {
  const lines: string[] = [];
  const at = (level: string) => (message: string) => void lines.push(`${level} ${message}`);
  const logger = { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
  return { logger, lines, loud: () => lines.filter((line) => !line.startsWith("debug")) };
}

const PINO = { debug: 20, info: 30, warn: 40, error: 50 };

describe("the log of a connection", () => {
  it("is an object and a sentence for pino, with the trace of the call that was sent again", async () => {
    const { logger, lines, of } = pino();
    const { transport } = stdioFixture({ server: "traced-server.mjs", logger });
    const tracing = otel(transport, { tracerProvider: new BasicTracerProvider() });
    onTestFinished(() => tracing.close());
    const session = await transport.connectSession();
    await session.listTools();
    await session.callTool({ name: "look", arguments: { mark: join(temporary(), "mark") } });
    expect(of("connected")).toMatchObject([
      { level: PINO.info, server: "fixture", epoch: 1, era: "legacy", msg: "fixture: connected" },
    ]);
    expect(of("attempt").map(({ level, epoch }) => [level, epoch])).toEqual([
      [PINO.debug, 1],
      [PINO.debug, 2],
    ]);
    expect(of("lost")).toMatchObject([{ level: PINO.info, epoch: 1, code: expect.any(String) }]);
    expect(of("reconnected")).toMatchObject([{ level: PINO.info, epoch: 2, downMs: expect.any(Number) }]);
    expect(of("call.resent")).toMatchObject([
      {
        level: PINO.info,
        method: "tools/call",
        name: "look",
        outcome: "unknown",
        trace_id: expect.stringMatching(/^[0-9a-f]{32}$/),
      },
    ]);
    expect(lines.filter(({ level }) => Number(level) > PINO.info)).toEqual([]);
  });

  it("is a line of text for the console; a call that is lost is told, and a transport that is closed is not", async () => {
    const { logger, loud } = texts();
    const { transport } = stdioFixture({ logger });
    const session = await transport.connectSession();
    const lost = session.callTool({ name: "never", arguments: {} });
    await session.ping();
    process.kill(transport.status.pid!, "SIGKILL");
    await rejection(lost);
    await session.ping();
    await transport.close();
    expect(loud().toSorted()).toEqual([
      "info fixture: connected",
      expect.stringMatching(/^info fixture: connected again after \d+ ms and \d+ attempts?$/),
      expect.stringMatching(/^info fixture: the connection was lost: /),
      "warn fixture: tools/call never was lost (unknown)",
    ]);
  });

  it("says that a server is dead, and why, without its secrets", async () => {
    const { logger, lines } = texts();
    const secret = "s3cr3t-value-of-the-server";
    const args = ["-e", "console.error(`no ${process.env.API_TOKEN}`); process.exit(1)"];
    const transport = closing(
      new StdioTransport({
        name: "gone",
        command: process.execPath,
        args,
        env: { API_TOKEN: secret },
        logger,
      }),
    );
    await rejection(transport.connect());
    expect(lines.at(-1)).toMatch(/^error gone: given up: /);
    expect(lines.join()).not.toContain(secret);
  });

  it("says of a config that it is down, and of each server why", async () => {
    const { logger, lines } = texts();
    const dead = { command: process.execPath, args: ["-e", "process.exit(1)"] };
    const config = { mcpServers: { a: dead, b: dead } };
    const transport = closing(new MCPConfigTransport({ name: "all", config, logger }));
    await rejection(transport.connect());
    await expect.poll(() => lines).toContain("error all: all servers together: down");
    for (const name of ["a", "b"])
      expect(lines.some((line) => line.startsWith(`debug ${name}: attempt`))).toBe(true);
  });

  it("tells once that a server flaps", () => {
    const logger = { warn: vi.fn() };
    const status = { name: "files" } as ConnectionStatus;
    const subscribers = new Subscribers(logger);
    const moved = (at: number, from: string, to: string, cause: string) =>
      subscribers.notify(() => status, { type: "transition", at, from, to, cause, epoch: 1, attempt: 1 });
    for (let at = 0; at < 12; at++) {
      moved(at, "connected.steady", "connecting.waiting", "wire.lost");
      moved(at, "connecting.opening", "connected.steady", "attempt.succeeded");
    }
    expect(logger.warn).toHaveBeenCalledExactlyOnceWith("files: was lost 6 times within 10 minutes");
  });
});
