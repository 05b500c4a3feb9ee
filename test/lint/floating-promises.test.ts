import { expect, it } from "vitest";
import { copyOf, runTool } from "../support/planted.js";

it("a promise that nobody waits for is a lint error, of a method of another file, too", async () => {
  const copy = copyOf("biome.json", "src");
  copy.append(
    "src/machines/disposer.ts",
    "\nasync function later(): Promise<void> {}\nexport function planted(): void {\n  later();\n}\n",
  );
  copy.write(
    "src/machines/planted.ts",
    'import { Disposer } from "./disposer.js";\n\nexport function planted(): void {\n  const disposer = new Disposer();\n  disposer.dispose();\n}\n',
  );
  const { code, output } = await runTool("biome", ["check", "--reporter=github", "."], copy);
  expect(code).toBe(1);
  const found = [...output.matchAll(/title=([^,]+),file=([^,]+),line=(\d+)/g)].map(([, rule, file]) => [
    rule,
    file,
  ]);
  expect(found.filter(([, file]) => file?.endsWith("machines/disposer.ts"))).toHaveLength(1);
  expect(found.filter(([, file]) => file?.endsWith("machines/planted.ts"))).toHaveLength(1);
  expect(new Set(found.map(([rule]) => rule))).toEqual(new Set(["lint/nursery/noFloatingPromises"]));
});
