import { readdirSync, readFileSync } from "node:fs";
import { groupOf } from "../wires/processes.js";

/** The memory of each of these processes and of all in its group, in bytes (RSS). Linux only: elsewhere nothing is known. */
export function memoryOf(pids: readonly number[]): ReadonlyMap<number, number> {
  const bytes = new Map<number, number>();
  if (process.platform !== "linux") return bytes;
  const wanted = new Set(pids);
  for (const name of readdirSync("/proc")) {
    const pid = Number(name);
    if (!Number.isInteger(pid)) continue;
    const group = groupOf(pid);
    if (group === undefined || !wanted.has(group)) continue;
    bytes.set(group, (bytes.get(group) ?? 0) + residentOf(pid));
  }
  return bytes;
}

const residentOf = (pid: number): number =>
  Number(/^VmRSS:\s+(\d+) kB/m.exec(read(pid, "status"))?.[1] ?? 0) * 1024;

function read(pid: number, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, "utf8");
  } catch {
    // It ended while we looked.
    return "";
  }
}
