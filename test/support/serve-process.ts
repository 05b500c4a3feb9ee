import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import { lives, until } from "./fixtures.js";
import { temporary } from "./temporary.js";

const main = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));

/** `holdfast serve` as a process of its own, over HTTP. */
export interface ServeProcess {
  url: URL;
  pid: number;
  /** What it said on stderr, by lines. */
  said: string[];
  kill(): Promise<void>;
}

export async function serveProcess(args: string[], env: Record<string, string> = {}): Promise<ServeProcess> {
  const child = spawn(process.execPath, [main, "serve", ...args], {
    stdio: ["ignore", "ignore", "pipe"],
    env: { ...process.env, XDG_DATA_HOME: temporary(), ...env },
  });
  const exited = once(child, "exit");
  const pid = child.pid!;
  const kill = async () => {
    if (lives(pid)) child.kill("SIGKILL");
    await exited;
    await until(() => !lives(pid));
  };
  onTestFinished(kill);
  const said: string[] = [];
  let ready: string | undefined;
  for await (const line of createInterface({ input: child.stderr! })) {
    said.push(line);
    [, ready] = /^serving (http\S+)/.exec(line) ?? [];
    if (ready !== undefined) break;
  }
  if (ready === undefined) throw new Error(`holdfast serve ended: ${said.join("\n")}`);
  child.stderr!.resume();
  return { url: new URL(ready), pid, said, kill };
}
