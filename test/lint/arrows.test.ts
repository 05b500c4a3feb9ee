import { describe, expect, it } from "vitest";
import { type Copy, copyOf, run } from "../support/planted.js";

/** Plants a file or two in a copy of src/, and returns the sentences that were not said of src/ itself. */
async function planted(plant: (copy: Copy) => void) {
  const copy = copyOf("src");
  plant(copy);
  const { code, output } = await run("arrows.mjs", copy.folder);
  expect(code).toBe(1);
  return output;
}

const UP = "../connection/connection.js";
/** Every way to name another module, each of them planted to point up. */
const KINDS = [
  `import type { Connection } from "${UP}";`,
  `import { type Connection } from "${UP}";`,
  `import { Connection } from "${UP}";`,
  `import "${UP}";`,
  `export { Connection } from "${UP}";`,
  `export type { Connection } from "${UP}";`,
  `export * from "${UP}";`,
  `export const load = () => import("${UP}");`,
  `export const load = () => import(\`${UP}\`);`,
  `export type Up = import("${UP}").Connection;`,
  `export type Up = typeof import("${UP}");`,
  `/** @type {import("${UP}").Connection} */ export const up = 1;`,
  `import up = require("${UP}"); export { up };`,
  `export const up = require("${UP}");`,
  `declare module "${UP}" { interface Planted {} }`,
  `export const worker = new URL("${UP}", import.meta.url);`,
];

