// What this program holds: counted from the system, so that handles that are unref'd count too.
import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** Every living descendant of this process, without those in `except` and what is below them. */
export function processes(except = []) {
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
    return parent !== undefined && (parent === process.pid || below(parent));
  };
  return [...parents.keys()].filter(below);
}

/** Open descriptors by kind. */
export function handles() {
  const kinds = readdirSync("/proc/self/fd").map((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).replace(/:.*/, "");
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
