// The official `tasks-*` scenarios of a modern server, alone and through `holdfast serve`: npm run conformance:tasks
// The server is FastMCP with its tasks extension: .ci/tasks/bin/python, or PYTHON. Exit code 1 where a check that it passes alone
// fails through serve, and where there is none.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { TOOL } from "./conformance/results.mjs";

const SCENARIOS = [
  "lifecycle",
  "capability-negotiation",
  "wire-fields",
  "request-state-removal",
  "mrtr-input",
  "request-headers",
  "dispatch-and-envelope",
  "status-notifications",
  "required-task-error",
  "mrtr-composition",
].map((name) => `tasks-${name}`);

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const python = process.env.PYTHON ?? here("../.ci/tasks/bin/python");

/** Starts what says `serving URL` on stdout or stderr. */
async function started(command, args) {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] });
  const url = await new Promise((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr])
      createInterface({ input: stream }).on("line", (line) => {
        const [, said] = /^serving (http\S+)/.exec(line) ?? [];
        if (said) resolve(said);
      });
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`${command}: exit code ${code} before it served`)));
  });
  return { child, url };
}

async function stop({ child }) {
  child.kill("SIGTERM");
  if (child.exitCode === null) await once(child, "exit");
}

/** The checks of one scenario: those that passed, and those that failed. */
async function run(scenario, url) {
  const output = mkdtempSync(join(tmpdir(), "holdfast-conformance-"));
  const tool = ["server", "--url", url, "--scenario", scenario, "--output-dir", output];
  const child = spawn("npx", ["-y", "-p", "node@24", "-p", TOOL, "conformance", ...tool], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  let text = "";
  for await (const chunk of child.stdout) text += chunk;
  rmSync(output, { recursive: true, force: true });
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the colours of a terminal.
  const plain = text.replaceAll(/\x1b\[[0-9;]*m/g, "");
  const checks = [...plain.matchAll(/\[([\w-]+) *\] (SUCCESS|FAILURE|SKIPPED)/g)];
  const named = (word) => checks.filter(([, , end]) => end === word).map(([, name]) => name);
  // One scenario waits for a revision of the tool, and says so.
  return { passed: [...named("SUCCESS"), ...named("SKIPPED")], failed: named("FAILURE") };
}

const server = await started(python, [here("../test/fixtures/conformance-tasks.py")]);
const served = await started(process.execPath, [
  here("../dist/cli/main.js"),
  "serve",
  "--http",
  "127.0.0.1:0",
  server.url,
]);
let lost = 0;
let full = 0;
try {
  for (const scenario of SCENARIOS) {
    const alone = await run(scenario, server.url);
    const through = await run(scenario, served.url);
    const missing = alone.passed.filter((name) => !through.passed.includes(name));
    lost += missing.length + (alone.passed.length === 0 ? 1 : 0);
    if (through.passed.length > 0 && through.failed.length === 0) full++;
    const words = missing.length > 0 ? `LOST through serve: ${missing.join(", ")}` : "as alone";
    console.log(
      `  ${missing.length > 0 ? "✗" : "✓"} ${scenario}: alone ${alone.passed.length} checks passed, ${alone.failed.length} failed; ${words}`,
    );
  }
} finally {
  await stop(served);
  await stop(server);
}
console.log(
  `\nconformance of tasks: ${full} of ${SCENARIOS.length} scenarios pass through holdfast serve, ${lost} checks lost`,
);
process.exitCode = lost === 0 ? 0 : 1;
