import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { copyOf, runTool } from "../support/planted.js";

const CHECKOUT = [
  "knip.config.ts",
  "package.json",
  "tsconfig.json",
  "src",
  "test",
  "scripts",
  "bench",
  "examples",
];

it("what nothing uses is a lint error: a file, an export, a dependency; so is a package that nobody declared", async () => {
  const copy = copyOf(...CHECKOUT, "tsconfig.build.json", "vitest.config.ts");
  copy.write("src/base/planted.ts", "export const planted = 1;\n");
  copy.append("src/machines/backoff.ts", "\nexport const plantedExport = 1;\n");
  copy.append("src/machines/clock.ts", '\nimport "koa";\n');
  const manifest = JSON.parse(readFileSync(join(copy.folder, "package.json"), "utf8"));
  manifest.dependencies["planted-package"] = "^6.0.0";
  copy.write("package.json", JSON.stringify(manifest));
  const { code, output } = await runTool("knip", ["--reporter", "compact"], copy);
  expect(code).toBe(1);
  expect(output).toContain("src/base/planted.ts");
  expect(output).toContain("plantedExport");
  expect(output).toContain("koa");
  expect(output).toContain("planted-package");
});

it("what only tests use is no part of what is shipped", async () => {
  const copy = copyOf(...CHECKOUT, "tsconfig.build.json", "vitest.config.ts");
  copy.write("src/base/planted.ts", "export const planted = 1;\n");
  copy.append("src/machines/backoff.ts", "\nexport const plantedExport = 1;\n");
  copy.write(
    "test/lint/planted.test.ts",
    'import { planted } from "../../src/base/planted.js";\nimport { plantedExport } from "../../src/machines/backoff.js";\n\nconsole.log(planted, plantedExport);\n',
  );
  const everything = await runTool("knip", [], copy);
  expect(everything.output).not.toContain("planted");
  const { code, output } = await runTool("knip", ["--production", "--strict"], copy);
  expect(code).toBe(1);
  expect(output).toContain("src/base/planted.ts");
  expect(output).toContain("plantedExport");
});
