import { readdirSync, readlinkSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Lost } from "../../src/wires/lost.js";
import { forgetGroup, startReaper, stopIdleReaper, watchGroup } from "../../src/wires/reaper.js";
import { rejection, settled, until } from "../support/settling.js";
import { says, shell } from "../support/stdio-wire.js";

vi.mock("../../src/wires/reaper.js", () => ({
  forgetGroup: vi.fn(),
  startReaper: vi.fn(),
  stopIdleReaper: vi.fn(),
  watchGroup: vi.fn(),
}));

beforeEach(() => vi.clearAllMocks());
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

describe("the reaper of a process", () => {
  it("watches its group from the start, and forgets it when nothing of it is left", async () => {
    const { wire, closed } = shell("exit 0", { reapOrphans: true });
    await wire.start();
    const pid = wire.pid!;
    expect(startReaper).toHaveBeenCalledTimes(1);
    expect(watchGroup).toHaveBeenCalledExactlyOnceWith(pid);
    expect(stopIdleReaper).not.toHaveBeenCalled();
    await closed;
    expect(forgetGroup).toHaveBeenCalledExactlyOnceWith(pid);
  });

  it("watches nothing where the user wants none", async () => {
    const { wire, closed } = shell("exit 0");
    await wire.start();
    await closed;
    expect(startReaper).not.toHaveBeenCalled();
    expect(watchGroup).not.toHaveBeenCalled();
  });

  it("is ended where the process did not start", async () => {
    const { wire } = shell("", { command: "no-such-command", reapOrphans: true });
    await rejection(wire.start());
    expect(watchGroup).not.toHaveBeenCalled();
    expect(stopIdleReaper).toHaveBeenCalledTimes(1);
    await wire.close();
    expect(forgetGroup).not.toHaveBeenCalled();
  });

  it("that the machine cannot start now fails the attempt, which is worth another one", async () => {
    const code = "EMFILE";
    vi.mocked(startReaper).mockRejectedValueOnce(Object.assign(new Error(code), { code }));
    const { wire, warn } = shell("exec cat", { reapOrphans: true });
    const { failure } = (await rejection(wire.start())) as Lost;
    expect(failure).toMatchObject({ code: "SPAWN_FAILED", retryAfterMs: expect.any(Number) });
    expect(failure.message).toMatch(/ends servers when this program is killed.*EMFILE/);
    expect(failure).not.toHaveProperty("fatal");
    expect(wire.pid).toBeUndefined();
    expect(warn).not.toHaveBeenCalled();
  });

  it("that the machine does not have is a warning, and the server runs", async () => {
    const code = "ENOENT";
    vi.mocked(startReaper).mockRejectedValueOnce(Object.assign(new Error(code), { code }));
    const { wire, warn } = shell("exec cat", { reapOrphans: true });
    await wire.start();
    expect(wire.pid).toBeDefined();
    expect(warn).toHaveBeenCalledExactlyOnceWith(expect.stringMatching(/ENOENT.*would outlive the program$/));
  });

  it("takes its time, in which the wire may be closed: then nothing is started", async () => {
    let stands = () => {};
    const standing = new Promise<void>((resolve) => {
      stands = resolve;
    });
    vi.mocked(startReaper).mockReturnValueOnce(standing);
    const { wire, onclose } = shell("exec cat", { reapOrphans: true });
    const starting = rejection(wire.start());
    await wire.close();
    stands();
    expect(await starting).toMatchObject({ outcome: "not-sent" });
    expect(wire.pid).toBeUndefined();
    expect(onclose).toHaveBeenCalledTimes(1);
    expect(stopIdleReaper).toHaveBeenCalledTimes(1);
  });

  it("watches on while something of the group lives, until the wire is closed", async () => {
    const { wire, closed } = shell("sleep 9 & exit 0", { reapOrphans: true });
    await wire.start();
    await closed;
    expect(forgetGroup).not.toHaveBeenCalled();
    await wire.close();
    expect(forgetGroup).toHaveBeenCalledExactlyOnceWith(wire.pid);
  });
});

