import { readdirSync, readFileSync } from "node:fs";
import { livingOf } from "../wires/processes.js";

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
    const living = livingOf(pid);
    if (!living || !wanted.has(living.group)) continue;
    const { group, ticks } = living;
    const { memory, cpuMs } = found.get(group) ?? { memory: 0, cpuMs: 0 };
    found.set(group, { memory: memory + residentOf(pid), cpuMs: cpuMs + ticks * TICK_MS });
  }
  return found;
}

function residentOf(pid: number): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024;
  } catch {
    // It ended while we looked.
    return 0;
  }
}
