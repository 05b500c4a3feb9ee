// What a start costs: CPU of `import`, and of the command lines that list the tools of a server on stdio, in fresh processes and in
// turns. `start.mjs MCPORTER`, the folder of its package, or `--imports`. Prints JSON: CPU in milliseconds, of the whole tree of processes.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { median, option } from "./options.mjs";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const mcporter = process.argv[2];
const node = process.execPath;
const scratch = mkdtempSync(join(tmpdir(), "holdfast-bench-"));
const config = join(scratch, "mcp.json");
const server = { command: node, args: [here("./smallest-server.mjs"), "stdio"] };
writeFileSync(config, JSON.stringify({ mcpServers: { one: server } }));

/** User and system CPU of a command and of what it waited for. */
function cpuOf(command) {
  const script = 'TIMEFORMAT="%3U %3S"; time "$@" > /dev/null 2> /dev/null';
  const said = execFileSync("bash", ["-c", `{ ${script}; } 2>&1`, "bash", ...command], {
    cwd: here(".."),
    encoding: "utf8",
  });
  const [user, system] = said.trim().split(" ").map(Number);
  return (user + system) * 1000;
}

/** CPU of an import in a fresh process. */
function importCpu(name) {
  const script = `const before = process.cpuUsage();
    await import(${JSON.stringify(name)});
    const { user, system } = process.cpuUsage(before);
    console.log((user + system) / 1000);`;
  const args = ["--input-type=module", "-e", script];
  return Number(execFileSync(node, args, { cwd: here(".."), encoding: "utf8" }));
}

/** The medians of what is measured in turns, and those of the ratios to the first. */
function inTurns(measures, rounds) {
  const names = Object.keys(measures);
  const seen = Object.fromEntries(names.map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) for (const name of names) seen[name].push(measures[name]());
  const ratio = (name) => median(seen[name].map((cpu, i) => cpu / seen[names[0]][i]));
  return Object.fromEntries(names.map((name) => [name, { cpu: median(seen[name]), ratio: ratio(name) }]));
}

const imports = inTurns(
  {
    "@modelcontextprotocol/client": () => importCpu("@modelcontextprotocol/client"),
    "@modelcontextprotocol/sdk": () => importCpu("@modelcontextprotocol/sdk/client/index.js"),
    holdfast: () => importCpu("holdfast"),
  },
  option("--rounds", 11),
);
const tools =
  mcporter !== "--imports" &&
  inTurns(
    {
      "mcporter list": () => cpuOf([node, join(mcporter, "dist/cli.js"), "--config", config, "list", "one"]),
      "holdfast tools": () => cpuOf([node, here("../dist/bundle/cli.js"), "tools", config]),
    },
    option("--rounds", 15),
  );
rmSync(scratch, { recursive: true, force: true });
console.log(JSON.stringify({ imports, tools }));
