import { readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { PassThrough } from "node:stream";
import { afterEach, describe, expect, it, vi } from "vitest";
import { Lost } from "../../src/wires/lost.js";
import { request } from "../support/hand-made-wire.js";
import { rejection, until } from "../support/settling.js";
import { says, shell } from "../support/stdio-wire.js";

afterEach(() => vi.restoreAllMocks());

const groupOf = (pid: number) => {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[2]);
};

describe("a server process", () => {
  it("is written to and read from, in a group of its own", async () => {
    const { wire, heard } = shell("exec cat");
    expect(wire.pid).toBeUndefined();
    await wire.start();
    expect(wire.listening).toBe("open");
    expect(groupOf(wire.pid!)).toBe(wire.pid);
    await wire.send(request(1));
    await wire.send(request(2));
    await until(() => heard.length === 2);
    expect(heard).toEqual([request(1), request(2)]);
  });

  it("has the environment and the directory that it is given, and no other", async () => {
    const { wire, heard } = shell(`${says('"$X"')}; ${says('"$HOME-"')}; ${says('"$(pwd)"')}; exec cat`, {
      env: { PATH: "/usr/bin:/bin", X: "given" },
      cwd: tmpdir(),
    });
    await wire.start();
    await until(() => heard.length === 3);
    expect(heard.map(({ method }) => method)).toEqual(["given", "-", tmpdir()]);
  });

  it("may say several things in one line, and nothing in another", async () => {
    const { wire, heard } = shell(`echo '[{"jsonrpc":"2.0","method":"a"},{"jsonrpc":"2.0","method":"b"}]
 \t

{"jsonrpc":"2.0","method":"c"}'; exec cat`);
    await wire.start();
    await until(() => heard.length === 3);
    expect(wire.onerror).not.toHaveBeenCalled();
    expect(wire.explain({ code: "X", message: "it broke" })).toEqual({ code: "X", message: "it broke" });
  });

  it("that prints what is no message is reported, and quoted where it fails", async () => {
    const { wire, heard } = shell(`echo 'a secret banner'; echo second; ${says("x")}; exec cat`);
    await wire.start();
    await until(() => heard.length === 1);
    expect(vi.mocked(wire.onerror!).mock.calls.map(([error]) => error.message)).toEqual([
      'the server printed a line on stdout that is not an MCP message: "a [redacted] banner"',
      'the server printed a line on stdout that is not an MCP message: "second"',
    ]);
    expect(wire.explain({ code: "X", message: "it broke" })).toEqual({
      code: "X",
      message: 'it broke. Its stdout is not MCP; it printed: "a [redacted] banner"',
    });
    const spawn = { code: "SPAWN_FAILED", message: "no" };
    expect(wire.explain(spawn)).toBe(spawn);
  });

  it("is quoted with two hundred characters at most", async () => {
    const { wire } = shell(`echo ${"x".repeat(300)}; exec cat`);
    await wire.start();
    await until(() => vi.mocked(wire.onerror!).mock.calls.length > 0);
    expect(wire.explain({ code: "X", message: "" }).message).toContain(`"${"x".repeat(200)}"`);
  });

  it("that does not read makes the sender wait, until it reads or is gone", async () => {
    const { wire, closed } = shell("read -r go; sleep 0.03; head -c 400000 > /dev/null; sleep 5");
    await wire.start();
    const large = { ...request(1), params: { text: "x".repeat(390_000) } } as never;
    await wire.send(request(0));
    const done = vi.fn();
    const first = wire.send(large).then(done);
    await new Promise((resolve) => setImmediate(resolve));
    expect(done).not.toHaveBeenCalled();
    await first;
    const second = wire.send(large);
    process.kill(-wire.pid!, "SIGKILL");
    await second;
    await closed;
  });

  it("knows what became of a request by its loss alone", () => {
    const { wire } = shell("");
    expect(wire.outcomeOf(new Lost("rejected", { code: "X", message: "" }))).toBe("rejected");
    expect(wire.outcomeOf(new Error("x"))).toBe("unknown");
  });
});

