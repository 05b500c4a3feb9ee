import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";

const folder = fileURLToPath(new URL("../../examples/agent/", import.meta.url));

it("the example's agent is tested from a recording alone: no server, no npx on PATH", async () => {
  // Only the programs of the system: what would start the servers of its mcp.json is not there.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const { stdout } = await promisify(execFile)(process.execPath, ["--test", "agent.test.mjs"], {
    cwd: folder,
    env: { ...env, PATH: "" },
  });
  expect(stdout).toMatch(/pass 1\b/);
  expect(stdout).toMatch(/fail 0\b/);
});
