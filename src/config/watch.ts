import { type FSWatcher, watch } from "node:fs";
import { basename, dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { systemClock } from "../machines/clock.js";
import { stampOf } from "./replace-file.js";

/** An editor writes in several steps. Events less than this apart count as one change. */
const SETTLE_MS = 100;

/**
 * Calls `onChange` after each change of a file, one call at a time. It watches the folder, because many editors replace the
 * file by a new one. Returns a function that ends it. It does not keep the program alive.
 */
export function watchFile(path: string | URL, onChange: () => Promise<void>): () => void {
  const file = path instanceof URL ? fileURLToPath(path) : path;
  let timer: unknown;
  let last = stampOf(file);
  let running: Promise<void> | undefined;
  let stopped = false;
  const settle = () => {
    systemClock.clearTimeout(timer);
    timer = systemClock.setTimeout(check, SETTLE_MS);
  };
  const check = () => {
    if (stopped) return;
    // Race: the file changes again while `onChange` runs for the last change. Look again later.
    if (running) return settle();
    const now = stampOf(file);
    // While an editor replaces the file, there may be none for a moment.
    if (now === undefined || now === last) return;
    last = now;
    running = onChange().finally(() => {
      running = undefined;
    });
  };
  const watcher: FSWatcher = watch(dirname(file), { persistent: false }, (_event, name) => {
    if (name === null || name === basename(file)) settle();
  });
  watcher.on("error", () => {});
  return () => {
    stopped = true;
    systemClock.clearTimeout(timer);
    watcher.close();
  };
}
