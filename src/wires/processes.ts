import { readdirSync, readFileSync } from "node:fs";
import { setImmediate } from "node:timers/promises";
import { codeOf } from "../base/errors.js";

/** So many processes are looked at in one step, which takes a millisecond or two; then the program goes on. */
const STEP = 64;

/** The variable by which a process is known that a server started, in whatever session or group. */
export const MARK = "MCP_SPAWN_ID";
const MARKED = new RegExp(`(?:^|\\0)${MARK}=([^\\0]*)`);

export interface MarkedProcess {
  pid: number;
  /** The name of its program. */
  name: string;
}

/** Whether the process is a member of the group, and more than a zombie. Throws where nobody can tell. Linux only. */
export const isMember = (pid: number, group: number): boolean => groupOf(pid) === group;

/** A living member of the group, if there is any. Rejects where nobody can tell. Linux only. */
export const memberOf = async (group: number): Promise<number | undefined> => (await members()).get(group);

/** The living processes that carry this mark in their environment. Linux only. */
export const markedBy = async (mark: string): Promise<MarkedProcess[]> => (await marked()).get(mark) ?? [];

const members = shared(async () => {
  const found = new Map<number, number>();
  await eachProcess((pid) => {
    const group = groupOf(pid);
    if (group !== undefined) found.set(group, pid);
  });
  return found;
});

const marked = shared(async () => {
  const found = new Map<string, MarkedProcess[]>();
  await eachProcess((pid) => {
    const mark = MARKED.exec(read(pid, "environ") ?? "")?.[1];
    if (mark === undefined) return;
    const process = { pid, name: read(pid, "comm")?.trim() ?? "" };
    found.set(mark, [...(found.get(mark) ?? []), process]);
  });
  return found;
});

async function eachProcess(visit: (pid: number) => void): Promise<void> {
  const pids = readdirSync("/proc").map(Number).filter(Number.isInteger);
  for (let at = 0; at < pids.length; at += STEP) {
    if (at > 0) await setImmediate();
    for (const pid of pids.slice(at, at + STEP)) visit(pid);
  }
}

/** A process that lives: its group, and the CPU time that it had, in the kernel's ticks. */
export function livingOf(pid: number): { group: number; ticks: number } | undefined {
  const stat = read(pid, "stat");
  if (stat === undefined) return undefined;
  // After the name, which may hold anything: state, parent, group; 12th and 13th the time in the program and in the kernel.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [state, , group] = fields;
  if (state === "Z" || state === "X") return undefined;
  return { group: Number(group), ticks: Number(fields[11]) + Number(fields[12]) };
}

export const groupOf = (pid: number): number | undefined => livingOf(pid)?.group;

const GONE_OR_NOT_OURS = new Set(["ENOENT", "ESRCH", "EACCES", "EPERM"]);

function read(pid: number, name: "stat" | "environ" | "comm"): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${name}`, "utf8");
  } catch (error) {
    if (GONE_OR_NOT_OURS.has(codeOf(error) ?? "")) return undefined;
    throw error;
  }
}

/**
 * One look for all who ask at the same time. Who asks during a look gets the next one: it may have passed already what
 * they ask about.
 */
function shared<T>(look: () => Promise<T>): () => Promise<T> {
  let running: Promise<T> | undefined;
  let next: Promise<T> | undefined;
  const begin = () => {
    next = undefined;
    const now = Promise.resolve().then(look);
    running = now;
    const over = () => {
      if (running === now) running = undefined;
    };
    now.then(over, over);
    return now;
  };
  return () => {
    if (!running) return begin();
    next ??= running.then(begin, begin);
    return next;
  };
}
