import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { stopTime } from "../support/fake-timers.js";
import { lives } from "../support/fixtures.js";
import { request } from "../support/hand-made-wire.js";
import { rejection, until } from "../support/settling.js";
import { FOREVER, ORPHANED, says, shell } from "../support/stdio-wire.js";

const error = (id: number, code: number) =>
  `{"jsonrpc":"2.0","id":${id},"error":{"code":${code},"message":"x"}}`;

describe("a process that ends by itself", () => {
  it.each([
    ["exit 3", "it exited with code 3", { exitCode: 3, signal: null }],
    ["kill -9 $$", "it was killed by SIGKILL", { exitCode: null, signal: "SIGKILL" }],
  ])("is told by how it did: %s", async (script, message, details) => {
    const { wire, closed, onclose } = shell(script);
    await wire.start();
    await closed;
    expect(wire.failure).toEqual({ code: "SPAWN_FAILED", message, details: { ...details, stderr: "" } });
    const lost = await rejection(wire.send(request(1)));
    expect(lost).toMatchObject({ outcome: "not-sent", ends: "soon", failure: { message, details } });
    await wire.close();
    expect(onclose).toHaveBeenCalledTimes(1);
    expect(wire.failure!.message).toBe(message);
  });

  it("is heard to its last word", async () => {
    const { wire, heard, closed } = shell(`${says("a")}; ${says("b")}; printf '{"jsonrpc":"2.0",' ; exit 0`);
    await wire.start();
    await closed;
    expect(heard.map(({ method }) => method)).toEqual(["a", "b"]);
  });

  it("is over though a child of it holds the pipes, whose goodbyes are no answers", async () => {
    const late = `printf '%s\\n' '${error(1, -32000)}' '${error(2, -32001)}' '{"jsonrpc":"2.0","id":3,"result":{}}'`;
    const { wire, heard, closed } = shell(
      `printf '%s\\n' '${error(0, -32000)}'; (${ORPHANED}; ${late}; sleep 600) & exit 5`,
    );
    const pass = stopTime();
    await wire.start();
    await until(() => heard.some(({ id }) => id === 3));
    await pass.through(closed);
    expect(heard.map(({ id }) => id)).toEqual([0, 2, 3]);
    expect(wire.failure!.message).toBe("it exited with code 5");
    await pass.through(wire.close());
  });

  it("is not told as closed before its own children had their say", async () => {
    const { wire, heard, closed, onclose } = shell(`(${ORPHANED}; sleep 0.04; ${says("last")}) & exit 0`);
    stopTime();
    await wire.start();
    await closed;
    expect(heard.map(({ method }) => method)).toEqual(["last"]);
    expect(onclose).toHaveBeenCalledTimes(1);
  });

  it("to its stdout only is lost, with what it was doing", async () => {
    const { wire, closed } = shell(`exec 1>&-; ${FOREVER}`);
    await wire.start();
    await closed;
    expect(wire.failure).toMatchObject({
      code: "SPAWN_FAILED",
      message: "it closed its stdout",
      details: { exitCode: null, signal: null },
    });
  });

  it("to its stdin only is lost when it is written to", async () => {
    const { wire, closed, heard } = shell(`exec 0<&-; ${says("ready")}; ${FOREVER}`);
    await wire.start();
    await until(() => heard.length === 1);
    await wire.send(request(1));
    await closed;
    expect(wire.failure!.message).toBe("its pipe broke (EPIPE)");
  });
});

describe("a process that does not start", () => {
  const failing = async (options: Parameters<typeof shell>[1]) => {
    const { wire, onclose } = shell("", options);
    const lost = (await rejection(wire.start())) as { failure: { message: string } };
    expect(lost).toMatchObject({
      outcome: "not-sent",
      failure: { code: "SPAWN_FAILED", fatal: true, details: { exitCode: null, signal: null } },
    });
    expect(wire.pid).toBeUndefined();
    await wire.close();
    expect(onclose).toHaveBeenCalledTimes(1);
    return lost.failure.message;
  };

  it.each<[string, Parameters<typeof shell>[1], string]>([
    [
      "the command is not there",
      { command: "no-such-command" },
      'the command "no-such-command" was not found. Is it installed, and on PATH?',
    ],
    [
      "a runner is not there",
      { command: "no-such-command", install: "Get it.", cwd: "/tmp" },
      'the command "no-such-command" was not found. Get it.',
    ],
    ["the directory is not there", { cwd: "/nowhere" }, 'the directory "/nowhere" is not there any more'],
    [
      "it may not be run",
      { command: "/etc/passwd" },
      'the command "/etc/passwd" may not be run (no permission)',
    ],
    [
      "the system says something else",
      { command: "/etc/passwd/x" },
      'the command "/etc/passwd/x" could not be started (ENOTDIR)',
    ],
    [
      "the system says something else of a directory",
      { command: "/etc/passwd/x", cwd: "/tmp" },
      'the command "/etc/passwd/x" could not be started in /tmp (ENOTDIR)',
    ],
  ])("because %s says so", async (_why, options, message) => {
    expect(await failing(options)).toBe(message);
  });

  it("leaves nothing that watches over it", async () => {
    await failing({ command: "no-such-command", reapOrphans: true });
  });
});

