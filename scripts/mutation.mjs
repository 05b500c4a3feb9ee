// Runs Stryker over the machines, the connections, the sign-in, the sessions, the wires and the composite, group by group, each against
// the tests that are quick to notice its mutants (vitest.mutation.config.ts). Takes file by file, so that each is told as it is done, and
// a run that is ended has told most. Prints what survived.
// `node scripts/mutation.mjs [group | group/file]...`, as in `connection` or `connection/port`
import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
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
  machines: ["src/machines/*.ts", "!src/machines/edges.ts", "!src/machines/mermaid.ts"],
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
const percent = ({ killed, all }) => `${((100 * killed) / Math.max(1, all)).toFixed(1)} % of ${all}`;

/** The files of a group, as git lists them. */
function filesOf(group) {
  const paths = GROUPS[group].map((path) =>
    path[0] === "!" ? `:(exclude)${path.slice(1)}` : `:(glob)${path}`,
  );
  return String(execFileSync("git", ["ls-files", "--", ...paths], { cwd: root }))
    .trim()
    .split("\n");
}

/** Runs the mutants of one file against the tests of its group, and prints what became of them. */
function mutate(group, file) {
  const startedAt = Date.now();
  const args = ["stryker", "run", "--concurrency", "1", "--ignoreStatic", "-m", file];
  const env = { ...process.env, HOLDFAST_MUTATE: group };
  const { status } = spawnSync("npx", args, { cwd: root, env, stdio: ["ignore", "ignore", "inherit"] });
  if (status !== 0) throw new Error(`stryker ended with ${status} at ${file}`);
  const { files } = JSON.parse(readFileSync(`${root}reports/mutation/mutation.json`, "utf8"));
  const mutants = files[file]?.mutants ?? [];
  const having = (...kinds) => mutants.filter((mutant) => kinds.includes(mutant.status));
  const survivors = having("Survived", "NoCoverage");
  const killed = having("Killed", "Timeout").length;
  const score = { killed, all: killed + survivors.length };
  console.log(`  ${file}: ${percent(score)} (${Math.round((Date.now() - startedAt) / 1000)} s)`);
  for (const { location, mutatorName, replacement } of survivors)
    console.log(
      `    ${location.start.line}: ${mutatorName} -> ${replacement.replace(/\s+/g, " ").slice(0, 60)}`,
    );
  return score;
}

const sumOf = (scores) => ({
  killed: scores.reduce((sum, { killed }) => sum + killed, 0),
  all: scores.reduce((sum, { all }) => sum + all, 0),
});

const groups = new Map();
for (const one of asked.length > 0 ? asked : Object.keys(GROUPS)) {
  const [group, ...rest] = one.split("/");
  if (!GROUPS[group]) throw new Error(`there is no group ${group}: ${Object.keys(GROUPS).join(", ")}`);
  const end = `/${rest.join("/")}.ts`;
  const files = filesOf(group).filter((file) => rest.length === 0 || file.endsWith(end));
  if (files.length === 0) throw new Error(`there is no file ${one}`);
  groups.set(group, [...(groups.get(group) ?? []), ...files]);
}

const all = [...groups].map(([group, files]) => {
  console.log(`${group}: ${files.length} files`);
  const score = sumOf(files.map((file) => mutate(group, file)));
  console.log(`${group}: ${percent(score)}`);
  return score;
});
console.log(`in all: ${percent(sumOf(all))}`);
