import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect } from "vitest";
import { fixture } from "./fixtures.js";
import { httpServer } from "./http-server.js";

const exec = promisify(execFile);

/** A program for bundlers: prints the names of the tools of its argument, a target in JSON. */
export const LISTING_PROGRAM = `
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

/** What a bundler leaves outside, as it is where it is not installed. */
export const OPTIONAL_PEERS = ["@napi-rs/keyring", "@statelyai/inspect"];

/** The bundled program lists the tools of a server on stdio, of one over HTTP, and of two of a config file. */
export async function expectTools(directory: string, program: string): Promise<void> {
  const tools = async (target: unknown) => {
    const args = [join(directory, program), JSON.stringify(target)];
    return (await exec(process.execPath, args, { cwd: directory })).stdout;
  };
  const stdio = { command: process.execPath, args: [fixture("stdio-server.mjs")] };
  expect(await tools({ mcpServers: { one: stdio } })).toMatch(/\becho\b/);
  const { url } = await httpServer();
  expect(await tools(url)).toMatch(/\becho\b/);
  const file = join(directory, "mcp.json");
  writeFileSync(file, JSON.stringify({ mcpServers: { one: stdio, two: stdio } }));
  expect(await tools(file)).toMatch(/\bone_echo\b.*\btwo_echo\b/);
}

const EXTERNAL = JSON.stringify(OPTIONAL_PEERS);
const ESBUILD = `import { build } from "esbuild";
const common = { entryPoints: ["entry.mjs"], bundle: true, platform: "node", logLevel: "error", external: ${EXTERNAL} };`;
// As docs/runtimes.md says.
const REQUIRE = `import { createRequire } from "node:module"; const require = createRequire(import.meta.url);`;

/** Programs for an installed bundler: each makes entry.mjs into `program` in the folder of its argument. */
export const BUNDLERS = [
  {
    bundler: "esbuild, as ESM",
    program: "program.mjs",
    script: `${ESBUILD}
await build({ ...common, format: "esm", outfile: process.argv[2] + "/program.mjs", banner: { js: ${JSON.stringify(REQUIRE)} } });`,
  },
  {
    bundler: "esbuild, as CommonJS",
    program: "program.cjs",
    script: `${ESBUILD}
await build({ ...common, format: "cjs", outfile: process.argv[2] + "/program.cjs", logOverride: { "empty-import-meta": "silent" } });`,
  },
  {
    bundler: "Vite's SSR build",
    program: "entry.js",
    script: `import { build } from "vite";
await build({
  configFile: false,
  logLevel: "error",
  ssr: { noExternal: true },
  build: { ssr: "entry.mjs", outDir: process.argv[2], rollupOptions: { external: ${EXTERNAL} } },
});`,
  },
];
