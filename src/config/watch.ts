import { type FSWatcher, statSync, watch } from "node:fs";
import { basename, dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { systemClock } from "../machines/clock.js";

/** An editor writes in several steps; a burst of them is one change. */
const SETTLE_MS = 100;

/**
 * Calls `onChange` after each change of a file, one call at a time. The folder is what is watched, because editors
 * replace the file by another one. Returns what ends it; holds no program alive.
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
    // Race: it changed while the last change was being applied; that is looked at afterwards.
    if (running) return settle();
    const now = stampOf(file);
    // Between the two halves of a replacement there is no file.
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

function stampOf(file: string): string | undefined {
  const stat = statSync(file, { throwIfNoEntry: false });
  return stat && `${stat.ino} ${stat.mtimeMs} ${stat.size}`;
}
