import { describe, expect, it } from "vitest";
import { copyOf, run } from "../support/planted.js";

const IMPORTER = 'import { make } from "./acts.mjs";\nmake();\n';

describe("a module that acts when it is loaded", () => {
  it.each([
    ["reads its importer's arguments", "const [mode] = process.argv.slice(2);\n"],
    ["writes a file", 'import { writeFileSync } from "node:fs";\nwriteFileSync("6", "1");\n'],
    ["acts under a condition", 'if (process.env.X) console.log("acts");\n'],
    ["starts a process", 'import { spawn } from "node:child_process";\nconst child = spawn("true");\n'],
    ["waits", "const answer = await fetch('http://127.0.0.1');\n"],
  ])("is not imported for its functions: one that %s", async (_what, effect) => {
    const copy = copyOf("bench");
    copy.write("bench/acts.mjs", `${effect}export const make = () => 1;\n`);
    copy.write("bench/importer.mjs", IMPORTER);
    const { code, output } = await run("side-effects.mjs", copy.folder);
    expect(output).toContain(
      "bench/importer.mjs:1 imports a module that acts when it is loaded (bench/acts.mjs:",
    );
    expect(code).toBe(1);
  });

  it("is not imported for its functions in TypeScript either", async () => {
    const copy = copyOf("bench");
    copy.write("bench/acts.mts", "console.log(1);\nexport const make = (): number => 1;\n");
    copy.write("bench/importer.mts", IMPORTER);
    const { code, output } = await run("side-effects.mjs", copy.folder);
    expect(output).toContain("(bench/acts.mts:1: console.log(1);)");
    expect(code).toBe(1);
  });

  it("is found behind an import() and a re-export, too", async () => {
    const copy = copyOf("bench");
    copy.write("bench/acts.mjs", "process.exitCode = 0;\nexport const make = () => 1;\n");
    copy.write("bench/dynamic.mjs", 'export const load = async () => (await import("./acts.mjs")).make;\n');
    copy.write("bench/again.mjs", 'export { make } from "./acts.mjs";\n');
    const { output } = await run("side-effects.mjs", copy.folder);
    expect(output).toContain("bench/dynamic.mjs:1 imports");
    expect(output).toContain("bench/again.mjs:1 imports");
  });

  it("may be imported for its effect, and for its types", async () => {
    const copy = copyOf("bench");
    copy.write("bench/acts.mts", "process.exitCode = 0;\nexport interface Made {}\n");
    copy.write(
      "bench/importer.mts",
      'import "./acts.mjs";\nimport type { Made } from "./acts.mjs";\nexport const load = async () => {\n  await import("./acts.mjs");\n};\n',
    );
    expect(await run("side-effects.mjs", copy.folder)).toMatchObject({ code: 0 });
  });

  it("may guard what it does by being the program itself", async () => {
    const copy = copyOf("bench");
    const guard = 'if (import.meta.filename === process.argv[1]) console.log("acts");\n';
    copy.write("bench/acts.mjs", `${guard}export const make = () => 1;\n`);
    copy.write("bench/importer.mjs", IMPORTER);
    expect(await run("side-effects.mjs", copy.folder)).toMatchObject({ code: 0 });
  });
});

describe("package.json", () => {
  it("names the modules that act when they are loaded, for bundlers, and no other", async () => {
    const copy = copyOf("src", "package.json");
    copy.write("src/base/acts.ts", "process.exitCode = 0;\n");
    copy.write("src/cli/start.ts", "export {};\n");
    const { code, output } = await run("side-effects.mjs", copy.folder);
    expect(output).toContain(
      "./dist/base/acts.js acts when it is loaded, and package.json's sideEffects does not name it",
    );
    expect(output).toContain("sideEffects names ./dist/cli/start.js, which does nothing");
    expect(code).toBe(1);
  });
});

describe("the check of side effects", () => {
  it("fails where it read nothing", async () => {
    const copy = copyOf();
    expect(await run("side-effects.mjs", copy.folder)).toMatchObject({ code: 1 });
  });
});
