import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { fixture } from "../support/fixtures.js";

const exec = promisify(execFile);
const cli = fileURLToPath(new URL("../../dist/bundle/cli.js", import.meta.url));

async function packagesOf(...args: string[]): Promise<string[]> {
  const { stderr } = await exec(process.execPath, ["--import", fixture("loaded-packages.mjs"), cli, ...args]);
  return /^packages: (.*)$/m.exec(stderr)![1]!.split(" ");
}

describe("the command line loads only what it uses", () => {
  it.each(["--version", "--help"])("holdfast %s", async (option) => {
    expect(await packagesOf(option)).toEqual(["commander"]);
  });

  it("holdfast tools, with a server on stdio", async () => {
    const loaded = await packagesOf("tools", "--", process.execPath, fixture("stdio-server.mjs"));
    expect(loaded).toContain("@modelcontextprotocol/client");
    const unwanted =
      /^(undici|ws|yaml|smol-toml|jsonc-parser|fast-check|hono|@hono\/.*)$|protocol\/(server|node|sdk)$/;
    expect(loaded.filter((name) => unwanted.test(name))).toEqual([]);
  });
});

// Each file takes a third of a millisecond, and Node 24 its own fetch to load with `node:http`.
it("the package loads as a few files, and nothing for HTTP before it is used", async () => {
  const bundle = new URL("../../dist/bundle/index.js", import.meta.url).href;
  const { stdout } = await exec(process.execPath, [fixture("import-program.mjs"), bundle]);
  const { files, http } = JSON.parse(stdout) as { files: number; http: string[] };
  expect(files).toBeLessThan(10);
  expect(http).toEqual([]);
});
