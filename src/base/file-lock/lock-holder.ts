import { createHash } from "node:crypto";
import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";
import { codeOf } from "../errors.js";

/** A process that holds a lock, or wants it. */
export interface LockHolder {
  /** Where its pid is valid, as 12 hex digits: the host, and on Linux also the boot and the pid namespace. */
  place: string;
  pid: number;
  /** When it started, in ticks since the boot; 0: unknown. A later process with the same pid has another start. */
  start: number;
}

let self: LockHolder | undefined;

/** This process. */
export function thisHolder(): LockHolder {
  self ??= { place: place(), pid: process.pid, start: statOf(process.pid)?.start ?? 0 };
  return self;
}

/** Whether the process is certainly dead. A process in another place never is: its pid means nothing here. */
export function isDead(holder: LockHolder): boolean {
  if (holder.place !== thisHolder().place) return false;
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    // EPERM would mean that it is alive, and another user's.
    return codeOf(error) === "ESRCH";
  }
  const stat = statOf(holder.pid);
  if (!stat) return false;
  // A zombie (state Z) is dead, but a signal still finds it until its parent has read its exit code.
  return stat.state === "Z" || (holder.start !== 0 && stat.start !== holder.start);
}

/** What Linux says about a process. Undefined: there is no such process, or this is another system. */
function statOf(pid: number): { state: string; start: number } | undefined {
  const stat = textOf(() => readFileSync(`/proc/${pid}/stat`, "utf8"));
  // The second field is the name, which may hold spaces and brackets, so the text is split after it.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const start = Number(fields[19]);
  return start > 0 ? { state: fields[0] ?? "", start } : undefined;
}

/** Names this host, this boot and this pid namespace. A host name alone is not enough: two containers may share it. */
function place(): string {
  const parts = [
    hostname(),
    textOf(() => readFileSync("/proc/sys/kernel/random/boot_id", "utf8")),
    textOf(() => readlinkSync("/proc/self/ns/pid")),
  ];
  return createHash("sha256").update(parts.join("\n")).digest("hex").slice(0, 12);
}

function textOf(read: () => string): string {
  try {
    return read();
  } catch {
    return "";
  }
}
