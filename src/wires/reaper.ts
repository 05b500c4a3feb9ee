import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { unref } from "../base/unref.js";
import { systemClock } from "../machines/clock.js";

/**
 * Reads "+ ID" and "- ID" lines; when its stdin ends, which happens whatever kills the parent, it ends the
 * process groups that are left. Plain POSIX sh, nothing but builtins and `sleep`.
 */
const SCRIPT = `
groups=
while read -r op id; do
  case $op in
    +) groups="$groups $id" ;;
    -) kept=; for g in $groups; do [ "$g" = "$id" ] || kept="$kept $g"; done; groups=$kept ;;
  esac
done
[ -n "$groups" ] || exit 0
for g in $groups; do kill -s TERM -- "-$g" 2>/dev/null; done
sleep 0.5
for g in $groups; do kill -s KILL -- "-$g" 2>/dev/null; done
exit 0
`;

/** A reaper that ended, and could not be started anew, is tried again after so long. */
const AGAIN_MS = 1000;

const watched = new Set<number>();
let reaper: ChildProcess | undefined;
let again: unknown;

/** Makes sure that the group ends with this program, even if the program is killed with SIGKILL. POSIX only. */
export function watchGroup(pid: number): void {
  watched.add(pid);
  if (reaper) reaper.stdin?.write(`+ ${pid}\n`);
  else replaceReaper();
}

/** To be called as soon as the group is gone, because its number may be given out again. */
export function forgetGroup(pid: number): void {
  if (!watched.delete(pid)) return;
  reaper?.stdin?.write(`- ${pid}\n`);
  stopIdleReaper();
}

/** Ends it when there is nothing to watch, also where the process that it was started for did not start. */
export function stopIdleReaper(): void {
  if (watched.size === 0) stopReaper();
}

/**
 * Starts it before the first process is spawned, so that no process is ever without it. Rejects with what the system
 * said where it does not stand; the next call tries again.
 */
export async function startReaper(): Promise<void> {
  if (reaper || process.platform === "win32") return;
  // Detached: Ctrl-C goes to the terminal's group, and the reaper must outlive that.
  const child = spawn("/bin/sh", ["-c", SCRIPT], {
    stdio: ["pipe", "ignore", "ignore"],
    detached: true,
    // Whatever the PATH of this program is: only `sleep` is looked for.
    env: { PATH: "/usr/bin:/bin:/run/current-system/sw/bin" },
  });
  if (child.pid === undefined) throw (await once(child, "error"))[0];
  reaper = child;
  child.on("error", () => {});
  child.stdin.on("error", () => {});
  child.once("exit", () => {
    if (reaper !== child) return;
    // Race: somebody killed the reaper while groups are watched; they get a new one.
    reaper = undefined;
    if (watched.size > 0) replaceReaper();
  });
  child.unref();
  // Bun and Deno have none on this stream.
  unref(child.stdin);
  for (const pid of watched) child.stdin.write(`+ ${pid}\n`);
}

/** Nobody waits for this one, so it is tried until it stands or there is nothing left to watch. */
function replaceReaper(): void {
  systemClock.clearTimeout(again);
  startReaper().catch(() => {
    if (watched.size > 0) again = systemClock.setTimeout(replaceReaper, AGAIN_MS);
  });
}

function stopReaper(): void {
  const child = reaper;
  reaper = undefined;
  systemClock.clearTimeout(again);
  child?.stdin?.end();
}
