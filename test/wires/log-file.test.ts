import { execFileSync } from "node:child_process";
import {
  chmodSync,
  closeSync,
  constants,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { codeOf } from "../../src/base/errors.js";
import { systemClock } from "../../src/machines/clock.js";
import { LogFile, type LogTarget } from "../../src/wires/log-file.js";
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

const logFile = (target: LogTarget, onError: (error: Error) => void, maxBytes = Number.POSITIVE_INFINITY) =>
  new LogFile(target, onError, maxBytes);

const modeOf = (file: string) => statSync(file).mode & 0o777;

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
      const log = logFile(file, vi.fn());
      log.write(line);
      await log.close();
      log.write("too late");
      await log.close();
    }
    expect(readFileSync(file, "utf8")).toBe("one\ntwo\n");
  });

  it("that is a stream stays its owner's", async () => {
    const stream = new PassThrough();
    const log = logFile(stream, vi.fn());
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
    const log = logFile(stream, onError);
    for (let i = 0; i < 200; i++) log.write("x".repeat(64 * 1024));
    expect(stream.writableLength + stream.readableLength).toBeLessThan(2 * 1024 * 1024);
    expect(messages(onError)).toEqual(["lines for the log file are lost: it takes them too slowly"]);
  });

  it("is for its owner alone, unless somebody let others read it before", async () => {
    const file = path();
    await logFile(file, vi.fn()).close();
    expect(modeOf(file)).toBe(0o600);
    chmodSync(file, 0o640);
    await logFile(file, vi.fn()).close();
    expect(modeOf(file)).toBe(0o640);
  });

  it("that cannot be opened is told at once", () => {
    expect(() => logFile("/nowhere/at/all", vi.fn())).toThrow(expect.objectContaining({ code: "ENOENT" }));
  });
});

describe("a log file that is full", () => {
  // The last lines take the time that they need here, on a busy machine too.
  beforeEach(() => void vi.spyOn(systemClock, "setTimeout").mockReturnValue(0));

  const written = async (file: string, maxBytes: number, lines: string[], onError = vi.fn()) => {
    const log = logFile(file, onError, maxBytes);
    for (const line of lines) log.write(line);
    await log.close();
  };

  it("is renamed, in place of the last one, and begun anew", async () => {
    const file = path();
    await written(file, 10, ["1234", "5678"]);
    expect(existsSync(`${file}.1`)).toBe(false);
    // One after the other: a file turns over no sooner than the last one is written.
    for (const line of ["abcd", "efgh", "ijkl"]) await written(file, 10, [line]);
    expect(readFileSync(`${file}.1`, "utf8")).toBe("abcd\nefgh\n");
    expect(readFileSync(file, "utf8")).toBe("ijkl\n");
  });

  it("turns over in the middle of a process, and loses no line of it", async () => {
    const file = path();
    const onError = vi.fn();
    const lines = Array.from({ length: 15 }, (_, i) => `line ${i}`);
    await written(file, 100, lines, onError);
    const [older, newer] = [readFileSync(`${file}.1`, "utf8"), readFileSync(file, "utf8")];
    expect(older.length).toBeLessThanOrEqual(100);
    expect(`${older}${newer}`).toBe(`${lines.join("\n")}\n`);
    expect(onError).not.toHaveBeenCalled();
  });

  it("of one line that is too long by itself stays where it is", async () => {
    const file = path();
    await written(file, 10, ["x".repeat(50)]);
    expect(readFileSync(file, "utf8")).toBe(`${"x".repeat(50)}\n`);
    expect(existsSync(`${file}.1`)).toBe(false);
  });

  it("of two processes turns over once", async () => {
    const file = path();
    const onError = vi.fn();
    const [one, two] = [logFile(file, onError, 20), logFile(file, onError, 20)];
    for (const line of ["1", "2", "3", "4", "5", "6", "7", "8", "9"]) one.write(line);
    for (const line of ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"]) two.write(line);
    // Each has room for nine of its own; the tenth of the first turns it over, and the eleventh of the second follows.
    one.write("turned");
    two.write("followed");
    await Promise.all([one.close(), two.close()]);
    expect(readFileSync(file, "utf8").split("\n").sort()).toEqual(["", "followed", "turned"]);
    expect(readFileSync(`${file}.1`, "utf8").replaceAll("\n", "").split("").sort().join("")).toBe(
      "123456789abcdefghij",
    );
    expect(onError).not.toHaveBeenCalled();
  });

  it("keeps the mode that somebody gave it, and a link stays one", async () => {
    const file = path();
    const link = `${file}.link`;
    writeFileSync(file, "12345678\n");
    chmodSync(file, 0o664);
    symlinkSync(file, link);
    await written(link, 10, ["abcd"]);
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
    expect([modeOf(file), modeOf(`${file}.1`)]).toEqual([0o664, 0o664]);
    expect(readFileSync(file, "utf8")).toBe("abcd\n");
  });

  it("and cannot be renamed is told of, and written on", async () => {
    const file = path();
    const onError = vi.fn();
    mkdirSync(`${file}.1`);
    await written(file, 10, ["1234", "5678", "abcd"], onError);
    expect(readFileSync(file, "utf8")).toBe("1234\n5678\nabcd\n");
    expect(messages(onError)).toEqual([expect.stringContaining("the log file did not turn over: ")]);
  });
});

describe("a log file that takes no lines", () => {
  it("because the disk is full is told once, and takes them again when there is room, with the gap", async () => {
    const file = path();
    const onError = vi.fn();
    symlinkSync("/dev/full", file);
    const log = logFile(file, onError);
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
    const log = logFile(file, onError);
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
    const log = logFile(file, onError);
    log.write("one");
    await until(() => onError.mock.calls.length === 1);
    unlinkSync(file);
    later(2_000);
    log.write("two");
    await until(() => existsSync(file) && readFileSync(file, "utf8").endsWith("two\n"));
    const filled = logFile("/dev/full", onError);
    filled.write("three");
    await until(() => onError.mock.calls.length === 2);
    await Promise.all([log.close(), filled.close()]);
  });
});

describe("a pipe as a log file", () => {
  it("that nobody reads blocks nothing, and is written to once somebody does", async () => {
    const file = fifo();
    const onError = vi.fn();
    const log = logFile(file, onError);
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
    const log = logFile(file, onError);
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
    const log = logFile(file, onError);
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
    const log = logFile(device, onError, 1);
    log.write("one");
    log.write("two");
    await log.close();
    expect(onError).not.toHaveBeenCalled();
  });
});
