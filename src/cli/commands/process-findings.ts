import { readdirSync, readFileSync } from "node:fs";
import { DAEMON_MARK } from "../../internal.js";
import type { Finding } from "./finding.js";

/** A process of this user. */
export interface Process {
  pid: number;
  /** Its command line. */
  words: string[];
  /** The daemon of holdfast that started it, or that it is. */
  daemon: string | undefined;
}

const MARK = `${DAEMON_MARK}=`;

/** The processes of this user, on Linux; elsewhere nobody can see what they were started with. */
export function processesHere(folder = "/proc"): Process[] {
  if (process.platform !== "linux") return [];
  return readdirSync(folder)
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const read = (file: string) => readFileSync(`${folder}/${name}/${file}`, "utf8").split("\0");
        const mark = read("environ").find((one) => one.startsWith(MARK));
        const words = read("cmdline").slice(0, -1);
        return words.length > 0 ? [{ pid: Number(name), words, daemon: mark?.slice(MARK.length) }] : [];
      } catch {
        // It is another user's, or it has ended.
        return [];
      }
    });
}

/** Servers whose daemon is no more. */
export function orphanFindings(processes: readonly Process[]): Finding[] {
  const isDaemon = ({ words, daemon }: Process) =>
    daemon !== undefined && words.includes("daemon") && words.includes(daemon);
  const alive = new Set(processes.filter(isDaemon).map(({ daemon }) => daemon));
  return processes
    .filter(({ daemon }) => daemon !== undefined && !alive.has(daemon))
    .map(({ pid, words }) => ({
      what: `process ${pid} (${words.slice(0, 3).join(" ")}) is left of a daemon of holdfast that is gone`,
      next: `kill ${pid}`,
    }));
}
