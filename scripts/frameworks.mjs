// Runs the contract suite of other frameworks, and their type tests: npm run test:frameworks [-- PART OF A FILE'S NAME]
// Their newest versions need Node 24, and lie in a folder with its own lockfile. holdfast is unpacked among them as npm would
// unpack it, so that it finds there the peers that its adapters name.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../", import.meta.url));
const folder = join(root, "test/frameworks");
const inFolder = (path) => join(folder, path);
const node24 = ["-y", "-p", "node@24"];

function run(command, args, options = {}) {
  const { status } = spawnSync(command, args, { cwd: root, stdio: "inherit", ...options });
  if (status !== 0) process.exit(status ?? 1);
}

const changed = (path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
// What is optional there is one framework's own executable, of 400 MB; a small program of ours takes its place.
if (changed(inFolder("node_modules/.package-lock.json")) < changed(inFolder("package-lock.json")))
  run("npx", [...node24, "npm", "ci", "--omit=optional", "--no-audit", "--no-fund"], { cwd: folder });

const packed = mkdtempSync(join(tmpdir(), "holdfast-packed-"));
try {
  run("npm", ["pack", "--silent", "--ignore-scripts", "--pack-destination", packed], { stdio: "ignore" });
  const [archive] = readdirSync(packed);
  const unpacked = inFolder("node_modules/holdfast");
  rmSync(unpacked, { recursive: true, force: true });
  mkdirSync(unpacked);
  run("tar", ["-xzf", join(packed, archive), "--strip-components=1", "-C", unpacked]);
  // Its own dependencies, whatever versions of them the frameworks have beside it; its peers are the frameworks'.
  for (const name of Object.keys(JSON.parse(readFileSync(join(root, "package.json"), "utf8")).dependencies)) {
    const link = join(unpacked, "node_modules", name);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(join(root, "node_modules", name), link);
  }
} finally {
  rmSync(packed, { recursive: true, force: true });
}

const types = (...options) =>
  run(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-p", folder, ...options]);
types();
// The AI SDK's own declarations do not compile under this option: it is asked of ours alone.
types("--exactOptionalPropertyTypes", "--skipLibCheck");

const [wanted = ""] = process.argv.slice(2);
const files = readdirSync(folder).filter((file) => file.endsWith(".test.mjs") && file.includes(wanted));
const report = join(mkdtempSync(join(tmpdir(), "holdfast-frameworks-")), "report");
const reporters = ["spec", "tap"].map((name) => `--test-reporter=${name}`);
const { status } = spawnSync(
  "npx",
  [
    ...[...node24, "node", "--test", "--test-concurrency=2", "--test-timeout=180000", ...reporters],
    ...["--test-reporter-destination=stdout", `--test-reporter-destination=${report}`],
    ...files.map(inFolder),
  ],
  { cwd: root, stdio: "inherit" },
);
const counted = readFileSync(report, "utf8");
const count = (what) => Number(new RegExp(`^# ${what} (\\d+)$`, "m").exec(counted)?.[1] ?? 0);
console.log(
  `frameworks: ${count("pass")} passed, ${count("fail") + count("cancelled")} failed, ${count("skipped")} skipped`,
);
process.exitCode = status === 0 && count("pass") > 0 ? 0 : 1;
