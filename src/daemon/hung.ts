import { readFileSync } from "node:fs";
import { messageOf } from "../base/errors.js";
import { pause, untilAborted, withDeadline } from "../base/wait.js";
import { systemClock } from "../machines/clock.js";
import { groupOf } from "../wires/processes.js";
import type { Greeted } from "./greet.js";
import { DRAIN_MS } from "./hello.js";

/** A daemon that ends closes its servers when what runs is answered, each within 5 s. One that takes longer hangs. */
const END_MS = DRAIN_MS + 10_000;
/** How often a process that was killed is looked at. */
const LOOK_MS = 20;

/**
 * Waits until a daemon that was asked to end has let go of the connection, which it keeps until all is done. One that hangs is
 * killed. False: it was.
 * @throws the signal's reason where it fires before that
 * @throws Error with what to do where it hangs and cannot be killed
 */
export async function whenEnded(
  { socket, welcome }: Greeted,
  key: string,
  signal?: AbortSignal,
): Promise<boolean> {
  const letGo = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  socket.resume();
  const limit = { ms: END_MS, expired: () => new Error("it hangs"), signals: [signal] };
  try {
    await withDeadline(limit, (over) => untilAborted(letGo, over));
    return true;
  } catch {
    signal?.throwIfAborted();
    await killDaemon(welcome.pid, key);
    return false;
  } finally {
    socket.destroy();
  }
}

/**
 * Ends a daemon that answers no more. Its servers end by themselves, and its shims start the next one.
 * @throws Error with what to do, where nobody can tell whether the process is that daemon: only Linux says what a process is
 */
export async function killDaemon(pid: number, key: string): Promise<void> {
  if (!isDaemon(pid, key))
    throw new Error(`the daemon of process ${pid} hangs; end it yourself: kill -9 ${pid}`);
  try {
    process.kill(pid, "SIGKILL");
  } catch (cause) {
    throw new Error(`the daemon of process ${pid} hangs, and cannot be ended: ${messageOf(cause)}`, {
      cause,
    });
  }
  while (isDaemon(pid, key)) await pause(systemClock, LOOK_MS);
}

/** The id of a process that ended is given to another one. */
function isDaemon(pid: number, key: string): boolean {
  if (process.platform !== "linux" || groupOf(pid) === undefined) return false;
  try {
    const words = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
    return words.includes("daemon") && words.includes(key);
  } catch {
    return false;
  }
}
