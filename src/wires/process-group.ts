import { spawn } from "node:child_process";
import { codeOf } from "../base/errors.js";
import { systemProgram } from "../base/system-program.js";
import { systemClock } from "../machines/clock.js";
import { isMember, memberOf } from "./processes.js";

const POLL_MS = 15;

/** Signals a whole process group, on Windows the tree below the process. False when it is gone. */
export function signalGroup(pid: number, signal: NodeJS.Signals | 0): boolean {
  if (process.platform === "win32" && signal !== 0) return killTree(pid, signal === "SIGKILL");
  return signalProcess(process.platform === "win32" ? pid : -pid, signal);
}

/** False when nobody of that number is there. */
export function signalProcess(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, signal);
  } catch (error) {
    // EPERM: something lives that is not ours to signal.
    return codeOf(error) === "EPERM";
  }
}

/** Windows knows no signals and no groups; its own tool walks the tree. */
function killTree(pid: number, force: boolean): true {
  const args = ["/pid", String(pid), "/T", ...(force ? ["/F"] : [])];
  spawn(systemProgram("taskkill.exe"), args, { stdio: "ignore", windowsHide: true })
    .on("error", () => {})
    .unref();
  return true;
}

/**
 * A member of the group that lives and is more than a zombie: in a container whose first process reaps nobody, the
 * zombies of grandchildren stay for ever, and a signal still finds them. `seen` is the member that was found last: all
 * processes are gone through only when that one is gone.
 */
async function livingMember(pid: number, seen: number): Promise<number | undefined> {
  if (!signalGroup(pid, 0)) return undefined;
  if (process.platform !== "linux") return pid;
  try {
    return isMember(seen, pid) ? seen : await memberOf(pid);
  } catch {
    // No descriptor is free to look with.
    return pid;
  }
}

/** Waits until nothing of the group lives, at most `ms`. True when it is gone. */
export async function groupGone(pid: number, ms: number): Promise<boolean> {
  const until = systemClock.now() + ms;
  for (let member: number | undefined = pid; ; ) {
    member = await livingMember(pid, member);
    if (member === undefined) return true;
    if (systemClock.now() >= until) return false;
    await pause(POLL_MS);
  }
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