describe("a process that is gone", () => {
  it("is not signalled any more: its number may be another's", async () => {
    const { wire, closed } = shell("exit 0");
    await wire.start();
    await closed;
    const kill = vi.spyOn(process, "kill");
    await wire.close();
    expect(kill).not.toHaveBeenCalled();
    kill.mockRestore();
  });
});

describe("a process and its pipes", () => {
  it("keep no program alive", async () => {
    const held = () => process.getActiveResourcesInfo().filter((kind) => /^(Process|Pipe)/.test(kind)).length;
    const before = held();
    const { wire } = shell("exec cat");
    await wire.start();
    expect(held()).toBe(before);
  });

  it("are let go of though a child that escaped holds the other ends", async () => {
    const sockets = () =>
      readdirSync("/proc/self/fd").filter((fd) => {
        try {
          return readlinkSync(`/proc/self/fd/${fd}`).startsWith("socket");
        } catch {
          return false;
        }
      }).length;
    const before = sockets();
    const { wire, heard } = shell(`setsid sleep 0.5 & ${says("x")}; exec cat`);
    await wire.start();
    await until(() => heard.length === 1);
    expect(sockets()).toBeGreaterThan(before);
    await wire.close();
    await settled();
    expect(sockets()).toBe(before);
  });
});

describe("the end of a process is told", () => {
  /** Waits for it with a clock on which no time passes: what is due at once fires, and no deadline does. */
  const ended = async (script: string) => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const made = shell(script);
    await made.wire.start();
    let over = false;
    void made.closed.then(() => {
      over = true;
    });
    while (!over) {
      await settled();
      vi.advanceTimersByTime(0);
    }
    vi.useRealTimers();
    return made;
  };

  it.each([
    ["both its pipes are closed", "exit 4"],
    ["its stdout is, where its stderr was before", "exec 2>&-; sleep 0.03; exit 4"],
    ["it exits, where both were before", "exec 1>&- 2>&-; sleep 0.03; exit 4"],
  ])("as soon as %s", async (_when, script) => {
    const { wire } = await ended(script);
    expect(wire.failure!.message).toBe("it exited with code 4");
  });

  it("not before its stdout was read to its end", async () => {
    const { heard } = await ended(`(exec 2>&-; sleep 0.03; ${says("late")}) & exit 4`);
    expect(heard).toHaveLength(1);
  });

  it("once: what is known first stays", async () => {
    // It ends only once it is asked to: its exit cannot be heard of together with the end of its stdout.
    const { wire, closed } = shell("exec 1>&-; cat >&2; exit 4");
    await wire.start();
    await closed;
    const { failure } = wire;
    expect(failure!.message).toBe("it closed its stdout");
    await wire.close();
    expect(wire.failure).toBe(failure);
  });
});

describe("a process that nobody listens to", () => {
  const GARBAGE = "garbage\\n";
  const MESSAGE = '{"jsonrpc":"2.0","method":"x"}\\n';
  const LARGE = `{"jsonrpc":"2.0","id":1,"result":"${"x".repeat(600)}"}\\n`;

  it.each([
    ["a message", MESSAGE],
    ["an answer that is too large", LARGE],
  ])("is read on after %s", async (_what, said) => {
    const { wire } = shell(`printf '${said}${GARBAGE}'; exec cat`, { maxMessageBytes: 500 });
    wire.onmessage = undefined;
    await wire.start();
    await until(() => vi.mocked(wire.onerror!).mock.calls.length > 0);
  });

  it("is read on after what is no message, and closed", async () => {
    const { wire, heard } = shell(`printf '${GARBAGE}${MESSAGE}'; exec cat`);
    wire.onerror = wire.onclose = undefined;
    await wire.start();
    await until(() => heard.length === 1);
    await wire.close();
  });

  it("is read on after a callback that threw", async () => {
    const lines: string[] = [];
    const { wire, closed } = shell("printf 'one\\ntwo\\n' >&2", {
      onStderr: (line) => {
        lines.push(line);
        throw new Error("oops");
      },
    });
    wire.onerror = undefined;
    await wire.start();
    await closed;
    expect(lines).toEqual(["one", "two"]);
  });
});
