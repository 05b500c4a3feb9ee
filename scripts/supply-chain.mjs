// What is wrong with the lockfiles. Needs nothing that is installed, so that it can run before anything is.
// With --advisories also what is known against the packages that are shipped; where nobody can be asked, that is said.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { problemsOf } from "./lint/lockfile.mjs";

const LOCKFILES = ["package-lock.json", "tools/reference/package-lock.json"];
/** Below that, an advisory waits for the next release of its package. */
const GRAVE = ["high", "critical"];

const problems = LOCKFILES.flatMap((path) =>
  problemsOf(JSON.parse(readFileSync(path, "utf8"))).map((problem) => `${path}: ${problem}`),
);
if (process.argv.includes("--advisories")) problems.push(...advisories());
for (const problem of problems) console.error(problem);
console.log(`supply chain: ${LOCKFILES.length} lockfiles read, ${problems.length} problems`);
process.exitCode = problems.length === 0 ? 0 : 1;

function advisories() {
  const audit = ["audit", "--omit=dev", "--json", "--fetch-retries=1"];
  const { stdout } = spawnSync("npm", audit, { encoding: "utf8", timeout: 120_000 });
  const { vulnerabilities } = parsed(stdout);
  if (!vulnerabilities) {
    console.error("nobody could be asked for advisories");
    return [];
  }
  return Object.values(vulnerabilities)
    .filter(({ severity }) => GRAVE.includes(severity))
    .map(
      ({ name, severity, range }) => `${name} ${range}: there is an advisory (${severity}), see npm audit`,
    );
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}
