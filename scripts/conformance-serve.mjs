// The official server scenarios through `holdfast serve`, in the four pairs of eras: npm run conformance:serve [-- --verbose]
// The same server is asked alone over HTTP first, in the era of the client, then behind serve as a stdio server that is spoken to
// in the other era of the pair. Exit code 1 where a scenario that it passes alone fails through serve and is not named in
// conformance/losses.json, where one that is named there passes, and where the server does not have full marks alone.
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { parseResults, TOOL } from "./conformance/results.mjs";

const REVISIONS = { legacy: "2025-11-25", modern: "2026-07-28" };
/** Some checks give a server half a second, which a busy machine may not have. What fails each time fails. */
const TRIES = 3;

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const SDK_1 = here("../test/fixtures/conformance-server.mjs");
const SDK_2 = here("../test/fixtures/conformance-2-server.mjs");
const PAIRS = [
  ["legacy", "legacy", SDK_1],
  ["legacy", "modern", SDK_2],
  ["modern", "legacy", SDK_2],
  ["modern", "modern", SDK_2],
];
const losses = JSON.parse(readFileSync(here("./conformance/losses.json"), "utf8"));
const { values } = parseArgs({ options: { verbose: { type: "boolean" } } });

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

async function ask(url, era) {
  const output = mkdtempSync(join(tmpdir(), "holdfast-conformance-"));
  const tool = ["server", "--requirements", REVISIONS[era], "--output-dir", output, "--url", url];
  const child = spawn("npx", ["-y", "-p", "node@24", "-p", TOOL, "conformance", ...tool], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  let text = "";
  for await (const chunk of child.stdout) text += chunk;
  rmSync(output, { recursive: true, force: true });
  return parseResults(text);
}

/** What passes, once; `enough` says whether it is worth another try. */
async function score(url, era, enough) {
  let best = await ask(url, era);
  for (let tries = 1; tries < TRIES && !enough(best); tries++) {
    const again = await ask(url, era);
    best = best.map((one) => again.find(({ name, ok }) => ok && name === one.name) ?? one);
  }
  return best;
}

const alone = new Map();
async function scoreAlone(server, era) {
  const key = `${server} ${era}`;
  const full = (results) => results.length > 0 && results.every(({ scored, ok }) => ok || !scored);
  if (!alone.has(key))
    alone.set(key, await withServed([server], { PORT: "0" }, (url) => score(url, era, full)));
  return alone.get(key);
}

let wrong = 0;
const lines = [];
for (const [client, upstream, server] of PAIRS) {
  const pair = `${client} → ${upstream}`;
  const direct = await scoreAlone(server, client);
  const lostIn = (results) =>
    direct.filter(({ name, ok }) => ok && !results.some((one) => one.name === name && one.ok));
  const known = losses[pair];
  const serve = ["serve", "--http", "127.0.0.1:0", "--era", upstream, "--", process.execPath, server];
  const through = await withServed([here("../dist/cli/main.js"), ...serve], {}, (url) =>
    score(url, client, (results) => lostIn(results).every(({ name }) => name in known)),
  );
  const lost = lostIn(through).map(({ name }) => name);
  console.log(`\n${pair}`);
  for (const { name, ok, scored } of direct) {
    const passes = through.some((result) => result.name === name && result.ok);
    const verdict = lost.includes(name)
      ? known[name]
        ? `lost, as known: ${known[name]}`
        : "LOST through serve"
      : !passes
        ? "fails alone"
        : known[name]
          ? "passes, and losses.json says that it is lost: take it out"
          : "passes";
    const isWrong = verdict.startsWith("LOST") || (scored && !ok) || (passes && name in known);
    if (isWrong) wrong++;
    if (values.verbose || verdict !== "passes")
      console.log(`  ${passes ? "✓" : "✗"} ${name}${scored ? "" : " (not scored)"}: ${verdict}`);
  }
  const scored = direct.filter((result) => result.scored);
  const marks = (results) =>
    results.filter(({ name, ok }) => ok && scored.some((one) => one.name === name)).length;
  if (scored.length === 0) wrong++;
  lines.push(
    `  ${pair}: ${scored.length} scored scenarios, alone ${marks(direct)}, through holdfast serve ${marks(through)}`,
  );
}
console.log(`\nconformance of a server, by the eras of client → server:\n${lines.join("\n")}`);
console.log(wrong === 0 ? "as losses.json says" : `${wrong} results differ from losses.json`);
process.exitCode = wrong === 0 ? 0 : 1;