describe("a message that is too large", () => {
  const answer = (id: string) => `printf '{"jsonrpc":"2.0",${id}"result":{"a":"%01000d"}}\\n' 0`;

  it("fails the request that it answers, and nothing else", async () => {
    const { wire, heard, onclose } = shell(`${answer('"id":7,')}; ${says("x")}; exec cat`, {
      maxMessageBytes: 500,
    });
    await wire.start();
    await until(() => heard.length === 2);
    const message =
      "a message was larger than 500 bytes and was thrown away; raise maxMessageBytes to accept it";
    expect(heard[0]).toMatchObject({ jsonrpc: "2.0", id: 7, error: { code: -32000, message } });
    expect(heard[0]!.error!.data).toMatchObject({ code: "MESSAGE_TOO_LARGE", message, maxMessageBytes: 500 });
    expect(onclose).not.toHaveBeenCalled();
  });

  it("ends the connection where nobody knows whom it answers", async () => {
    const { wire, closed, onclose } = shell(`${answer("")}; exec cat`, { maxMessageBytes: 500 });
    await wire.start();
    await closed;
    expect(wire.failure).toMatchObject({
      code: "MESSAGE_TOO_LARGE",
      message: expect.stringContaining("larger than 500 bytes"),
      error: { code: "MESSAGE_TOO_LARGE" },
    });
    expect(onclose).toHaveBeenCalledTimes(1);
  });
});

describe("the words of a server on stderr", () => {
  it("are told line by line without the secrets, and kept where the user wants", async () => {
    const lines: string[] = [];
    const logFile = new PassThrough();
    const { wire, closed } = shell("printf 'one secret\\r\\nt\\rwo\\nthree' >&2", {
      onStderr: (line) => lines.push(line),
      logFile,
    });
    const shown = vi.spyOn(process.stderr, "write").mockReturnValue(true);
    await wire.start();
    await closed;
    expect(lines).toEqual(["one [redacted]", "t\\u{d}wo", "three"]);
    await wire.close();
    expect(String(logFile.read())).toBe("one [redacted]\nt\\u{d}wo\nthree\n");
    expect(shown).not.toHaveBeenCalled();
  });

  it("are shown in the terminal where the user wants that", async () => {
    const shown = vi.spyOn(process.stderr, "write").mockReturnValue(true);
    const { wire, closed } = shell("echo 'a secret' >&2", { stderr: "inherit" });
    await wire.start();
    await closed;
    expect(shown).toHaveBeenCalledExactlyOnceWith("a [redacted]\n");
  });

  it("that are too long for a line are told by their first whole words", async () => {
    const lines: string[] = [];
    const { wire, closed } = shell("printf 'first half%070000d\\nnext\\n' 0 >&2", {
      onStderr: (line) => lines.push(line),
    });
    await wire.start();
    await closed;
    expect(lines).toEqual(["first …", "next"]);
  });

  it("disturb nobody where the user's callback throws", async () => {
    const error = new Error("oops");
    const { wire, closed } = shell("echo x >&2", {
      onStderr: () => {
        throw error;
      },
    });
    await wire.start();
    await closed;
    expect(wire.onerror).toHaveBeenCalledExactlyOnceWith(error);
  });

  it("are the last ten lines of an error, and its details", async () => {
    const { wire, closed } = shell("for i in 1 2 3 4 5 6 7 8 9 10 11 secret; do echo $i >&2; done; exit 3");
    await wire.start();
    await closed;
    const last = ["3", "4", "5", "6", "7", "8", "9", "10", "11", "[redacted]"];
    expect(wire.failure).toEqual({
      code: "SPAWN_FAILED",
      message: "it exited with code 3",
      appendix: `Its last words on stderr:\n${last.map((line) => `  ${line}`).join("\n")}`,
      details: { exitCode: 3, signal: null, stderr: last.join("\n") },
    });
    expect(wire.onerror).not.toHaveBeenCalled();
  });

  it("that cannot be kept stop the start", async () => {
    const { wire } = shell("exit 0", { logFile: "/nowhere/at/all" });
    expect(await rejection(wire.start())).toMatchObject({
      failure: { code: "CONFIG_INVALID", details: { path: "logFile" } },
    });
    expect(wire.pid).toBeUndefined();
  });

  it("that the disk does not take are reported", async () => {
    const { wire, closed } = shell("echo x >&2", { logFile: "/dev/full" });
    await wire.start();
    await closed;
    await until(() => vi.mocked(wire.onerror!).mock.calls.length > 0);
    expect(wire.onerror).toHaveBeenCalledExactlyOnceWith(
      expect.objectContaining({ cause: expect.objectContaining({ code: "ENOSPC" }) }),
    );
  });
});
