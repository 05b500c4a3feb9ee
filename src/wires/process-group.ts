import { spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { systemClock } from "../machines/clock.js";

const POLL_MS = 15;

/** Signals a whole process group, on Windows the tree below the process. False when it is gone. */
export function signalGroup(pid: number, signal: NodeJS.Signals | 0): boolean {
  if (process.platform === "win32" && signal !== 0) return killTree(pid, signal === "SIGKILL");
  try {
    return process.kill(process.platform === "win32" ? pid : -pid, signal);
  } catch (error) {
    // EPERM: something of the group lives that is not ours to signal.
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** Windows knows no signals and no groups; its own tool walks the tree. */
function killTree(pid: number, force: boolean): true {
  const args = ["/pid", String(pid), "/T", ...(force ? ["/F"] : [])];
  spawn("taskkill", args, { stdio: "ignore", windowsHide: true })
    .on("error", () => {})
    .unref();
  return true;
}

/**
 * Whether the group has a member that is more than a zombie. In a container whose first process reaps nobody, the
 * zombies of grandchildren stay for ever, and a signal still finds them.
 */
function groupLives(pid: number): boolean {
  if (!signalGroup(pid, 0)) return false;
  if (process.platform !== "linux") return true;
  return readdirSync("/proc").some((entry) => {
    if (!/^\d+$/.test(entry)) return false;
    try {
      const stat = readFileSync(`/proc/${entry}/stat`, "utf8");
      // After the name, which may hold anything: state, parent, group.
      const [state, , group] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      return Number(group) === pid && state !== "Z";
    } catch {
      return false;
    }
  });
}

/** Waits until nothing of the group lives, at most `ms`. True when it is gone. */
export async function groupGone(pid: number, ms: number): Promise<boolean> {
  const until = systemClock.now() + ms;
  while (groupLives(pid)) {
    if (systemClock.now() >= until) return false;
    await pause(POLL_MS);
  }
  return true;
}

export const pause = (ms: number) => new Promise<void>((resolve) => systemClock.setTimeout(resolve, ms));

/**
 * Ends a process group: waits `politeMs` for it to end by itself, then SIGTERM and `termMs`, then SIGKILL.
 * Settles when nothing of it is left, or shortly after the kill.
 */
export async function endGroup(pid: number, politeMs: number, termMs: number): Promise<void> {
  if (await groupGone(pid, politeMs)) return;
  signalGroup(pid, "SIGTERM");
  if (await groupGone(pid, termMs)) return;
  signalGroup(pid, "SIGKILL");
  await groupGone(pid, 1000);
}
