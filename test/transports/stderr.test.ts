import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { StdioTransport, type StdioTransportOptions } from "../../src/transports/stdio.js";
import { descendants } from "../support/descendants.js";
import { closing, fixture, rejection, until } from "../support/fixtures.js";

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "holdfast-log-"));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** Says one line without a newline at its end, then serves. */
const speaking = (options: Partial<StdioTransportOptions>) =>
  closing(
    new StdioTransport({
      command: "sh",
      args: [
        "-c",
        'printf "pid $$\\ntoken $TOKEN" >&2; exec "$0" "$1" 2>&-',
        process.execPath,
        fixture("stdio-server.mjs"),
      ],
      env: { TOKEN: "canary-0123456789" },
      era: "legacy",
      ...options,
    }),
  );

describe("what a server writes to stderr", () => {
  it("is appended to the log file, once for each process, without the secrets", async () => {
    const logFile = join(directory, "appended.log");
    const transport = speaking({ logFile });
    for (let i = 0; i < 2; i++) {
      const session = await transport.connectSession();
      await session.ping();
      await transport.disconnect();
      await session.close();
    }
    await transport.close();
    const lines = readFileSync(logFile, "utf8").split("\n");
    expect(lines).toHaveLength(5);
    expect(lines[0]).toMatch(/^pid \d+$/);
    expect(lines[2]).toMatch(/^pid \d+$/);
    expect(lines[0]).not.toBe(lines[2]);
    expect(lines[1]).toBe("token [redacted]");
  });

  it("goes to a stream that stays the user's", async () => {
    const stream = new PassThrough();
    const transport = speaking({ logFile: stream });
    await transport.withSession((session) => session.ping());
    await transport.close();
    expect(String(stream.read())).toMatch(/^pid \d+\ntoken \[redacted\]\n$/);
    expect(stream.writable).toBe(true);
  });

  it("cannot go to a path that cannot be written, and nothing is started", async () => {
    const started = join(directory, "started");
    const transport = closing(
      new StdioTransport({ command: "touch", args: [started], logFile: join(directory, "no", "such.log") }),
    );
    const error = await rejection(transport.connectSession());
    expect(error).toMatchObject({ code: "CONFIG_INVALID", path: "logFile" });
    expect((error as Error).message).toContain("ENOENT");
    expect(existsSync(started)).toBe(false);
    expect(descendants()).toEqual([]);
  });

  it("is read to its end, though it says it in its last moments", async () => {
    const last =
      'process.stdin.on("end", () => { for (let i = 0; i < 2000; i++) console.error("line " + i); process.stderr.write("the end"); })';
    const logFile = join(directory, "last.log");
    const server = fixture("stdio-server.mjs");
    const transport = closing(
      new StdioTransport({
        command: process.execPath,
        args: ["-e", `import(${JSON.stringify(server)}).then(() => ${last})`],
        era: "legacy",
        logFile,
      }),
    );
    await transport.withSession((session) => session.ping());
    await transport.close();
    const lines = readFileSync(logFile, "utf8").trimEnd().split("\n");
    expect(lines).toHaveLength(2001);
    expect(lines.at(-1)).toBe("the end");
  });

  it("never shows a part of a secret: not of one with several lines, nor where a text was cut", async () => {
    const pem = "-----BEGIN-----\ncanary0123456789\n\ncanary9876543210\n-----END-----";
    const script = `printf '%s\n' "$PEM" >&2; head -c 70000 /dev/zero | tr '\\0' x >&2; printf '%s' "$LONG" >&2; exit 3`;
    const lines: string[] = [];
    const transport = closing(
      new StdioTransport({
        command: "sh",
        args: ["-c", script],
        env: { PEM: pem, LONG: `canary${"y".repeat(66_000)}` },
        era: "legacy",
        onStderr: (line) => lines.push(line),
      }),
    );
    const error = await rejection(transport.connectSession());
    expect(`${lines.join("\n")} ${(error as Error).message} ${JSON.stringify(error)}`).not.toContain(
      "canary",
    );
  });

  it("is shown in the terminal on request, line by line to onStderr, and quoted in errors all the same", async () => {
    const shown: string[] = [];
    const write = vi
      .spyOn(process.stderr, "write")
      .mockImplementation((text) => shown.push(String(text)) > 0);
    try {
      const lines: string[] = [];
      const transport = closing(
        new StdioTransport({
          command: "sh",
          args: ["-c", "echo one >&2; printf two >&2; exit 3"],
          stderr: "inherit",
          era: "legacy",
          onStderr: (line) => lines.push(line),
        }),
      );
      const error = await rejection(transport.connectSession());
      expect(error).toMatchObject({ code: "SPAWN_FAILED", exitCode: 3, stderr: "one\ntwo" });
      await until(() => lines.length === 2);
      expect(lines).toEqual(["one", "two"]);
      expect(shown).toEqual(["one\n", "two\n"]);
    } finally {
      write.mockRestore();
    }
  });
});
