import { closeSync, openSync } from "node:fs";
import { devNull } from "node:os";
import { messageOf } from "./errors.js";

/** So many files Node may open at once for one of our modules and what it imports. */
const FILES = 32;

/**
 * Loads modules with their first use, so that a program that never uses them does not pay for them. Nothing is read while the
 * program is out of descriptors: Node 20 remembers for good that a module could not be read.
 * @throws Error where there are no descriptors; the next use tries again
 */
export function loader<T>(load: () => Promise<T>): () => Promise<T> {
  let loading: Promise<T> | undefined;
  return async () => {
    if (!loading) {
      needDescriptors();
      loading = load();
    }
    return loading;
  };
}

function needDescriptors(): void {
  const taken: number[] = [];
  try {
    while (taken.length < FILES) taken.push(openSync(devNull, "r"));
  } catch (cause) {
    const advice = "close what is not needed, or raise the limit (ulimit -n)";
    throw new Error(`this program has no file descriptors left: ${advice} (${messageOf(cause)})`, { cause });
  } finally {
    for (const descriptor of taken) closeSync(descriptor);
  }
}
