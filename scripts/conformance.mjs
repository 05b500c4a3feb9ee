// The official conformance tool against a holdfast session, for both revisions: npm run conformance [-- --only 2026-07-28]
// Compares with conformance/baseline.json. Exit code 1 where a scenario fails that is not named there, and where one
// named there passes. A scenario that ran no check counts as failed, though the tool prints a tick.
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { parseResults, TOOL } from "./conformance/results.mjs";

const REVISIONS = ["2025-11-25", "2026-07-28"];

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const { values } = parseArgs({ options: { only: { type: "string" }, verbose: { type: "boolean" } } });
const baseline = JSON.parse(readFileSync(here("./conformance/baseline.json"), "utf8"));

/** The tool needs Node 22 or newer; the client runs on the Node of this process. */
async function run(revision) {
  const output = mkdtempSync(join(tmpdir(), "holdfast-conformance-"));
  const client = `${process.execPath} ${here("./conformance/client.mjs")}`;
  const tool = ["client", "--requirements", revision, "--output-dir", output, "--command", client];
  const child = spawn("npx", ["-y", "-p", "node@24", "-p", TOOL, "conformance", ...tool], {
    stdio: ["ignore", "pipe", values.verbose ? "inherit" : "ignore"],
  });
  let text = "";
  for await (const chunk of child.stdout) {
    text += chunk;
    if (values.verbose) process.stdout.write(chunk);
  }
  rmSync(output, { recursive: true, force: true });
  return text;
}

let wrong = 0;
for (const revision of values.only ? [values.only] : REVISIONS) {
  const results = parseResults(await run(revision));
  const known = baseline[revision] ?? {};
  console.log(`\n${revision}`);
  for (const { name, passed, ok, scored } of results) {
    const expected = known[name];
    const verdict = ok
      ? expected
        ? "passes, and the baseline says that it fails: take it out"
        : "passes"
      : passed === 0 && !expected
        ? "FAILS (no check passed)"
        : expected
          ? `fails, as known: ${expected}`
          : "FAILS";
    if (ok === (expected !== undefined)) wrong++;
    console.log(`  ${ok ? "✓" : "✗"} ${name}${scored ? "" : " (not scored)"}: ${passed} checks, ${verdict}`);
  }
  const scored = results.filter((result) => result.scored);
  const passing = scored.filter(({ ok }) => ok).length;
  console.log(
    `  ${passing} of ${scored.length} scored scenarios pass, ${results.length - scored.length} are not scored`,
  );
  if (scored.length === 0) wrong++;
}
console.log(
  wrong === 0
    ? "\nconformance: as the baseline says"
    : `\nconformance: ${wrong} results differ from the baseline`,
);
process.exitCode = wrong === 0 ? 0 : 1;
