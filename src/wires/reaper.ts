import { type ChildProcess, spawn } from "node:child_process";

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

const watched = new Set<number>();
let reaper: ChildProcess | undefined;

/** Makes sure that the group ends with this program, even if the program is killed with SIGKILL. POSIX only. */
export function watchGroup(pid: number): void {
  watched.add(pid);
  if (reaper) reaper.stdin?.write(`+ ${pid}\n`);
  else startReaper();
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

/** Starts it before the first process is spawned, so that no process is ever without it. */
export function startReaper(): void {
  if (reaper || process.platform === "win32") return;
  // Detached: Ctrl-C goes to the terminal's group, and the reaper must outlive that.
  const child = spawn("/bin/sh", ["-c", SCRIPT], {
    stdio: ["pipe", "ignore", "ignore"],
    detached: true,
    env: { PATH: process.env.PATH ?? "/usr/bin:/bin" },
  });
  reaper = child;
  child.on("error", () => {});
  child.stdin.on("error", () => {});
  child.once("exit", () => {
    if (reaper !== child) return;
    // Race: somebody killed the reaper while groups are watched; they get a new one.
    reaper = undefined;
    if (watched.size > 0) startReaper();
  });
  child.unref();
  (child.stdin as unknown as { unref(): void }).unref();
  for (const pid of watched) child.stdin.write(`+ ${pid}\n`);
}

function stopReaper(): void {
  const child = reaper;
  reaper = undefined;
  child?.stdin?.end();
}
