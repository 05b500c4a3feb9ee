import { type ChildProcess, spawn } from "node:child_process";
import { appendFileSync, mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { describe, expect, it, onTestFinished } from "vitest";
import { LogFile } from "../../src/wires/log-file.js";
import { until } from "../support/settling.js";
import { MAIN } from "../support/shared.js";
import { temporary } from "../support/temporary.js";

/** `holdfast logs -f` on the log of a daemon that has ended. */
function following() {
  const directory = temporary();
  const [run, logs] = [join(directory, "holdfast"), join(directory, "logs")];
  for (const folder of [run, logs]) mkdirSync(folder, { mode: 0o700 });
  const log = join(logs, "k.log");
  const manifest = { key: "0123456789abcdef", pid: 1, socket: join(run, "k.sock"), config: "/mcp.json", log };
  writeFileSync(join(run, "0123456789abcdef.json"), JSON.stringify(manifest));
  writeFileSync(log, "");
  const env = { PATH: process.env["PATH"]!, HOME: directory, XDG_RUNTIME_DIR: directory };
  const child: ChildProcess = spawn(process.execPath, [MAIN, "logs", "mcp.json", "-f"], {
    env,
    stdio: "pipe",
  });
  const closed = new Promise((resolve) => child.once("close", resolve));
  onTestFinished(async () => {
    child.kill();
    await closed;
  });
  const seen: string[] = [];
  for (const stream of [child.stdout!, child.stderr!])
    createInterface({ input: stream }).on("line", (line) => seen.push(line));
  return { log, seen, has: (line: string) => until(() => seen.includes(line)) };
}

describe("holdfast logs -f", () => {
  it("goes on while the log is away, with its last lines and with the next one", async () => {
    const { log, seen, has } = following();
    appendFileSync(log, "one\n");
    await has("one");
    renameSync(log, `${log}.1`);
    appendFileSync(`${log}.1`, "two\nthr");
    await has("two");
    writeFileSync(log, "four\n");
    await has("four");
    appendFileSync(`${log}.1`, "ee\n");
    await has("three");
    appendFileSync(log, "five é\n");
    await has("five é");
    expect(seen).toEqual(["one", "two", "four", "three", "five é"]);
  });

  it("prints each line once, however often the log turns over", async () => {
    const { log, seen, has } = following();
    const file = new LogFile(log, (error) => expect.fail(error.message), 4_096);
    onTestFinished(() => file.close());
    const written: string[] = [];
    for (let round = 0; round < 20; round++) {
      // Less than a file: none turns over twice before it was read.
      for (let n = 0; n < 30; n++) {
        written.push(`${round} ${n} ${"x".repeat(80)}`);
        file.write(written.at(-1)!);
      }
      await has(written.at(-1)!);
      await until(() => seen.length >= written.length);
    }
    expect(seen.toSorted()).toEqual(written.toSorted());
  });
});
