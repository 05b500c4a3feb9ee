import { type ChildProcess, type ChildProcessByStdio, spawn as spawnVerbatim } from "node:child_process";
import { once } from "node:events";
import { existsSync, statSync } from "node:fs";
import type { Readable, Writable } from "node:stream";
import spawn from "cross-spawn";
import { codeOf, messageOf } from "../base/errors.js";
import { systemProgram } from "../base/system-program.js";
import type { Failure } from "../machines/failure.js";
import { batchArguments, findProgram, isBatch, isPath } from "./windows.js";

export interface CommandLine {
  command: string;
  args: readonly string[];
  env: Record<string, string>;
  cwd: string | undefined;
  /** What to do where the command is not installed. */
  install: string | undefined;
}

export type ServerProcess = ChildProcessByStdio<Writable, Readable, Readable> & { pid: number };

/** The machine lacks something for a moment: descriptors, processes, memory; or the program is being written anew. */
const PASSING = new Set(["EMFILE", "ENFILE", "EAGAIN", "ENOMEM", "EBUSY", "ETXTBSY"]);
/** Everything on the machine wants what it lacks, so it is asked for again soon, and by nobody in the same instant. */
const SOONEST_MS = 500;

/**
 * Starts a process in a group of its own. `taken` is called in the very tick in which there is a process, so that nobody can
 * miss it. Rejects where there is none, whatever Node makes of that.
 */
export async function spawnServer(line: CommandLine, taken: (child: ServerProcess) => void): Promise<void> {
  const child = process.platform === "win32" ? startOnWindows(line) : start(line);
  if (child.pid === undefined) throw (await once(child, "error"))[0];
  // A signal that finds nobody is no reason to end the program.
  child.on("error", () => {});
  taken(child as ServerProcess);
}

const start = ({ command, args, env, cwd }: CommandLine): ChildProcess =>
  spawn(command, [...args], {
    env,
    ...(cwd !== undefined && { cwd }),
    detached: process.platform !== "win32",
    windowsHide: true,
    stdio: "pipe",
  });

function startOnWindows(line: CommandLine): ChildProcess {
  const { command, args, env, cwd } = line;
  const isFile = (path: string) => statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
  const program = findProgram(command, { ...env, PATHEXT: process.env["PATHEXT"] }, isFile);
  // Node itself would go on to look in the current folder.
  if (!program && !isPath(command))
    throw Object.assign(new Error(`${command} was not found`), { code: "ENOENT" });
  if (!program || !isBatch(program)) return start({ ...line, command: program ?? command });
  return spawnVerbatim(systemProgram("cmd.exe"), batchArguments(program, args), {
    env,
    ...(cwd !== undefined && { cwd }),
    windowsHide: true,
    windowsVerbatimArguments: true,
    stdio: "pipe",
  });
}

/** Whether the same would work a moment later, though nobody changed anything. */
export const isPassing = (error: unknown): boolean => PASSING.has(codeOf(error) ?? "");

/** What a fault of this machine means for an attempt. A server that was reached before is worth another one. */
export function machineFailure(error: unknown, message: string): Failure {
  const details = { exitCode: null, signal: null };
  if (isPassing(error))
    return { code: "SPAWN_FAILED", message, details, retryAfterMs: SOONEST_MS * (1 + Math.random()) };
  return { code: "SPAWN_FAILED", message, details, fatal: true, unlessReached: true };
}

export function spawnFailure(error: unknown, { command, cwd, install }: CommandLine): Failure {
  const code = codeOf(error);
  const named = `the command ${JSON.stringify(command)}`;
  if (code === "ENOENT" && cwd !== undefined && !existsSync(cwd))
    return machineFailure(error, `the directory ${JSON.stringify(cwd)} is not there any more`);
  const advice = /\s/.test(command) ? "Put its arguments into args: no shell splits them" : install;
  if (code === "ENOENT")
    return machineFailure(error, `${named} was not found. ${advice ?? "Is it installed, and on PATH?"}`);
  if (code === "EACCES") return machineFailure(error, `${named} may not be run (no permission)`);
  const where = cwd ? ` in ${cwd}` : "";
  return machineFailure(error, `${named} could not be started${where} (${code ?? messageOf(error)})`);
}
