import { execFile } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { temporary } from "../support/temporary.js";

const root = fileURLToPath(new URL("../../", import.meta.url));
const read = (name: string) => readFileSync(join(root, name), "utf8");
const pages = ["README.md", ...readdirSync(join(root, "docs")).map((name) => `docs/${name}`)];

/** A program in a page. One below a comment is a file, or a script of `test/first-steps`, and tested there. */
const PROGRAM = /(<!-- [^>]*-->\n)?```(?:js|ts)\n([\s\S]*?)```/g;

/** What the pages leave to the reader: programs of others, and what the text before has made. */
const GIVEN = `
declare const transport: import("holdfast").ClientTransport;
declare const session: import("holdfast").Session;
declare const inspector: import("holdfast/inspect").Inspector;
declare const options: import("holdfast").SessionOptions;
declare const Client: typeof import("@modelcontextprotocol/client").Client;
declare const createServer: typeof import("node:http").createServer;
declare const expressApp: any, fastifyApp: any, honoApp: any;
declare class UnixSocketWire implements import("@modelcontextprotocol/client").Transport {
  constructor(path: string);
  start(): Promise<void>; send(): Promise<void>; close(): Promise<void>; destroy(): void;
}
declare module "@modelcontextprotocol/ext-tasks/client" { export const createTaskSessionFromClient: any }
declare module "@ai-sdk/mcp" { export const createMCPClient: any }
declare module "@statelyai/inspect" { export const createBrowserInspector: any }
`;
/** Files that the pages tell a reader to write. */
const WRITTEN = {
  "tools.ts": "export declare const toolsOf: any;",
  "unix-socket-transport.ts": "export declare const UnixSocketTransport: any;",
};

const entries = Object.entries(
  JSON.parse(read("package.json")).exports as Record<string, { types?: string }>,
).flatMap(([name, { types }]) => (types ? [[`holdfast${name.slice(1)}`, [join(root, types)]]] : []));

it("every program in README and docs fits the types that are shipped", async () => {
  const folder = temporary();
  const programs = pages
    .filter((page) => page.endsWith(".md"))
    .flatMap((page) =>
      [...read(page).matchAll(PROGRAM)].map(([, quoted, code]) => ({ page, quoted, code: code! })),
    )
    .filter(({ quoted, code }) => !quoted && !code.startsWith("banner:"));
  expect(programs.length).toBeGreaterThan(10);
  const files = programs.map(({ page, code }, i) => {
    const name = `${page.replace(/\W+/g, "-")}-${i}.ts`;
    writeFileSync(join(folder, name), `${code}\nexport {};\n`);
    return name;
  });
  for (const [name, text] of Object.entries({ ...WRITTEN, "given.d.ts": GIVEN }))
    writeFileSync(join(folder, name), text);
  const compilerOptions = {
    ...{
      target: "esnext",
      module: "nodenext",
      strict: true,
      noImplicitAny: false,
      noEmit: true,
      skipLibCheck: true,
    },
    ...{ noImplicitOverride: true, types: ["node"], typeRoots: [join(root, "node_modules/@types")] },
    paths: {
      ...Object.fromEntries(entries),
      "@modelcontextprotocol/client": [join(root, "node_modules/@modelcontextprotocol/client")],
    },
  };
  writeFileSync(join(folder, "package.json"), '{"type":"module"}');
  writeFileSync(
    join(folder, "tsconfig.json"),
    JSON.stringify({ compilerOptions, files: [...files, "given.d.ts"] }),
  );
  const tsc = join(root, "node_modules/typescript/bin/tsc");
  const { stdout } = await promisify(execFile)(process.execPath, [tsc, "-p", folder]).catch(
    (error: { stdout: string }) => error,
  );
  expect(stdout).toBe("");
}, 120_000);
