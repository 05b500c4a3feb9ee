// Runs Stryker over the machines, the connections, the sign-in, the sessions, the wires and the composite, group by group, each against
// the tests that are quick to notice its mutants (vitest.mutation.config.ts), and prints what survived.
// `node scripts/mutation.mjs [group...]`
import { spawnSync } from "node:child_process";
import { copyFileSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../", import.meta.url));
const wires = (...names) => names.map((name) => `src/wires/${name}.ts`);

/** What a composite has on connections. */
const connected = [
  "config-transport",
  "gateway-wire",
  "lazy",
  "member",
  "member-session",
  "members",
  "opening",
].map((name) => `src/composite/${name}.ts`);

const GROUPS = {
  machines: ["src/machines/*.ts", "!src/machines/{edges,mermaid}.ts"],
  composite: ["src/composite/*.ts", ...connected.map((file) => `!${file}`)],
  "composite-members": connected,
  session: ["src/session/*.ts"],
  connection: ["src/connection/**/*.ts"],
  auth: ["src/auth/**/*.ts"],
  wires: [
    ...wires("close-codes", "era-probe", "environment", "guard", "lines", "log-file", "lost", "memory"),
    ...wires("messages", "ring"),
  ],
  "wires-http": wires("agent", "http", "network"),
  "wires-sse": wires("http/sse-wire", "http/sse-endpoint"),
  "wires-websocket": wires("websocket"),
  "wires-stdio": wires("process-group", "reaper", "stdio"),
};

const asked = process.argv.slice(2);
const total = { killed: 0, all: 0 };
const percent = ({ killed, all }) => `${((100 * killed) / Math.max(1, all)).toFixed(1)} % of ${all}`;

for (const group of asked.length > 0 ? asked : Object.keys(GROUPS)) {
  const startedAt = Date.now();
  const args = ["stryker", "run", "--concurrency", "1", "--ignoreStatic", "-m", GROUPS[group].join(",")];
  const env = { ...process.env, HOLDFAST_MUTATE: group };
  const { status } = spawnSync("npx", args, { cwd: root, env, stdio: ["ignore", "ignore", "inherit"] });
  if (status !== 0) throw new Error(`stryker ended with ${status} in the group ${group}`);
  const report = `${root}reports/mutation/${group}.json`;
  copyFileSync(`${root}reports/mutation/mutation.json`, report);
  console.log(`${group}: ${Math.round((Date.now() - startedAt) / 1000)} s`);
  for (const [file, { mutants }] of Object.entries(JSON.parse(readFileSync(report, "utf8")).files)) {
    const count = (...kinds) => mutants.filter((mutant) => kinds.includes(mutant.status)).length;
    const score = { killed: count("Killed", "Timeout") };
    score.all = score.killed + count("Survived", "NoCoverage");
    if (score.all === 0) continue;
    total.killed += score.killed;
    total.all += score.all;
    console.log(`  ${file}: ${percent(score)}`);
    for (const { status, location, mutatorName, replacement } of mutants)
      if (status === "Survived" || status === "NoCoverage")
        console.log(
          `    ${location.start.line}: ${mutatorName} -> ${replacement.replace(/\s+/g, " ").slice(0, 60)}`,
        );
  }
}
console.log(`in all: ${percent(total)}`);
