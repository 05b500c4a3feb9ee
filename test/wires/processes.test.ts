import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { afterEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { endGroup, groupGone, signalGroup } from "../../src/wires/process-group.js";
import { isMember, MARK, markedBy, memberOf } from "../../src/wires/processes.js";
import { lives, until } from "../support/fixtures.js";

vi.mock("node:fs", async (original) => {
  const real = await original<typeof import("node:fs")>();
  return { ...real, readdirSync: vi.fn(real.readdirSync), readFileSync: vi.fn(real.readFileSync) };
});

/** Looks at all processes so far. */
const looks = () => vi.mocked(readdirSync).mock.calls.filter(([path]) => path === "/proc").length;
const readings = () => vi.mocked(readFileSync).mock.calls.length;

afterEach(() => vi.resetAllMocks());

/** A shell in a group of its own, once it has printed something. */
async function group(script: string, env: Record<string, string> = {}) {
  const child: ChildProcess = spawn("/bin/sh", ["-c", script], {
    detached: true,
    stdio: ["ignore", "pipe", "ignore"],
    env: { PATH: "/usr/bin:/bin", ...env },
  });
  onTestFinished(() => void signalGroup(child.pid!, "SIGKILL"));
  const [said] = await once(child.stdout!, "data");
  return { pid: child.pid!, child, said: Number(said) };
}

const STUBBORN = "trap '' TERM; echo 1; for i in $(seq 5000); do sleep 0.01; done";

describe.skipIf(process.platform !== "linux")("the end of a group", () => {
  it("is waited for without a look at any other process, while its leader lives", async () => {
    const stubborn = await Promise.all(Array.from({ length: 5 }, () => group(STUBBORN)));
    vi.clearAllMocks();
    await Promise.all(stubborn.map(({ pid }) => groupGone(pid, 100)));
    expect(looks()).toBe(0);
    await Promise.all(stubborn.map(({ pid }) => endGroup(pid, 0, 50)));
    await until(() => !stubborn.some(({ pid }) => lives(pid)));
  });

  it("of which the leader is gone is waited for by one of the others", async () => {
    const { pid, child, said } = await group("sleep 30 & echo $!; exec sleep 30");
    const gone = once(child, "exit");
    child.kill("SIGKILL");
    await gone;
    expect(await memberOf(pid)).toBe(said);
    expect(isMember(said, pid)).toBe(true);
    vi.clearAllMocks();
    expect(await groupGone(pid, 200)).toBe(false);
    expect(looks()).toBe(1);
  });

  it("has come although its zombies stay, which a signal still finds", async () => {
    // The second sleep never asks what became of the first.
    const { said: zombie } = await group("setsid sleep 0.1 & echo $!; exec sleep 30");
    await until(() => !lives(zombie));
    expect(signalGroup(zombie, 0)).toBe(true);
    expect(await groupGone(zombie, 0)).toBe(true);
  });

  it("is not known where no descriptor is free to look with", async () => {
    const { pid } = await group(STUBBORN);
    const full = () => {
      throw Object.assign(new Error("EMFILE: too many open files"), { code: "EMFILE" });
    };
    vi.mocked(readFileSync).mockImplementation(full);
    vi.mocked(readdirSync).mockImplementation(full);
    expect(await groupGone(pid, 30)).toBe(false);
    await expect(markedBy("x")).rejects.toThrow("EMFILE");
  });
});

describe.skipIf(process.platform !== "linux")("a look at all processes", () => {
  it("is one for all who ask at once, and another for who asks during it", async () => {
    const [first, second] = [markedBy("nobody"), markedBy("nobody")];
    await Promise.resolve();
    await Promise.resolve();
    const during = [markedBy("nobody"), markedBy("nobody")];
    expect(await Promise.all([first, second, ...during])).toEqual([[], [], [], []]);
    expect(looks()).toBeLessThanOrEqual(2);
  });

  it("finds what carries a mark, by its name", async () => {
    const { pid } = await group("echo 1; exec sleep 30", { [MARK]: "of-this-test", X: `${MARK}=another` });
    await until(async () => (await markedBy("of-this-test"))[0]?.name === "sleep");
    expect(await markedBy("of-this-test")).toEqual([{ pid, name: "sleep" }]);
    expect(await markedBy("another")).toEqual([]);
  });

  it("lets the program go on after a few processes", async () => {
    const many = Array.from({ length: 300 }, (_, i) => String(4_000_000 + i));
    vi.mocked(readdirSync).mockReturnValueOnce(many as never);
    const steps: number[] = [];
    let over = false;
    const watching = (async () => {
      for (let before = readings(); !over; before = readings()) {
        await new Promise((resolve) => setImmediate(resolve));
        steps.push(readings() - before);
      }
    })();
    await markedBy("nobody");
    over = true;
    await watching;
    expect(steps.reduce((sum, step) => sum + step, 0)).toBeGreaterThanOrEqual(300);
    expect(Math.max(...steps)).toBeLessThanOrEqual(128);
  });
});
