import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { rolldown } from "rolldown";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fixture } from "../support/fixtures.js";
import { httpServer } from "../support/http-server.js";

const exec = promisify(execFile);
const bundled = fileURLToPath(new URL("../../dist/bundle/index.js", import.meta.url));

const PROGRAM = `
import { inferTransport } from "holdfast";
const main = async () => {
  const transport = inferTransport(JSON.parse(process.argv[2]));
  const session = await transport.connectSession();
  const { tools } = await session.listTools();
  console.log(tools.map(({ name }) => name).join(" "));
  await transport.close();
};
main();
`;

describe.each(["esm", "cjs"] as const)("a program made into one %s file, alone in a folder", (format) => {
  let directory: string;
  let program: string;
  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), "holdfast-bundle-"));
    program = join(directory, format === "esm" ? "program.mjs" : "program.cjs");
    const entry = join(directory, "entry.mjs");
    writeFileSync(entry, PROGRAM);
    const made = await rolldown({
      input: entry,
      resolve: { alias: { holdfast: bundled } },
      platform: "node",
      // Optional peers stay outside, as they do where they are absent.
      external: ["@napi-rs/keyring", "@statelyai/inspect"],
      logLevel: "silent",
    });
    await made.write({ file: program, format, codeSplitting: false, minify: true });
    await made.close();
    rmSync(entry);
  }, 600_000);
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  async function tools(target: unknown): Promise<string> {
    const { stdout } = await exec(process.execPath, [program, JSON.stringify(target)], { cwd: directory });
    return stdout;
  }
  const stdio = { command: process.execPath, args: [fixture("stdio-server.mjs")] };

  it("lists the tools of a server on stdio", async () => {
    expect(await tools({ mcpServers: { one: stdio } })).toMatch(/\becho\b/);
  });

  it("lists the tools of a server over HTTP", async () => {
    const { url } = await httpServer();
    expect(await tools(url)).toMatch(/\becho\b/);
  });

  it("lists the tools of two servers of a config file", async () => {
    const file = join(directory, "mcp.json");
    writeFileSync(file, JSON.stringify({ mcpServers: { one: stdio, two: stdio } }));
    expect(await tools(file)).toMatch(/\bone_echo\b.*\btwo_echo\b/);
  });
});
