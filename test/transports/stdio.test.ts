import { existsSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { isHoldfastError } from "../../src/base/errors.js";
import { StdioTransport } from "../../src/transports/stdio.js";
import { descendants } from "../support/descendants.js";
import { stopTime } from "../support/fake-timers.js";
import {
  closing,
  fixture,
  lives,
  recorded,
  rejection,
  stdioFixture,
  textOf,
  until,
} from "../support/fixtures.js";
import { gate } from "../support/gate.js";
import { quiet } from "../support/settling.js";

const sh = (script: string, options = {}) =>
  closing(
    new StdioTransport({
      command: "sh",
      args: ["-c", script],
      closeTimeoutMs: 1_000,
      ...options,
    }),
  );

describe("a stdio server", () => {
  it("is reached, asked, and ended with the transport", async () => {
    const { transport } = stdioFixture();
    await transport.withSession(async (session) => {
      expect(session.getServerVersion()).toMatchObject({ name: "fixture" });
      expect(session.getInstructions()).toBe("be kind");
      expect(textOf(await session.callTool({ name: "echo", arguments: { message: "hi" } }))).toBe("Echo: hi");
    });
    const { pid } = transport.status;
    expect(lives(pid!)).toBe(true);
    await transport.close();
    expect(lives(pid!)).toBe(false);
    expect(transport.status).toMatchObject({ state: "closed", pid: undefined, leases: 0 });
  });

  it("gets the safe variables and what the user gave, and nothing else", async () => {
    process.env["HOLDFAST_TEST_SECRET"] = "must not be seen";
    const { transport } = stdioFixture({ env: { GIVEN: "yes" } });
    const env = await transport.withSession(async (session) =>
      JSON.parse(textOf(await session.callTool({ name: "env" }))),
    );
    delete process.env["HOLDFAST_TEST_SECRET"];
    expect(env).toMatchObject({ GIVEN: "yes", PATH: process.env["PATH"] });
    expect(env).not.toHaveProperty("HOLDFAST_TEST_SECRET");
  });

  it("stays for the next session when the last one ends, because stdio is kept alive", async () => {
    const { transport, did } = stdioFixture();
    await transport.withSession((session) => session.ping());
    await transport.withSession((session) => session.ping());
    expect(did().filter((line) => line.startsWith("start"))).toHaveLength(1);
  });

  it("goes with the last session when it is not kept", async () => {
    const { transport } = stdioFixture({ keepAlive: false });
    await transport.withSession((session) => session.ping());
    await transport.waitFor("idle");
    expect(descendants().filter((line) => line.includes("stdio-server"))).toEqual([]);
  });

  it("goes after the idle timeout though it is kept", async () => {
    const { transport } = stdioFixture({ idleTimeoutMs: 50 });
    await transport.withSession((session) => session.ping());
    await transport.waitFor("idle");
    await transport.withSession((session) => session.ping());
    expect(transport.status.epoch).toBe(2);
  });

  it("is started again when it was killed, under the same session", async () => {
    const { transport } = stdioFixture();
    const events = recorded(transport);
    const session = await transport.connectSession();
    const killed = transport.status.pid!;
    process.kill(killed, "SIGKILL");
    await transport.waitFor("connecting");
    expect(transport.status).toMatchObject({
      recovering: true,
      lastError: { message: "it was killed by SIGKILL" },
    });
    expect(textOf(await session.callTool({ name: "echo", arguments: { message: "again" } }))).toBe(
      "Echo: again",
    );
    expect(transport.status).toMatchObject({ state: "connected", recovering: false, epoch: 2 });
    expect(transport.status.pid).not.toBe(killed);
    expect(events.filter((e) => e.type === "transition").map((e) => `${e.to} ${e.cause}`)).toEqual([
      "connecting.opening lease.acquired",
      "connected.steady wire.opened",
      "connecting.waiting wire.lost",
      "connecting.opening retry.due",
      "connected.steady wire.opened",
    ]);
  });

  it("that exits during a call is quoted in the error of that call", async () => {
    const { transport } = stdioFixture();
    const session = await transport.connectSession();
    const error = await rejection(session.callTool({ name: "exit" }));
    expect(error).toMatchObject({ code: "CONNECTION_LOST", outcome: "unknown", exitCode: 7 });
    expect((error as Error).message).toContain("exiting because I was asked to");
  });

  it("sends a list again that was lost on its way, and never a write", async () => {
    const { transport, did } = stdioFixture();
    const session = await transport.connectSession();
    const { pid } = transport.status;
    process.kill(pid!, "SIGSTOP");
    const list = session.listTools();
    const write = rejection(session.callTool({ name: "write", arguments: { name: "once" } }));
    await until(() => transport.status.inFlight === 2);
    process.kill(pid!, "SIGKILL");
    expect((await list).tools.length).toBeGreaterThan(5);
    expect(await write).toMatchObject({ code: "CONNECTION_LOST", outcome: "unknown" });
    expect(did().filter((line) => line.startsWith("write"))).toEqual([]);
  });

  it("is not asked again when the caller said never", async () => {
    const { transport } = stdioFixture();
    const session = await transport.connectSession();
    process.kill(transport.status.pid!, "SIGSTOP");
    const list = rejection(session.request({ method: "tools/list" }, { replay: "never" } as object));
    await until(() => transport.status.inFlight === 1);
    process.kill(transport.status.pid!, "SIGKILL");
    expect(await list).toMatchObject({ code: "CONNECTION_LOST", outcome: "unknown" });
  });

  it("that is dead while its child holds the pipes gets the next call by its successor", async () => {
    const { transport, did } = stdioFixture({ server: "stubborn-server.mjs", closeTimeoutMs: 1_000 });
    const session = await transport.connectSession();
    const child = () => descendants().filter((line) => line.includes("stubborn-server.mjs child"));
    await until(() => child().length === 1);
    const { pid } = transport.status;
    process.kill(pid!, "SIGKILL");
    // Reaped: its exit is known, and what is left in the pipes is still being read.
    await until(() => !existsSync(`/proc/${pid}`));
    await session.callTool({ name: "write", arguments: { name: "once" } });
    expect(did().filter((line) => line.startsWith("write"))).toEqual(["write once"]);
    expect(transport.status.epoch).toBe(2);
  });

  it("that answers in its last moments that it is closed has not answered", async () => {
    const dying = `
      const answer = (id, rest) => console.log(JSON.stringify({ jsonrpc: "2.0", id, ...rest }));
      require("readline").createInterface({ input: process.stdin }).on("line", (line) => {
        const { id, method } = JSON.parse(line);
        if (method === "initialize") answer(id, { result: { protocolVersion: "2025-11-25", capabilities: { tools: {} }, serverInfo: { name: "dying", version: "1" } } });
        if (method !== "tools/call") return;
        const { spawn } = require("child_process");
        // It speaks when nobody can take this process for alive any more.
        const last = 'const timer = setInterval(() => { try { process.kill(' + process.pid + ', 0) } catch { clearInterval(timer); console.log(JSON.stringify({ jsonrpc: "2.0", id: ' + id + ', error: { code: -32000, message: "Connection closed" } })) } }, 1)';
        spawn(process.execPath, ["-e", last], { stdio: "inherit" }).once("spawn", () => process.exit(1));
      });`;
    const transport = closing(
      new StdioTransport({ command: process.execPath, args: ["-e", dying], era: "legacy", name: "dying" }),
    );
    const session = await transport.connectSession();
    const error = await rejection(session.callTool({ name: "anything" }));
    expect(error).toMatchObject({ code: "CONNECTION_LOST", outcome: "unknown", exitCode: 1 });
  });

  it("gives a result of 4 MB whole", async () => {
    const { transport } = stdioFixture();
    const session = await transport.connectSession();
    const result = await session.callTool({ name: "big", arguments: { bytes: 4_000_000 } });
    expect(textOf(result)).toHaveLength(4_000_000);
  });

  it("that says too much at once fails that call only", async () => {
    const { transport } = stdioFixture({ maxMessageBytes: 100_000 });
    const session = await transport.connectSession();
    const [error, other] = await Promise.all([
      rejection(session.callTool({ name: "big", arguments: { bytes: 1_000_000 } })),
      session.callTool({ name: "echo", arguments: { message: "fine" } }),
    ]);
    expect(error).toMatchObject({ code: "MESSAGE_TOO_LARGE", maxMessageBytes: 100_000 });
    expect(textOf(other)).toBe("Echo: fine");
    expect(transport.status.epoch).toBe(1);
  });

  it("is told about its lines on stderr, without the secrets that it was given", async () => {
    const lines: string[] = [];
    const script = 'echo "token is $TOKEN" >&2; exit 3';
    const transport = sh(script, {
      env: { TOKEN: "canary-0123456789" },
      onStderr: (line: string) => lines.push(line),
    });
    const error = await rejection(transport.connectSession());
    expect(error).toMatchObject({ code: "SPAWN_FAILED", exitCode: 3, stderr: "token is [redacted]" });
    expect(lines).toContain("token is [redacted]");
    expect(JSON.stringify([error, (error as Error).message, transport.status])).not.toContain("canary");
  });
});

describe("a stdio server that fails to start gives its own error within its deadline", () => {
  it("when the command does not exist", async () => {
    const transport = closing(new StdioTransport({ command: "no-such-command-anywhere" }));
    const error = await rejection(transport.connectSession());
    expect(error).toMatchObject({ code: "SPAWN_FAILED" });
    expect((error as Error).message).toMatch(/"no-such-command-anywhere" was not found.*PATH/);
  });

  it("when it exits at once with a word on stderr", async () => {
    const error = await rejection(sh("echo boom: no config >&2; exit 3").connectSession());
    expect(error).toMatchObject({
      code: "SPAWN_FAILED",
      exitCode: 3,
      stderr: "boom: no config",
      server: "sh",
    });
  });

  it("when it prints garbage", async () => {
    const printed = gate();
    const script = "echo hello; echo printed >&2; exec sleep 100";
    const transport = sh(script, { era: "legacy", onStderr: printed.open });
    const pass = stopTime();
    const opening = rejection(transport.connectSession());
    await printed.opened;
    await quiet();
    await pass(30_000);
    const error = await opening;
    expect(error).toMatchObject({ code: "CONNECT_TIMEOUT", timeoutMs: 30_000 });
    expect((error as Error).message).toContain('not MCP; it printed: "hello"');
    await pass.through(transport.close());
  });

  it("when it never answers", async () => {
    const transport = sh("exec sleep 100", { connectTimeoutMs: 100 });
    expect(await rejection(transport.connectSession())).toMatchObject({ code: "CONNECT_TIMEOUT" });
    await transport.close();
    expect(descendants().filter((line) => line.includes("sleep 100"))).toEqual([]);
  });

  it("and can be tried again at once", async () => {
    const transport = sh("exit 1");
    for (let i = 0; i < 3; i++)
      expect(await rejection(transport.connectSession())).toMatchObject({ code: "SPAWN_FAILED" });
    await transport.waitFor("closed");
  });
});

describe("what a stdio server leaves behind is nothing", () => {
  it("though it ignores the end of stdin and SIGTERM, and its child too", async () => {
    const { transport } = stdioFixture({ server: "stubborn-server.mjs", closeTimeoutMs: 1_500 });
    const session = await transport.connectSession();
    await session.ping();
    await until(() => descendants().filter((line) => line.includes("stubborn-server")).length === 2);
    await transport.close();
    expect(descendants().filter((line) => line.includes("stubborn-server"))).toEqual([]);
    expect(transport.status.state).toBe("closed");
  });

  it("though it was killed and its child was not", async () => {
    const { transport } = stdioFixture({
      server: "stubborn-server.mjs",
      closeTimeoutMs: 1_000,
      reconnect: false,
    });
    await transport.connectSession();
    await until(() => descendants().filter((line) => line.includes("stubborn-server")).length === 2);
    const child = Number(
      descendants()
        .find((line) => line.includes("stubborn-server.mjs child"))
        ?.split(" ")[0],
    );
    process.kill(transport.status.pid!, "SIGKILL");
    await transport.waitFor("closed");
    expect(lives(child)).toBe(false);
  });

  it("though the options are wrong", () => {
    for (const [options, message] of [
      [{ command: "" }, /"command".*expected a string/],
      [{ command: "x", args: "y" }, /"args".*list/],
      [{ command: "x", env: { A: 1 } }, /"env.A".*expected a string, got number/],
      [{ command: "x", cwd: "/no/such/place" }, /"cwd".*not a directory/],
      [{ command: "x", auth: "token" }, /"auth".*no such option/],
      [{ command: "x", closeTimeoutMs: -1 }, /"closeTimeoutMs".*above 0/],
      [{ command: "x", era: "new" }, /"era".*"auto", "legacy", "modern"/],
    ] as const) {
      let error: unknown;
      try {
        new StdioTransport(options as never);
      } catch (thrown) {
        error = thrown;
      }
      expect(isHoldfastError(error, "CONFIG_INVALID"), JSON.stringify(options)).toBe(true);
      expect((error as Error).message).toMatch(message);
    }
    expect(fixture("x")).toContain("fixtures");
  });
});