describe("the arrows of src/", () => {
  it("point downward, in no circle, and all of them are read", async () => {
    const { code, output } = await run("arrows.mjs");
    expect(output).toMatch(
      /^arrows: \d+ modules and \d+ arrows read, 0 circles of files, 0 of rooms, 0 problems$/m,
    );
    expect(code).toBe(0);
  });

  it("do not point up, by a type, a value, a re-export, an import() or anything else that names a module", async () => {
    const output = await planted((copy) => {
      for (const [i, line] of KINDS.entries()) copy.write(`src/machines/planted-${i}.ts`, `${line}\n`);
    });
    for (const [i, line] of KINDS.entries()) {
      expect(output, line).toContain(
        `src/machines/planted-${i}.ts:1 points from machines to connection (src/connection/connection.ts), which is not below it\n`,
      );
    }
  });

  it("do not point up from a subfolder, or from one sibling to another", async () => {
    const output = await planted((copy) => {
      copy.write("src/auth/store/deep/planted.ts", 'import "../../../connection/connection.js";\n');
      copy.write("src/wires/planted.ts", 'import type { Config } from "../config/parse.js";\n');
    });
    expect(output).toContain("src/auth/store/deep/planted.ts:1 points from auth to connection");
    expect(output).toContain("src/wires/planted.ts:1 points from wires to config");
  });

  it("do not start at a file that is in no room", async () => {
    const output = await planted((copy) => {
      copy.write("src/planted.ts", 'export { Connection } from "./connection/connection.js";\n');
      copy.write("src/planted/planted.ts", "export {};\n");
    });
    expect(output).toContain("src/planted.ts is in no room");
    expect(output).toContain("src/planted.ts:1 points from planted.ts to connection");
    expect(output).toContain("src/planted/planted.ts is in no room");
  });

  it("do not lead from the gateway to anything but what it may know", async () => {
    const output = await planted((copy) =>
      copy.write("src/gateway/planted.ts", 'import type { Planted } from "../machines/failure.js";\n'),
    );
    expect(output).toContain("src/gateway/planted.ts:1 points from gateway to machines");
  });

  it("are no more than 15 from one module, each target counted once", async () => {
    const output = await planted((copy) => {
      for (let i = 0; i < 16; i++) copy.write(`src/machines/many-${i}.ts`, "export {};\n");
      const imports = (count: number) =>
        Array.from({ length: count }, (_, i) => `import "./many-${i}.js";\n`).join("");
      copy.write("src/machines/wide.ts", imports(16));
      copy.write("src/machines/fitting.ts", imports(15) + imports(15));
    });
    expect(output).toContain(
      "src/machines/wide.ts imports 16 modules, more than 15: split it by what it does\n",
    );
    expect(output).not.toContain("src/machines/fitting.ts");
  });

  it("go in no circle of files, whichever kind of arrow closes it", async () => {
    const output = await planted((copy) => {
      copy.write("src/machines/one.ts", 'import type { Two } from "./two.js";\nexport type One = Two;\n');
      copy.write("src/machines/two.ts", 'export { three as two } from "./three.js";\nexport type Two = 1;\n');
      copy.write("src/machines/three.ts", 'export const three = () => import("./one.js");\n');
    });
    expect(output).toContain(
      "a circle of files: src/machines/one.ts -> src/machines/two.ts -> src/machines/three.ts -> src/machines/one.ts",
    );
  });

  it("go in no circle of rooms, of the rooms in a room, too", async () => {
    const output = await planted((copy) => {
      copy.write("src/auth/one/a.ts", 'import type { B } from "../two/b.js";\nexport type A = B;\n');
      copy.write("src/auth/two/b.ts", "export type B = 1;\n");
      copy.write("src/auth/two/c.ts", 'import type { D } from "../one/d.js";\nexport type C = D;\n');
      copy.write("src/auth/one/d.ts", "export type D = 1;\n");
    });
    expect(output).toContain("a circle of rooms: src/auth/one -> src/auth/two -> src/auth/one");
    expect(output).toContain("0 circles of files");
  });

  it("can be read: no computed path, no package name of our own, no path that leads nowhere or out", async () => {
    const output = await planted((copy) => {
      copy.write("src/cli/computed.ts", "export const load = (name: string) => import(name);\n");
      copy.write("src/cli/own.ts", 'import "holdfast/testing";\n');
      copy.write("src/cli/nowhere.ts", 'import "./not-there.js";\n');
      copy.write("src/session/out.ts", 'import "../../scripts/out.js";\n');
      copy.write("scripts/out.js", "\n");
    });
    expect(output).toContain("src/cli/computed.ts:1 imports what only a run could tell");
    expect(output).toContain('src/cli/own.ts:1 imports "holdfast/testing"');
    expect(output).toContain('src/cli/nowhere.ts:1 imports "./not-there.js", which is no module');
    expect(output).toContain("src/session/out.ts:1 imports scripts/out.js, which is not in src/");
  });

  it("lead from the machines to XState only, and from the base to no MCP", async () => {
    const output = await planted((copy) => {
      copy.write("src/machines/planted.ts", 'import type { Readable } from "node:stream";\n');
      copy.write("src/base/planted.ts", 'import type { Client } from "@modelcontextprotocol/client";\n');
    });
    expect(output).toContain("src/machines/planted.ts:1 imports node:stream, which machines may not know");
    expect(output).toContain(
      "src/base/planted.ts:1 imports @modelcontextprotocol/client, which base may not know",
    );
  });
});

describe("the check of the arrows", () => {
  it("fails where it reads fewer files than git lists", async () => {
    const output = await planted((copy) => {
      copy.write("src/session/dist/planted.ts", "export {};\n");
      copy.write("src/session/planted.vue", "<script></script>\n");
      copy.track();
    });
    expect(output).toContain("src/session/dist/planted.ts is listed by git and was not read");
    expect(output).toContain("src/session/planted.vue is listed by git and was not read");
  });

  it("fails where it reads nothing, and where a file cannot be parsed", async () => {
    const empty = copyOf();
    empty.write("src/.keep", "");
    expect(await run("arrows.mjs", empty.folder)).toMatchObject({ code: 1 });
    const output = await planted((copy) => copy.write("src/machines/planted.ts", "import {"));
    expect(output).toContain("src/machines/planted.ts cannot be parsed");
  });
});
