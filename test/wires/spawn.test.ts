import { closeSync, copyFileSync, mkdtempSync, openSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { isPassing, machineFailure, spawnFailure, spawnServer } from "../../src/wires/spawn.js";
import { rejection } from "../support/settling.js";

const line = (command: string, cwd?: string) => ({
  command,
  args: [],
  env: { PATH: "/usr/bin:/bin" },
  cwd,
  install: undefined,
});
const fault = (code: string) => Object.assign(new Error(code), { code });

describe("a fault of the machine", () => {
  it.each(["EMFILE", "ENFILE", "EAGAIN", "ENOMEM", "EBUSY", "ETXTBSY"])(
    "%s passes: nobody needs to change anything, and it is asked again within a second",
    (code) => {
      const failure = machineFailure(fault(code), "no");
      expect(failure).not.toHaveProperty("fatal");
      expect(failure.retryAfterMs).toBeGreaterThanOrEqual(500);
      expect(failure.retryAfterMs).toBeLessThan(1000);
      expect(isPassing(new Error("wrapped", { cause: fault(code) }))).toBe(true);
    },
  );

  it.each(["ENOENT", "EACCES", "ENOTDIR", "ENOEXEC", "EPERM", "ELOOP", "ENOSPC", "EROFS"])(
    "%s is a mistake, unless the server was reached",
    (code) => {
      expect(machineFailure(fault(code), "no")).toMatchObject({ fatal: true, unlessReached: true });
      expect(machineFailure(fault(code), "no")).not.toHaveProperty("retryAfterMs");
    },
  );
});

describe("a process that does not start", () => {
  it("because its program is being written says so", async () => {
    const directory = mkdtempSync(join(tmpdir(), "holdfast-"));
    onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
    const program = join(directory, "true");
    copyFileSync("/bin/true", program);
    const writing = openSync(program, "r+");
    const taken = vi.fn();
    const error = await rejection(spawnServer(line(program), taken));
    closeSync(writing);
    expect(error).toMatchObject({ code: "ETXTBSY" });
    expect(taken).not.toHaveBeenCalled();
    expect(spawnFailure(error, line(program, "/tmp"))).toMatchObject({
      code: "SPAWN_FAILED",
      message: `the command ${JSON.stringify(program)} could not be started in /tmp (ETXTBSY)`,
    });
  });

  it("is a rejection, and nothing that ends the program", async () => {
    for (const command of ["no-such-command", "/etc/passwd", "/etc/passwd/x"])
      expect(await rejection(spawnServer(line(command), vi.fn()))).toBeInstanceOf(Error);
    expect(spawnFailure(new Error("a line break"), line("x")).message).toContain("(a line break)");
  });
});
