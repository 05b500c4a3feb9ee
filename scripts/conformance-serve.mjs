// The official server scenarios through `holdfast serve`: npm run conformance:serve
// The same server is asked alone over HTTP first, then behind serve as a stdio server. Exit code 1 where a scenario that it
// passes alone fails through serve, and where it does not have full marks alone.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseResults, TOOL } from "./conformance/results.mjs";

const REVISION = "2025-11-25";
const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const SERVER = here("../test/fixtures/conformance-server.mjs");

/** Starts what says `serving URL` on stderr; `use` gets the URL. */
async function withServed(args, env, use) {
  const child = spawn(process.execPath, args, {
    env: { ...process.env, ...env },
    stdio: ["ignore", "ignore", "pipe"],
  });
  const exited = new Promise((resolve) => child.once("exit", resolve));
  const url = new Promise((resolve, reject) => {
    createInterface({ input: child.stderr }).on("line", (line) => {
      const [, said] = /^serving (http\S+)/.exec(line) ?? [];
      if (said) resolve(said);
    });
    child.once("exit", (code) => reject(new Error(`${args.join(" ")}: exit code ${code} before it served`)));
  });
  try {
    return await use(await url);
  } finally {
    child.kill("SIGTERM");
    await exited;
  }
}

async function score(url) {
  const output = mkdtempSync(join(tmpdir(), "holdfast-conformance-"));
  const tool = ["server", "--requirements", REVISION, "--output-dir", output, "--url", url];
  const child = spawn("npx", ["-y", "-p", "node@24", "-p", TOOL, "conformance", ...tool], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  let text = "";
  for await (const chunk of child.stdout) text += chunk;
  rmSync(output, { recursive: true, force: true });
  return parseResults(text);
}

const alone = await withServed([SERVER], { PORT: "0" }, score);
const served = ["serve", "--http", "127.0.0.1:0", "--", process.execPath, SERVER];
const through = await withServed([here("../dist/cli/main.js"), ...served], {}, score);

let wrong = 0;
for (const { name, ok, scored } of alone) {
  const passes = through.some((result) => result.name === name && result.ok);
  const lost = ok && !passes;
  if (lost || (scored && !ok)) wrong++;
  const words = lost ? "LOST through serve" : passes ? "passes" : "fails alone";
  console.log(`  ${passes ? "✓" : "✗"} ${name}${scored ? "" : " (not scored)"}: ${words}`);
}
const scored = alone.filter((result) => result.scored);
const marks = (results) =>
  results.filter(({ name, ok }) => ok && scored.some((one) => one.name === name)).length;
console.log(`\nconformance of a server, ${REVISION}, of ${scored.length} scored scenarios:`);
console.log(`  alone ${marks(alone)}, through holdfast serve ${marks(through)}, differences ${wrong}`);
process.exitCode = wrong === 0 && scored.length > 0 ? 0 : 1;
