// A task of 30 s on a server of each era, while its connection is cut five times and the calling program is killed twice:
// npm run soak:tasks [-- --seconds 30]. The modern server is FastMCP with its tasks extension: .ci/tasks/bin/python, or PYTHON.
// Exit code 1 where there is not one result, or the tool did not run once.
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { survive } from "../test/fixtures/task-survival.mjs";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const { values } = parseArgs({ options: { seconds: { type: "string", default: "30" } } });
const ms = Number(values.seconds) * 1000;
const python = process.env.PYTHON ?? here("../.ci/tasks/bin/python");

const servers = [
  {
    name: "SDK 1, 2025-11-25",
    command: process.execPath,
    args: [here("../test/fixtures/task-server.mjs")],
    era: "legacy",
  },
  ...(existsSync(python)
    ? [
        {
          name: "FastMCP, 2026-07-28",
          command: python,
          args: [here("../test/fixtures/task-server.py")],
          era: "auto",
        },
      ]
    : []),
];
if (servers.length < 2) console.log(`no ${python}: without the modern server`);

for (const { name, ...server } of servers) {
  const { results, runs, kept, cuts, kills, seconds } = await survive({ ...server, ms });
  const ok = results.length === 1 && runs === 1 && kept === 0;
  if (!ok) process.exitCode = 1;
  console.log(
    `${ok ? "✓" : "✗"} ${name}: ${seconds.toFixed(1)} s, ${cuts} cuts, ${kills} kills: ${results.length} result, the tool ran ${runs} times, ${kept} tasks left in the store`,
  );
}
