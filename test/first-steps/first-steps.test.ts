import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";

const exec = promisify(execFile);
const root = fileURLToPath(new URL("../../", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "holdfast-tarball-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let tarball: string;
beforeAll(async () => {
  const { stdout } = await exec("npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", folder], {
    cwd: root,
  });
  tarball = join(folder, JSON.parse(stdout)[0].filename);
});

it.each(["embed", "serve", "inspect", "check", "recording"])(
  "what the README says leads from an empty folder to the goal: %s",
  async (goal) => {
    const script = join(root, "test/first-steps", `${goal}.mjs`);
    // Its error says which line failed, and what it printed.
    await expect(exec(process.execPath, [script, tarball])).resolves.toBeDefined();
  },
);
