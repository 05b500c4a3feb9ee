import { execFile } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { temporary } from "../support/temporary.js";

const main = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));
const init = (cwd: string, ...args: string[]) =>
  promisify(execFile)(process.execPath, [main, "init", ...args], { cwd });

it("holdfast init writes an agent, its config and its test, and says what comes next", async () => {
  const folder = temporary();
  const { stdout } = await init(folder, "my-agent");
  expect(readdirSync(join(folder, "my-agent")).sort()).toEqual([
    "agent.jsonl",
    "agent.mjs",
    "agent.test.mjs",
    "mcp.json",
  ]);
  expect(stdout).toMatch(
    /next:\n {2}cd .*my-agent\n {2}npm install holdfast .*\n {2}node agent\.mjs\n {2}node --test/,
  );
});

it("holdfast init writes over nothing", async () => {
  const folder = temporary();
  writeFileSync(join(folder, "mcp.json"), "{}");
  await expect(init(folder)).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/has mcp\.json already; name another folder: holdfast init FOLDER/),
  });
  expect(readdirSync(folder)).toEqual(["mcp.json"]);
  expect(readFileSync(join(folder, "mcp.json"), "utf8")).toBe("{}");
});
