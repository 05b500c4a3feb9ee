import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import { gate } from "./credentials.js";

const FIXTURE = fileURLToPath(new URL("../fixtures/credential-writer.mjs", import.meta.url));

/** A program that updates a store; it waits for `go`. Needs `dist`. */
export interface Writer {
  ready: Promise<void>;
  go(): void;
  /** When it begins to save for the first time; never, where it is killed before. */
  saves: Promise<void>;
  kill(): void;
  /** Its exit code, and its output: every number that it began to save, and every one that was saved. */
  end: Promise<{ code: number | null; began: number[]; saved: number[] }>;
}

export function startWriter(directory: string, server: string, times: number | "endless"): Writer {
  const child: ChildProcess = spawn(process.execPath, [FIXTURE, directory, server, String(times)], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  let output = "";
  const saves = gate();
  child.stdout?.setEncoding("utf8").on("data", (chunk: string) => {
    output += chunk;
    if (output.includes("+")) saves.open();
  });
  child.stdin?.on("error", () => {});
  const numbers = (sign: string) =>
    output
      .split("\n")
      .filter((line) => line.startsWith(sign))
      .map((line) => Number(line.slice(1)));
  return {
    ready: once(child.stdout!, "data").then(() => {}),
    saves: saves.opened,
    go: () => void child.stdin?.write("go\n"),
    kill: () => void child.kill("SIGKILL"),
    end: once(child, "close").then(([code]) => ({ code, began: numbers("+"), saved: numbers("=") })),
  };
}