describe("a process that is ended by us", () => {
  const timed = async (work: Promise<unknown>) => {
    const startedAt = performance.now();
    await work;
    return performance.now() - startedAt;
  };
  const started = async (script: string, options: Parameters<typeof shell>[1] = {}) => {
    const made = shell(`${script}`, options);
    await made.wire.start();
    await until(() => made.heard.length > 0);
    return made;
  };

  it("sees its stdin end and goes, once", async () => {
    const { wire, onclose } = await started(`${says("x")}; cat > /dev/null; exit 0`, {
      closeTimeoutMs: 20_000,
    });
    const { pid } = wire;
    const closes = [wire.close(), wire.close()];
    expect(closes[0]).toBe(closes[1]);
    expect(await timed(closes[0]!)).toBeLessThan(6_000);
    expect(lives(pid!)).toBe(false);
    expect(onclose).toHaveBeenCalledTimes(1);
  });

  it("is told to go where it does not, and its last words are read", async () => {
    const lines: string[] = [];
    const { wire } = await started(`trap 'printf "last words" >&2; exit 0' TERM; ${says("x")}; ${FOREVER}`, {
      onStderr: (line) => lines.push(line),
      closeTimeoutMs: 400,
    });
    const ms = await timed(wire.close());
    expect(ms).toBeGreaterThanOrEqual(150);
    // The shell may have something to say of its own before.
    expect(lines.at(-1)).toBe("last words");
  });

  it("is killed where it does not go then", async () => {
    const { wire } = await started(`trap '' TERM; ${says("x")}; ${FOREVER}`, { closeTimeoutMs: 200 });
    const { pid } = wire;
    const ms = await timed(wire.close());
    expect(ms).toBeGreaterThanOrEqual(130);
    expect(lives(pid!)).toBe(false);
  });

  it("is not waited for where it never said anything", async () => {
    const { wire } = shell(FOREVER, { closeTimeoutMs: 20_000 });
    await wire.start();
    expect(await timed(wire.close())).toBeLessThan(2_000);
  });

  it("takes its children with it", async () => {
    const { wire, heard } = await started(`sleep 9 & ${says("$!")}; wait`, { closeTimeoutMs: 100 });
    const child = Number(heard[0]!.method);
    expect(lives(child)).toBe(true);
    await wire.close();
    expect(lives(child)).toBe(false);
  });

  it("takes its children with it though it is gone already, and does not wait for them", async () => {
    const { wire, heard, closed } = await started(`sleep 9 & ${says("$!")}; exit 0`, {
      closeTimeoutMs: 20_000,
    });
    await closed;
    const child = Number(heard[0]!.method);
    expect(lives(child)).toBe(true);
    expect(await timed(wire.close())).toBeLessThan(2_000);
    expect(lives(child)).toBe(false);
  });

  it("leaves its log file whole", async () => {
    const directory = mkdtempSync(join(tmpdir(), "holdfast-"));
    onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
    const logFile = join(directory, "log");
    const { wire } = await started(`echo one >&2; ${says("x")}; exec cat`, { logFile });
    await wire.close();
    expect(readFileSync(logFile, "utf8")).toBe("one\n");
  });

  it("before it was started does nothing", async () => {
    const { wire, onclose } = shell("");
    await wire.close();
    expect(onclose).toHaveBeenCalledTimes(1);
    expect(await rejection(wire.send(request(1)))).toMatchObject({
      outcome: "not-sent",
      failure: { message: "the process has ended" },
    });
    expect(vi.mocked(wire.onerror!)).not.toHaveBeenCalled();
  });
});
