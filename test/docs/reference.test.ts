import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const json = (name: string) =>
  JSON.parse(readFileSync(fileURLToPath(new URL(`../../${name}`, import.meta.url)), "utf8"));

it("the reference is made of every entry of the package", () => {
  const types = Object.values(json("package.json").exports as Record<string, { types?: string }>).flatMap(
    ({ types }) => types ?? [],
  );
  const { entryPoints } = json("tools/reference/typedoc.json") as { entryPoints: string[] };
  expect(entryPoints.map((path) => path.replace("../../", "./")).sort()).toEqual(types.sort());
});
