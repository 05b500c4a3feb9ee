import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { fixture } from "../support/fixtures.js";

it("five programs that add four servers each to one config file at once lose none", {
  timeout: 600_000,
}, async () => {
  const directory = mkdtempSync(join(tmpdir(), "holdfast-writers-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const file = join(directory, "mcp.json");
  writeFileSync(file, '{ "mcpServers": {} } // mine\n');
  const names = ["a", "b", "c", "d", "e"].map((program) => [1, 2, 3, 4].map((i) => `${program}${i}`));
  const programs = names.map((own) =>
    spawn(process.execPath, [fixture("config-writer.mjs"), file, ...own], {
      stdio: ["pipe", "pipe", "inherit"],
    }),
  );
  onTestFinished(() => programs.forEach((program) => void program.kill("SIGKILL")));
  const ended = programs.map((program) => once(program, "close"));
  await Promise.all(programs.map(({ stdout }) => once(stdout, "data")));
  for (const { stdin } of programs) stdin.end("go");
  expect((await Promise.all(ended)).map(([code]) => code)).toEqual([0, 0, 0, 0, 0]);
  const [json, comment] = readFileSync(file, "utf8").split("} // ");
  expect(comment).toBe("mine\n");
  expect(Object.keys(JSON.parse(`${json}}`).mcpServers).sort()).toEqual(names.flat());
  expect(readdirSync(directory)).toEqual(["mcp.json"]);
});
