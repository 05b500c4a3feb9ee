// What a measurement needs besides this project: another Node, mcporter, an older holdfast. All of it outside, and gone at the end.
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

let made;
/** A folder that is gone at the end. */
function scratch() {
  if (made) return made;
  made = mkdtempSync(join(tmpdir(), "holdfast-bench-"));
  process.once("exit", () => rmSync(made, { recursive: true, force: true }));
  return made;
}

const run = (command, args, cwd) =>
  execFileSync(command, args, { cwd, stdio: ["ignore", "pipe", "pipe"], encoding: "utf8" });

/** The path of another Node, by the version that npm has. */
export const otherNode = (version) =>
  run("npx", ["-y", "-p", `node@${version}`, "-c", "command -v node"], scratch()).trim();

/** The folder of the newest mcporter, and its version. It is measured on a Node that is older than it asks for, too. */
export function newestMcporter() {
  writeFileSync(join(scratch(), "package.json"), '{ "private": true }\n');
  run("npm", ["install", "--no-audit", "--no-fund", "--ignore-scripts", "mcporter@latest"], scratch());
  const folder = join(scratch(), "node_modules/mcporter");
  return { folder, version: JSON.parse(readFileSync(join(folder, "package.json"), "utf8")).version };
}

/** A built holdfast of before: `what` is a folder that has one, or a commit of this repository. */
export function olderHoldfast(what) {
  if (existsSync(what)) return resolve(what);
  const folder = join(scratch(), "before");
  run("git", ["worktree", "add", "--detach", folder, what]);
  process.once("exit", () => run("git", ["worktree", "remove", "--force", folder]));
  run("npm", ["ci", "--no-audit", "--no-fund", "--ignore-scripts"], folder);
  run("npm", ["run", "build"], folder);
  return folder;
}
