// What a reader does who follows the README and the docs in an empty folder, and nothing else. A block of theirs belongs to a goal
// where a comment before it says so: `<!-- GOAL, GOAL: FILE -->` is a file that the reader writes, `<!-- GOAL: sh -->` what they run.
import { execFile, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const root = fileURLToPath(new URL("../../", import.meta.url));
const PAGES = ["README.md", "docs/testing.md"];
const BLOCK = /<!-- ([a-z, ]+): ([\w.]+) -->\n```\w+\n([\s\S]*?)```/g;

/** The blocks of a goal, in the order of the pages. */
function stepsOf(goal) {
  const blocks = PAGES.flatMap((page) => [...readFileSync(join(root, page), "utf8").matchAll(BLOCK)]);
  return blocks
    .filter(([, goals]) => goals.split(", ").includes(goal))
    .map(([, , file, text]) => ({ file, text }));
}

/** A reader in an empty folder. `tarball`: what npm installs for "holdfast", which is not published from here. */
class Reader {
  folder = mkdtempSync(join(tmpdir(), "holdfast-first-"));
  #tarball;

  constructor(tarball) {
    this.#tarball = tarball;
  }

  /** Does all steps of a goal but the lines that `except` matches, and returns what their commands printed. */
  async follow(goal, except = /^$/) {
    const steps = stepsOf(goal);
    if (steps.length === 0) throw new Error(`neither the README nor the docs say how to ${goal}`);
    let printed = "";
    for (const { file, text } of steps) {
      if (file === "sh")
        for (const line of linesOf(text)) printed += except.test(line) ? "" : await this.run(line);
      else writeFileSync(join(this.folder, file), text.replaceAll("/home/me/", `${this.folder}/`));
    }
    return printed;
  }

  /** The lines of a goal that `except` left out, for the script to run as it needs. */
  lines(goal, wanted) {
    const lines = stepsOf(goal).flatMap(({ file, text }) => (file === "sh" ? linesOf(text) : []));
    const found = lines.filter((line) => wanted.test(line));
    if (found.length === 0) throw new Error(`the steps of ${goal} have no line like ${wanted}`);
    return found;
  }

  async run(line) {
    const { stdout, stderr } = await promisify(execFile)(
      "sh",
      ["-c", this.#installed(line)],
      this.#options(),
    );
    return `${stdout}${stderr}`;
  }

  /** Starts a line that goes on until it is ended. Resolves with its first line on stdout, and what ends it. */
  async start(line) {
    const child = spawn("sh", ["-c", `exec ${this.#installed(line)}`], {
      ...this.#options(),
      stdio: ["ignore", "pipe", "inherit"],
      // Ctrl-C goes to a terminal's whole group.
      detached: true,
    });
    const ended = new Promise((resolve) => child.once("close", resolve));
    const first = await new Promise((resolve, reject) => {
      createInterface({ input: child.stdout }).once("line", resolve);
      void ended.then((code) => reject(new Error(`${line} ended with ${code} before it said anything`)));
    });
    const end = () => {
      process.kill(-child.pid, "SIGINT");
      return ended;
    };
    return { first, end };
  }

  leave() {
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** The one thing that is not as the pages say: the package comes from this checkout. */
  #installed(line) {
    const before = /^npx holdfast init/.test(line) ? `npx -y --package=${this.#tarball} -- ` : "npx ";
    if (line.startsWith("npm install")) return line.replace(/ holdfast(?= |$)/, ` ${this.#tarball}`);
    return line.replace(/^npx /, before);
  }

  #options() {
    const { NODE_TEST_CONTEXT: _, VITEST: __, NODE_ENV: ___, ...env } = process.env;
    return {
      cwd: this.folder,
      env: { ...env, npm_config_audit: "false", npm_config_fund: "false" },
      maxBuffer: 2 ** 26,
    };
  }
}

const linesOf = (text) => text.split("\n").filter((line) => line.trim() !== "" && !line.startsWith("#"));

/** Runs a goal's script as a program: `node test/first-steps/GOAL.mjs TARBALL`. */
export async function firstSteps(script) {
  const [, , tarball] = process.argv;
  if (!tarball)
    throw new Error("which package? npm pack makes one: node test/first-steps/GOAL.mjs holdfast-X.tgz");
  const reader = new Reader(tarball);
  try {
    await script(reader);
  } finally {
    reader.leave();
  }
}
