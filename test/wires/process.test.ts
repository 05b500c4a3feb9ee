import { type ChildProcess, spawn } from "node:child_process";
import { EventEmitter, once } from "node:events";
import { afterEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { endGroup, groupGone, pause, signalGroup } from "../../src/wires/process-group.js";
import { forgetGroup, startReaper, stopIdleReaper, watchGroup } from "../../src/wires/reaper.js";
import { lives } from "../support/fixtures.js";
import { until } from "../support/settling.js";

vi.mock("node:child_process", async (original) => {
  const real = await original<typeof import("node:child_process")>();
  return { ...real, spawn: vi.fn(real.spawn) };
});

/** A shell in a group of its own, once it has printed something. */
async function group(script: string) {
  const child = spawn("/bin/sh", ["-c", `${script}`], {
    detached: true,
    stdio: ["ignore", "pipe", "ignore"],
  });
  onTestFinished(() => void signalGroup(child.pid!, "SIGKILL"));
  const [said] = await once(child.stdout!, "data");
  return { pid: child.pid!, child, said: String(said).trim() };
}

const timed = async <T>(work: Promise<T>) => {
  const startedAt = performance.now();
  const result = await work;
  return { result, ms: performance.now() - startedAt };
};

const STUBBORN = "trap '' TERM; echo ready; for i in $(seq 500); do sleep 0.01; done";

describe("a process group", () => {
  it("is signalled as a whole", async () => {
    const { pid, said, child } = await group("sleep 9 & echo $!; wait");
    expect(signalGroup(pid, 0)).toBe(true);
    const gone = once(child, "exit");
    expect(signalGroup(pid, "SIGTERM")).toBe(true);
    await gone;
    await until(() => !lives(Number(said)));
  });

  it("that is not there is not signalled", () => {
    expect(signalGroup(4_000_000, "SIGTERM")).toBe(false);
  });

  it("of somebody else lives", () => {
    const kill = vi.spyOn(process, "kill");
    kill.mockImplementation(() => {
      throw Object.assign(new Error("not yours"), { code: "EPERM" });
    });
    expect(signalGroup(4_000_000, "SIGTERM")).toBe(true);
    expect(kill).toHaveBeenCalledExactlyOnceWith(-4_000_000, "SIGTERM");
    kill.mockRestore();
  });

  it("is gone at once where it is, and is waited for where it is not", async () => {
    const { pid } = await group("echo ready; sleep 0.2");
    expect(await timed(groupGone(pid, 0))).toMatchObject({ result: false });
    expect(await groupGone(pid, 50_000)).toBe(true);
    expect(await groupGone(pid, 0)).toBe(true);
  });

  it("is waited for no longer than asked", async () => {
    const { pid } = await group("echo ready; sleep 60");
    const { result, ms } = await timed(groupGone(pid, 60));
    expect(result).toBe(false);
    expect(ms).toBeGreaterThanOrEqual(55);
  });

  it("lives while one of it does, though its leader is gone", async () => {
    const { pid, child } = await group("sleep 60 & echo ready; exec sleep 60");
    const gone = once(child, "exit");
    child.kill("SIGKILL");
    await gone;
    expect(await groupGone(pid, 20)).toBe(false);
    signalGroup(pid, "SIGKILL");
    expect(await groupGone(pid, 50_000)).toBe(true);
  });

  it("is ended politely, then firmly, then for good", async () => {
    const polite = await group("echo ready; sleep 0.05");
    const signals = vi.spyOn(process, "kill");
    const sent = () => signals.mock.calls.map(([, signal]) => signal).filter((signal) => signal !== 0);
    await endGroup(polite.pid, 50_000, 2_000);
    expect(sent()).toEqual([]);
    const firm = await group("echo ready; sleep 60");
    await endGroup(firm.pid, 20, 50_000);
    expect(sent()).toEqual(["SIGTERM"]);
    const stubborn = await group(STUBBORN);
    await endGroup(stubborn.pid, 0, 40);
    expect(sent()).toEqual(["SIGTERM", "SIGTERM", "SIGKILL"]);
    await until(() => !lives(stubborn.pid));
    signals.mockRestore();
  });

  it("is given a moment", async () => {
    expect((await timed(pause(20))).ms).toBeGreaterThanOrEqual(18);
  });

  it("is a tree on Windows, which its own tool ends", async () => {
    vi.spyOn(process, "platform", "get").mockReturnValue("win32");
    const kill = vi.spyOn(process, "kill").mockReturnValue(true);
    const started = vi.mocked(spawn);
    started.mockClear();
    started.mockImplementation((() => ({ on: () => ({ unref: () => {} }) })) as never);
    expect(signalGroup(7, "SIGTERM")).toBe(true);
    expect(signalGroup(7, "SIGKILL")).toBe(true);
    const options = { stdio: "ignore", windowsHide: true };
    const taskkill = expect.stringMatching(/^[A-Z]:\\.*\\System32\\taskkill\.exe$/);
    expect(started.mock.calls).toEqual([
      [taskkill, ["/pid", "7", "/T"], options],
      [taskkill, ["/pid", "7", "/T", "/F"], options],
    ]);
    expect(kill).not.toHaveBeenCalled();
    expect(signalGroup(7, 0)).toBe(true);
    expect(kill).toHaveBeenCalledExactlyOnceWith(7, 0);
    await startReaper();
    expect(started).toHaveBeenCalledTimes(2);
    vi.restoreAllMocks();
  });
});

describe("the reaper", () => {
  const reapers = () => vi.mocked(spawn).mock.results.map(({ value }) => value as ChildProcess);
  /** What a reaper was started for begins anew with each test. */
  const fresh = async () => {
    const real = await vi.importActual<typeof import("node:child_process")>("node:child_process");
    vi.mocked(spawn).mockReset().mockImplementation(real.spawn);
  };
  afterEach(() => stopIdleReaper());

  it("is one, and goes when there is nothing to watch", async () => {
    await fresh();
    await startReaper();
    await startReaper();
    watchGroup(4_000_001);
    watchGroup(4_000_002);
    expect(reapers()).toHaveLength(1);
    const [reaper] = reapers();
    forgetGroup(4_000_001);
    forgetGroup(4_000_001);
    stopIdleReaper();
    await pause(20);
    expect(reaper!.exitCode).toBeNull();
    expect(reaper!.stdin!.writableEnded).toBe(false);
    const gone = once(reaper!, "exit");
    forgetGroup(4_000_002);
    expect(await gone).toEqual([0, null]);
  });

  it("goes where what it was started for did not start, and forgetting that is nothing", async () => {
    await fresh();
    await startReaper();
    const gone = once(reapers()[0]!, "exit");
    forgetGroup(4_000_003);
    stopIdleReaper();
    expect(await gone).toEqual([0, null]);
    expect(reapers()).toHaveLength(1);
  });

  it("ends the groups that are left when its program is gone, and no other", async () => {
    const [kept, left, stubborn] = [
      await group("echo x; sleep 9"),
      await group("echo x; sleep 9"),
      await group(STUBBORN),
    ];
    await fresh();
    for (const { pid } of [kept, left, stubborn]) watchGroup(pid);
    forgetGroup(kept.pid);
    const [reaper] = reapers();
    expect(vi.mocked(spawn).mock.calls[0]![2]).toMatchObject({
      detached: true,
      stdio: ["pipe", "ignore", "ignore"],
      // Not of this program: whoever is first on its PATH would run when it is gone.
      env: { PATH: expect.stringMatching(/^\/usr\/bin:\/bin\b/) },
    });
    // As its program's death would.
    const gone = once(reaper!, "exit");
    reaper!.stdin!.end();
    await until(() => !lives(left.pid));
    await until(() => !lives(stubborn.pid));
    await gone;
    expect(lives(kept.pid)).toBe(true);
    for (const { pid } of [left, stubborn]) forgetGroup(pid);
    await endGroup(kept.pid, 0, 500);
  });

  it("that is killed is replaced while there is something to watch, which the next one knows", async () => {
    const left = await group("echo x; sleep 9");
    await fresh();
    watchGroup(left.pid);
    reapers()[0]!.kill("SIGKILL");
    await until(() => reapers().length === 2);
    const gone = once(reapers()[1]!, "exit");
    reapers()[1]!.stdin!.end();
    await until(() => !lives(left.pid));
    forgetGroup(left.pid);
    await gone;
  });

  it("that was let go does not take the next one with it", async () => {
    await fresh();
    watchGroup(4_000_004);
    const gone = once(reapers()[0]!, "exit");
    forgetGroup(4_000_004);
    watchGroup(4_000_005);
    await gone;
    await pause(10);
    expect(reapers()).toHaveLength(2);
    const last = once(reapers()[1]!, "exit");
    forgetGroup(4_000_005);
    await last;
  });

  it("that is killed is not replaced where there is nothing to watch", async () => {
    await fresh();
    await startReaper();
    const [reaper] = reapers();
    const gone = once(reaper!, "exit");
    reaper!.kill("SIGKILL");
    await gone;
    await pause(10);
    expect(reapers()).toHaveLength(1);
    await startReaper();
    expect(reapers()).toHaveLength(2);
  });

  /** What Node makes of a process for which no descriptor is left: no pid, no pipes, and an error to come. */
  const failing = (code: string) => {
    const child = new EventEmitter();
    const error = Object.assign(new Error(`spawn /bin/sh ${code}`), { code });
    process.nextTick(() => child.emit("error", error));
    return child as ChildProcess;
  };

  it.each(["EMFILE", "ENFILE", "EAGAIN", "ENOENT"])(
    "that does not start says so, ends no program, and is tried again: %s",
    async (code) => {
      await fresh();
      vi.mocked(spawn).mockImplementationOnce(() => failing(code));
      await expect(startReaper()).rejects.toMatchObject({ code });
      await startReaper();
      expect(reapers()).toHaveLength(2);
      const gone = once(reapers()[1]!, "exit");
      stopIdleReaper();
      await gone;
    },
  );

  it("that Node itself does not start, as where there is no memory, says so too", async () => {
    await fresh();
    vi.mocked(spawn).mockImplementationOnce(() => {
      throw Object.assign(new Error("spawn ENOMEM"), { code: "ENOMEM" });
    });
    await expect(startReaper()).rejects.toMatchObject({ code: "ENOMEM" });
  });

  it("that is killed, and cannot be replaced at once, is replaced when that is possible, and knows its groups", async () => {
    const left = await group("echo x; sleep 9");
    await fresh();
    watchGroup(left.pid);
    const [first] = reapers();
    vi.mocked(spawn).mockImplementationOnce(() => failing("EMFILE"));
    first!.kill("SIGKILL");
    await until(() => reapers().length === 3);
    const gone = once(reapers()[2]!, "exit");
    reapers()[2]!.stdin!.end();
    await until(() => !lives(left.pid));
    forgetGroup(left.pid);
    await gone;
  });

  it("is not tried again when nothing is watched any more", async () => {
    await fresh();
    watchGroup(4_000_006);
    const [first] = reapers();
    vi.mocked(spawn).mockImplementationOnce(() => failing("EMFILE"));
    const gone = once(first!, "exit");
    first!.kill("SIGKILL");
    await gone;
    await until(() => reapers().length === 2);
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    forgetGroup(4_000_006);
    await vi.advanceTimersByTimeAsync(5_000);
    vi.useRealTimers();
    expect(reapers()).toHaveLength(2);
  });

  it("stands where pipes cannot be let go of, as in Bun and Deno", async () => {
    await fresh();
    const real = vi.mocked(spawn).getMockImplementation()!;
    vi.mocked(spawn).mockImplementationOnce((...given) => {
      const child = real(...given);
      Object.assign(child.stdin!, { unref: undefined });
      return child;
    });
    await startReaper();
    const gone = once(reapers()[0]!, "exit");
    stopIdleReaper();
    expect(await gone).toEqual([0, null]);
  });
});
