import type { StoredTask, TaskStore } from "../contract/tasks.js";
import { keptOf } from "./kept.js";

/** A store that ends with the program: at most 1,000 tasks, each until its server forgets it. */
export function memoryTaskStore(): TaskStore {
  let kept: StoredTask[] = [];
  return {
    async list() {
      kept = keptOf(kept, Date.now());
      return structuredClone(kept);
    },
    async update(change) {
      kept = keptOf(structuredClone(change(structuredClone(kept))), Date.now());
    },
  };
}
