import { constants, copyFileSync, existsSync, mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { Command } from "commander";
import { fieldsOf } from "../../internal.js";
import { Refused } from "../terminal/exit.js";
import { print, say } from "../terminal/print.js";

/** By the package's own name, because this module is shipped as a part of a larger file elsewhere. */
const agent = join(
  dirname(createRequire(import.meta.url).resolve("holdfast/package.json")),
  "examples",
  "agent",
);

const FILES = {
  "mcp.json": "the servers of the agent: the reference server, to begin with",
  "agent.mjs": "the agent",
  "agent.test.mjs": "its test, which needs no server",
  "agent.jsonl": "what the server answered, recorded for the test",
};

export const initCommand = new Command("init")
  .argument("[folder]", "where; default: here")
  .action((folder = ".") => init(resolve(folder)));

function init(folder: string): void {
  const there = Object.keys(FILES).filter((file) => existsSync(join(folder, file)));
  if (there.length > 0) {
    say(`holdfast: ${folder} has ${there.join(", ")} already; name another folder: holdfast init FOLDER`);
    throw new Refused("nothing was written");
  }
  mkdirSync(folder, { recursive: true });
  for (const [file, what] of Object.entries(FILES)) {
    copyFileSync(join(agent, file), join(folder, file), constants.COPYFILE_EXCL);
    print(`${file.padEnd(15)} ${what}`);
  }
  print("\nnext:");
  for (const step of nextSteps(folder)) print(`  ${step}`);
}

function nextSteps(folder: string): string[] {
  const steps = ["node agent.mjs", "node --test"];
  if (!isInstalled(folder)) steps.unshift("npm install holdfast @modelcontextprotocol/client");
  if (folder !== process.cwd()) steps.unshift(`cd ${folder}`);
  return steps;
}

function isInstalled(folder: string): boolean {
  try {
    return Boolean(createRequire(join(folder, "agent.mjs")).resolve("holdfast"));
  } catch (error) {
    return fieldsOf(error)["code"] === "ERR_PACKAGE_PATH_NOT_EXPORTED";
  }
}
