import { describe, expect, it, onTestFinished } from "vitest";
import { leftBehind } from "../../src/wires/detached.js";
import { lives } from "../support/fixtures.js";
import { until } from "../support/settling.js";
import { says, shell } from "../support/stdio-wire.js";

/** A server that starts processes in sessions of their own, says their pids, and goes with its stdin. */
async function withDaemons(daemons: string[], options: Parameters<typeof shell>[1] = {}) {
  // The shell of a session of its own says its pid, and becomes the daemon.
  const scripts = daemons.map((daemon, i) => [`DAEMON_${i}`, `${says("$$")}; ${daemon}`]);
  const starts = scripts.map(([name]) => `setsid sh -c "$${name}" < /dev/null 2> /dev/null &`);
  const made = shell(`${starts.join("\n")}\n exec cat > /dev/null`, {
    closeTimeoutMs: 1_000,
    env: { PATH: "/usr/bin:/bin", ...Object.fromEntries(scripts) },
    ...options,
  });
  await made.wire.start();
  await until(() => made.heard.length === daemons.length);
  const pids = made.heard.map(({ method }) => Number(method));
  onTestFinished(() => {
    for (const pid of pids) if (lives(pid)) process.kill(pid, "SIGKILL");
  });
  return { ...made, pids };
}

const DAEMON = "exec sleep 30";
const STUBBORN = 'trap "" TERM; while :; do sleep 0.05; done';

describe.skipIf(process.platform !== "linux")("what a server started in a session of its own", () => {
  it("is left, and named when the connection is closed", async () => {
    const { wire, warn, pids } = await withDaemons([DAEMON]);
    await wire.close();
    expect(warn.mock.calls).toEqual([
      [
        `the server left running what it had started in a session of its own: ${pids[0]} (sleep); endDetached: true ends that too`,
      ],
    ]);
    expect(lives(pids[0]!)).toBe(true);
  });

  it("is named where the server ended before", async () => {
    const { wire, warn, pids, closed } = await withDaemons([DAEMON]);
    process.kill(wire.pid!, "SIGKILL");
    await closed;
    await wire.close();
    expect(warn).toHaveBeenCalledExactlyOnceWith(expect.stringContaining(`${pids[0]} (sleep)`));
  });

  it("ends with it where that is wished: by a signal, or for good", async () => {
    const { wire, warn, pids } = await withDaemons([DAEMON, DAEMON, STUBBORN], { endDetached: true });
    await wire.close();
    expect(pids.filter(lives)).toEqual([]);
    expect(warn).not.toHaveBeenCalled();
  });

  it("is no other server's, and nothing is said where there is none", async () => {
    const other = await withDaemons([DAEMON]);
    const { wire, warn } = await withDaemons([], { endDetached: true });
    await wire.close();
    expect(warn).not.toHaveBeenCalled();
    expect(lives(other.pids[0]!)).toBe(true);
    expect(lives(other.wire.pid!)).toBe(true);
  });
});

describe("the warning of what was left", () => {
  it("names the first five", () => {
    const left = Array.from({ length: 7 }, (_, i) => ({ pid: 100 + i, name: "d" }));
    expect(leftBehind(left)).toContain("100 (d), 101 (d), 102 (d), 103 (d), 104 (d) and 2 more; ");
    expect(leftBehind(left.slice(0, 5))).toContain("104 (d); ");
  });
});
