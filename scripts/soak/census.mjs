// What a program holds: counted from the system, so that handles that are unref'd count too.
import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** Every living descendant of a process, without those in `except` and what is below them. */
export function processes(except = [], root = process.pid) {
  const parents = new Map();
  for (const entry of readdirSync("/proc")) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      const stat = readFileSync(`/proc/${entry}/stat`, "utf8");
      const [state, parent] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      if (state !== "Z") parents.set(Number(entry), Number(parent));
    } catch {
      // It ended while we looked.
    }
  }
  const below = (pid) => {
    if (except.includes(pid)) return false;
    const parent = parents.get(pid);
    return parent !== undefined && (parent === root || below(parent));
  };
  return [...parents.keys()].filter(below);
}

/** Open descriptors by kind. */
export function handles(pid = "self") {
  const kinds = readdirSync(`/proc/${pid}/fd`).map((fd) => {
    try {
      return readlinkSync(`/proc/${pid}/fd/${fd}`).replace(/:.*/, "");
    } catch {
      return "gone";
    }
  });
  const count = (kind) => kinds.filter((found) => found === kind).length;
  return { sockets: count("socket"), pipes: count("pipe") };
}

/** Live memory in MB, after a full collection where Node allows it. */
export function heapMB() {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed / 2 ** 20;
}

export const median = (numbers) => {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
};

/** How often each thing was seen. */
export class Tally extends Map {
  add(key) {
    this.set(key, (this.get(key) ?? 0) + 1);
  }

  toString() {
    const sorted = [...this].sort((a, b) => b[1] - a[1]);
    return sorted.map(([key, value]) => `${key} ${value}`).join(", ") || "none";
  }
}
