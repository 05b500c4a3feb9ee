import { symlinkSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { type Copy, copyOf, run } from "../support/planted.js";

const packages = fileURLToPath(new URL("../../node_modules", import.meta.url));

/** Checks a copy of what was built, with something planted in it. `npm test` checks what was built itself. */
async function planted(plant: (copy: Copy) => void) {
  const copy = copyOf("dist", "api", "package.json");
  symlinkSync(packages, join(copy.folder, "node_modules"));
  plant(copy);
  const { code, output } = await run("api.mjs", "--check", "--root", copy.folder);
  expect(code).toBe(1);
  return output;
}

// The reports take a compiler's time.
describe("the public types", { timeout: 120_000 }, () => {
  it("do not change unseen", async () => {
    const output = await planted((copy) =>
      copy.append("dist/inspect/index.d.ts", "\nexport declare const planted: number;\n"),
    );
    expect(output).toContain("holdfast-inspect: the public types differ from api/holdfast-inspect.api.md");
    expect(output).toContain(" 1 problems");
  });

  it("hold none that can be reached and not named, and import nothing that a strict program cannot compile", async () => {
    const output = await planted((copy) => {
      copy.append(
        "dist/index.d.ts",
        "\ninterface Planted {\n  a: 1;\n}\nexport declare function planted(): Planted;\n",
      );
      for (const name of ["xstate", "zod", "undici", "execa"])
        copy.append("dist/contract/status.d.ts", `\nexport type From_${name} = import("${name}").Planted;\n`);
    });
    expect(output).toMatch(/^holdfast: .*: Planted can be reached, and no entry exports it$/m);
    for (const name of ["xstate", "zod", "undici", "execa"])
      expect(output).toMatch(new RegExp(`^dist/contract/status.d.ts:\\d+ imports ${name}, `, "m"));
  });
});
