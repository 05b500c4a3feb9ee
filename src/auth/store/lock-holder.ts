import { createHash } from "node:crypto";
import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";
import { codeOf } from "../../base/errors.js";

/** A process that holds a lock or wants to. */
export interface LockHolder {
  /** Where its pid means something, as 12 hex digits: host, and on Linux this boot of it and the pid namespace. */
  place: string;
  pid: number;
  /** When it started, in ticks since the boot; 0: the system does not say. Tells it from a later process of its pid. */
  start: number;
}

let self: LockHolder | undefined;

/** This process. */
export function thisHolder(): LockHolder {
  self ??= { place: place(), pid: process.pid, start: statOf(process.pid)?.start ?? 0 };
  return self;
}

/** Whether it certainly lives no more. Nothing is certain of a process of another place. */
export function isDead(holder: LockHolder): boolean {
  if (holder.place !== thisHolder().place) return false;
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    // EPERM: it lives, and is another user's.
    return codeOf(error) === "ESRCH";
  }
  const stat = statOf(holder.pid);
  if (!stat) return false;
  // A killed process whose parent has not asked for its end is a zombie, which a signal still finds.
  return stat.state === "Z" || (holder.start !== 0 && stat.start !== holder.start);
}

/** What Linux says of a process; undefined: it says nothing, or this is another system. */
function statOf(pid: number): { state: string; start: number } | undefined {
  const stat = textOf(() => readFileSync(`/proc/${pid}/stat`, "utf8"));
  // After the name, which may hold anything: the third field and those after it.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const start = Number(fields[19]);
  return start > 0 ? { state: fields[0] ?? "", start } : undefined;
}

/** Containers may share the host's name, and hosts a name, but not the pids. */
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
