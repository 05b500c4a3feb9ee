import { readdirSync, readFileSync } from "node:fs";
import { groupOf } from "../wires/processes.js";

/** What processes take of the machine. */
export interface Usage {
  /** Bytes (RSS). */
  memory: number;
  /** The CPU time that they had since they began. */
  cpuMs: number;
}

/** Linux counts CPU time in hundredths of a second, whatever its kernel's clock. */
const TICK_MS = 10;

/** What each of these processes takes, and all in its group. Linux only: elsewhere nothing is known. */
export function usageOf(pids: readonly number[]): ReadonlyMap<number, Usage> {
  const found = new Map<number, Usage>();
  if (process.platform !== "linux") return found;
  const wanted = new Set(pids);
  for (const name of readdirSync("/proc")) {
    const pid = Number(name);
    if (!Number.isInteger(pid)) continue;
    const group = groupOf(pid);
    if (group === undefined || !wanted.has(group)) continue;
    const { memory, cpuMs } = found.get(group) ?? { memory: 0, cpuMs: 0 };
    found.set(group, { memory: memory + residentOf(pid), cpuMs: cpuMs + cpuOf(pid) });
  }
  return found;
}

const residentOf = (pid: number): number =>
  Number(/^VmRSS:\s+(\d+) kB/m.exec(read(pid, "status"))?.[1] ?? 0) * 1024;

function cpuOf(pid: number): number {
  const stat = read(pid, "stat");
  // After the name, which may hold anything. The 12th and 13th there are the time in the program and in the kernel.
  const [user = 0, system = 0] = stat
    .slice(stat.lastIndexOf(")") + 2)
    .split(" ")
    .slice(11, 13)
    .map(Number);
  return (user + system) * TICK_MS;
}

function read(pid: number, name: "stat" | "status"): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, "utf8");
  } catch {
    // It ended while we looked.
    return "";
  }
}
