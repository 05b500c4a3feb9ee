import { codeOf } from "../base/errors.js";
/** Kills a process and the group that it leads; false if it is gone already. */
export function killProcess(pid: number): boolean {
  for (const target of [-pid, pid]) {
    try {
      process.kill(target, "SIGKILL");
      return true;
    } catch {
      // It leads no group, or it is gone.
    }
  }
  return false;
}

/** Whether the process, or one of its group, is still there. */
export function isAlive(pid: number): boolean {
  return [-pid, pid].some((target) => {
    try {
      process.kill(target, 0);
      return true;
    } catch (error) {
      return codeOf(error) === "EPERM";
    }
  });
}
