import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it, onTestFinished } from "vitest";
import { typesOf } from "../../src/cli/terminal/tool-types.js";
import { fixture } from "../support/fixtures.js";

const root = fileURLToPath(new URL("../../", import.meta.url));
const main = join(root, "dist/cli/main.js");

/** A folder from which `holdfast` is the package that was built. */
function inPackage(): string {
  const folder = mkdtempSync(join(root, "dist/types-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const USE = `import { inferTransport } from "holdfast";
import { toolsOf } from "./tools.js";

const transport = inferTransport(process.argv[2]!);
await transport.withSession(async (session) => {
  const tools = toolsOf(session);
  const said: unknown = await tools.echo({ message: "typed", times: 2 });
  console.log(said);
  const { found } = await tools["search-文書"]({ query: "x", limit: null, "sort-by": "date" });
  const first: string | undefined = found[0];
  console.log(first);
  console.log(await tools.fail().catch((error: { code: string }) => error.code));
  // @ts-expect-error the message is missing
  await tools.echo({}).catch(() => {});
  // @ts-expect-error that is no number
  await tools.echo({ message: "x", times: "2" }).catch(() => {});
  // @ts-expect-error there is no such tool
  tools.ecoh;
});
await transport.close();
`;

it("holdfast generate types: a client of a server's tools that compiles, refuses what is wrong, and calls them", () => {
  const folder = inPackage();
  const out = join(folder, "tools.ts");
  const made = spawnSync(
    process.execPath,
    [main, "generate", "types", "--out", out, fixture("golden-server.mjs")],
    { encoding: "utf8" },
  );
  expect(made).toMatchObject({ status: 0, stdout: "", stderr: expect.stringContaining("4 tools") });
  writeFileSync(join(folder, "use.ts"), USE);
  const flags = [
    "--ignoreConfig",
    "--strict",
    "--target",
    "es2022",
    "--module",
    "nodenext",
    "--skipLibCheck",
    "--types",
    "node",
  ];
  const tsc = join(root, "node_modules/typescript/bin/tsc");
  const compiled = spawnSync(process.execPath, [tsc, ...flags, "use.ts"], { cwd: folder, encoding: "utf8" });
  expect({ stdout: compiled.stdout, status: compiled.status }).toEqual({ stdout: "", status: 0 });
  const said = execFileSync(process.execPath, ["use.js", fixture("golden-server.mjs")], {
    cwd: folder,
    encoding: "utf8",
  });
  expect(said).toBe("Echo: typed\nEcho: typed\none\nTOOL_FAILED\n");
});

it("holdfast generate types writes a tool once that a server offers twice", () => {
  const inputSchema = { type: "object" } as const;
  const text = typesOf(
    [
      { name: "twice", inputSchema },
      { name: "twice", inputSchema },
    ],
    { name: "s", version: "1" },
  );
  expect(text.match(/^ {2}twice: /gm)).toHaveLength(1);
  expect(text).toContain('= ["twice"];');
});

it("holdfast generate knows types only", () => {
  const { status, stderr } = spawnSync(process.execPath, [main, "generate", "kinds", "x.js"], {
    encoding: "utf8",
  });
  expect(status).toBe(2);
  expect(stderr).toContain('expected types, got "kinds"');
});
