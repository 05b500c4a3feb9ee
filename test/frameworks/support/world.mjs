// A server that is a real process, and what its processes did; the suite kills them while a framework talks to them.
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { NodeStdioTransport } from "holdfast";

export const SERVER = fileURLToPath(new URL("../../fixtures/lingering-server.mjs", import.meta.url));

/** What a call made that was not answered: the code and outcome which holdfast put into the error. */
export const LOST = { code: "CONNECTION_LOST", outcome: "unknown" };

export async function until(condition) {
  while (!condition()) await pause(10);
}

/** Whether a process lives; a zombie does not. */
function lives(pid) {
  try {
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}

export function makeWorld() {
  const directory = mkdtempSync(join(tmpdir(), "holdfast-frameworks-"));
  const log = join(directory, "log");
  const env = { FIXTURE_LOG: log };
  const transport = new NodeStdioTransport({ scriptPath: SERVER, name: "fixture", env });
  const lines = () => (existsSync(log) ? readFileSync(log, "utf8").trim().split("\n") : []);
  const pids = () =>
    lines().flatMap((line) => (line.startsWith("start ") ? [Number(line.slice("start ".length))] : []));
  const alive = () => pids().filter(lives);
  return {
    transport,
    server: { command: process.execPath, args: [SERVER], env },
    count: (word) => lines().filter((line) => line === word).length,
    starts: () => pids().length,
    alive,
    /** Kills every process of the server, and waits for their ends. */
    async kill() {
      const killed = alive();
      for (const pid of killed) process.kill(pid, "SIGKILL");
      await until(() => !killed.some(lives));
      return killed.length;
    },
    async end() {
      await transport.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
