import { execFileSync } from "node:child_process";
import {
  closeSync,
  constants,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  symlinkSync,
  unlinkSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { afterEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { codeOf } from "../../src/base/errors.js";
import { systemClock } from "../../src/machines/clock.js";
import { LogFile } from "../../src/wires/log-file.js";
import { until } from "../support/settling.js";

function path(): string {
  const directory = mkdtempSync(join(tmpdir(), "holdfast-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return join(directory, "log");
}

function fifo(): string {
  const file = path();
  execFileSync("mkfifo", [file]);
  return file;
}

/** What stands in a pipe now. */
function reading(file: string): { read(): string; stop(): void } {
  const descriptor = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
  return {
    read: () => {
      const bytes = Buffer.alloc(1024 * 1024);
      try {
        return bytes.toString("utf8", 0, readSync(descriptor, bytes));
      } catch (error) {
        if (codeOf(error) === "EAGAIN") return "";
        throw error;
      }
    },
    stop: () => closeSync(descriptor),
  };
}

/** Time passes at once; the last moment is what the log file goes by. */
function later(ms: number): void {
  const now = systemClock.now();
  vi.spyOn(systemClock, "now").mockReturnValue(now + ms);
}

const messages = (onError: ReturnType<typeof vi.fn>) =>
  onError.mock.calls.map(([error]) => (error as Error).message);

afterEach(() => vi.restoreAllMocks());

describe("a log file", () => {
  it("of a path is appended to, by one process after the other", async () => {
    const file = path();
    for (const line of ["one", "two"]) {
      const log = new LogFile(file, vi.fn());
      log.write(line);
      await log.close();
      log.write("too late");
      await log.close();
    }
    expect(readFileSync(file, "utf8")).toBe("one\ntwo\n");
  });

  it("that is a stream stays its owner's", async () => {
    const stream = new PassThrough();
    const log = new LogFile(stream, vi.fn());
    log.write("one");
    await log.close();
    expect(stream.writable).toBe(true);
    expect(stream.listenerCount("error")).toBe(0);
    stream.end();
    log.write("too late");
    expect(String(stream.read())).toBe("one\n");
  });

  it("that is a stream which takes nothing loses lines, and fills no memory", () => {
    const onError = vi.fn();
    const stream = new PassThrough({ highWaterMark: 1 });
    const log = new LogFile(stream, onError);
    for (let i = 0; i < 200; i++) log.write("x".repeat(64 * 1024));
    expect(stream.writableLength + stream.readableLength).toBeLessThan(2 * 1024 * 1024);
    expect(messages(onError)).toEqual(["lines for the log file are lost: it takes them too slowly"]);
  });

  it("that cannot be opened is told at once", () => {
    expect(() => new LogFile("/nowhere/at/all", vi.fn())).toThrow(
      expect.objectContaining({ code: "ENOENT" }),
    );
  });
});

describe("a log file that takes no lines", () => {
  it("because the disk is full is told once, and takes them again when there is room, with the gap", async () => {
    const file = path();
    const onError = vi.fn();
    symlinkSync("/dev/full", file);
    const log = new LogFile(file, onError);
    log.write("one");
    await until(() => onError.mock.calls.length === 1);
    log.write("two");
    later(2_000);
    log.write("three");
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(messages(onError)).toEqual([expect.stringContaining("lost: ENOSPC")]);
    unlinkSync(file);
    later(4_000);
    log.write("four");
    await log.close();
    expect(readFileSync(file, "utf8")).toBe("[3 lines are missing here]\nfour\n");
  });

  it("because its folder is gone goes on when there is one again", async () => {
    const file = path();
    const onError = vi.fn();
    symlinkSync("/dev/full", file);
    const log = new LogFile(file, onError);
    log.write("one");
    await until(() => onError.mock.calls.length === 1);
    unlinkSync(file);
    symlinkSync("/nowhere/at/all", file);
    later(2_000);
    log.write("two");
    unlinkSync(file);
    later(4_000);
    log.write("three");
    await log.close();
    expect(readFileSync(file, "utf8")).toBe("[2 lines are missing here]\nthree\n");
    expect(onError).toHaveBeenCalledTimes(1);
  });

  it("is told again where it fails after it went well", async () => {
    const file = path();
    const onError = vi.fn();
    symlinkSync("/dev/full", file);
    const log = new LogFile(file, onError);
    log.write("one");
    await until(() => onError.mock.calls.length === 1);
    unlinkSync(file);
    later(2_000);
    log.write("two");
    await until(() => existsSync(file) && readFileSync(file, "utf8").endsWith("two\n"));
    const filled = new LogFile("/dev/full", onError);
    filled.write("three");
    await until(() => onError.mock.calls.length === 2);
    await Promise.all([log.close(), filled.close()]);
  });
});

describe("a pipe as a log file", () => {
  it("that nobody reads blocks nothing, and is written to once somebody does", async () => {
    const file = fifo();
    const onError = vi.fn();
    const log = new LogFile(file, onError);
    log.write("one");
    expect(messages(onError)).toEqual([expect.stringContaining("lost: ENXIO")]);
    const reader = reading(file);
    later(2_000);
    log.write("two");
    let seen = "";
    await until(() => {
      seen += reader.read();
      return seen.endsWith("two\n");
    });
    expect(seen).toBe("[1 lines are missing here]\ntwo\n");
    await log.close();
    reader.stop();
  });

  it("that is full blocks nothing, not at the end either", async () => {
    const file = fifo();
    const onError = vi.fn();
    const reader = reading(file);
    const log = new LogFile(file, onError);
    for (let i = 0; i < 100; i++) log.write("x".repeat(10_000));
    await until(() => onError.mock.calls.length > 0);
    expect(messages(onError)).toEqual(["lines for the log file are lost: it takes them too slowly"]);
    await log.close();
    reader.stop();
  });

  it("whose reader goes away does not end the program", async () => {
    const file = fifo();
    const onError = vi.fn();
    const reader = reading(file);
    const log = new LogFile(file, onError);
    reader.stop();
    log.write("one");
    await until(() => onError.mock.calls.length > 0);
    expect(messages(onError)).toEqual([expect.stringContaining("lost: EPIPE")]);
    await log.close();
  });
});

describe("a device as a log file", () => {
  it.each(["/dev/null", "/dev/zero"])("%s takes lines", async (device) => {
    const onError = vi.fn();
    const log = new LogFile(device, onError);
    log.write("one");
    await log.close();
    expect(onError).not.toHaveBeenCalled();
  });
});
