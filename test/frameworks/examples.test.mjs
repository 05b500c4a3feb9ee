// The programs of docs/frameworks.md, run as a person would: each prints the tool's answer, and ends.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readdirSync } from "node:fs";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { SERVER } from "./support/world.mjs";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const PROMPT = JSON.stringify({
  call: { method: "tools/call", params: { name: "echo", arguments: { message: "hello" } } },
});
const ARGUMENTS = { "claude-agent.mjs": [PROMPT, here("support/claude-program.mjs")] };

describe("the programs of docs/frameworks.md", () => {
  for (const file of readdirSync(here("examples")))
    it(file, async () => {
      const args = [here(`examples/${file}`), SERVER, ...(ARGUMENTS[file] ?? [])];
      const { stdout } = await promisify(execFile)(process.execPath, args);
      assert.match(stdout, /Echo: hello/);
    });
});
