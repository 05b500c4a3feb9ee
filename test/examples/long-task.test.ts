import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { startTaskServer } from "../fixtures/task-survival.mjs";
import { fixture } from "../support/fixtures.js";
import { temporary } from "../support/temporary.js";

const example = fileURLToPath(new URL("../../examples/long-task.mjs", import.meta.url));

it("the example of docs/tasks.md calls a tool as a task, and leaves an empty store of its own", async () => {
  const folder = temporary();
  const server = await startTaskServer(process.execPath, [fixture("task-server.mjs")], {});
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [example, server.url, "fail"], {
      cwd: folder,
    });
    expect(stdout).toMatch(/^failed $/m);
    expect(stdout).toMatch(/^result: it failed$/m);
    expect(JSON.parse(readFileSync(join(folder, "tasks.json"), "utf8")).tasks).toEqual([]);
  } finally {
    await server.stop();
  }
});
