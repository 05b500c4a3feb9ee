import { spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { createInterface } from "node:readline";
import { DAEMON_MARK } from "../base/daemon-mark.js";
import { untilAborted, withDeadline } from "../base/wait.js";
import { MARK } from "../wires/processes.js";
import { ownLine, type Ready } from "./hello.js";

export interface StartOptions {
  key: string;
  /** The program of holdfast, and its arguments for a daemon. */
  args: readonly string[];
  cwd: string;
  log: string;
}

/** Whoever starts a daemon holds the lock meanwhile. */
const START_MS = 60_000;

/**
 * Starts a daemon that outlives this process, its terminal and its group.
 * @throws Error with what the daemon says of why it does not stand
 */
export async function startDaemon({ key, args, cwd, log }: StartOptions): Promise<void> {
  mkdirSync(dirname(log), { recursive: true, mode: 0o700 });
  // What Node itself says of its end goes there, too.
  const stderr = openSync(log, "a", 0o600);
  const child = spawn(process.execPath, args, {
    cwd,
    detached: true,
    windowsHide: true,
    // It outlives the host's server that started it, and is no longer of it: a host that is holdfast ends what carries its mark.
    env: { ...process.env, [MARK]: undefined, [DAEMON_MARK]: key },
    stdio: ["ignore", "pipe", stderr],
  });
  closeSync(stderr);
  const said = createInterface({ input: child.stdout! });
  const first = new Promise<Partial<Ready> | undefined>((resolve, reject) => {
    said.once("line", (line) => resolve(ownLine<Ready>(line)));
    child.once("error", reject);
    child.once("close", (code, signal) =>
      resolve({ failed: `the daemon ended before it stood (${signal ?? `exit code ${code}`}); see ${log}` }),
    );
  });
  const expired = () => {
    child.kill("SIGKILL");
    return new Error(`the daemon did not stand within ${START_MS / 1_000} s; see ${log}`);
  };
  try {
    const ready = await withDeadline({ ms: START_MS, expired }, (over) => untilAborted(first, over));
    if (ready?.failed !== undefined) throw new Error(ready.failed);
  } finally {
    said.close();
    child.stdout!.destroy();
    child.unref();
  }
}
