import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { KNOWN_SCRIPTS, problemsOf } from "../../scripts/lint/lockfile.mjs";

const root = fileURLToPath(new URL("../../", import.meta.url));
const read = (path: string) => JSON.parse(readFileSync(join(root, path), "utf8"));

describe.each(["package-lock.json", "tools/reference/package-lock.json"])("%s", (path) => {
  it("has no package that runs an unknown script when it is installed, and none that cannot be checked", () => {
    expect(problemsOf(read(path))).toEqual([]);
  });
});

describe("a lockfile", () => {
  const good = { version: "1.0.0", integrity: "sha512-x" };
  const withPackage = (path: string, entry: object) => ({
    lockfileVersion: 3,
    packages: { "": { name: "holdfast" }, "node_modules/good": good, [path]: { ...good, ...entry } },
  });

  it.each([
    ["node_modules/planted", { hasInstallScript: true }, "runs a script when it is installed"],
    ["node_modules/@a/planted", { hasInstallScript: true }, "runs a script when it is installed"],
    ["node_modules/a/node_modules/planted", { hasInstallScript: true }, "runs a script when it is installed"],
    ["node_modules/planted", { integrity: undefined }, "has no integrity"],
    ["node_modules/planted", { resolved: "https://evil.example/planted.tgz" }, "comes from elsewhere"],
    ["node_modules/planted", { resolved: "git+ssh://git@github.com/a/b.git" }, "comes from elsewhere"],
  ])("with %s and %j is refused", (path, entry, why) => {
    expect(problemsOf(withPackage(path, entry))).toEqual([expect.stringContaining(`${path} ${why}`)]);
  });

  it("may have what is known, and what is only linked", () => {
    const [known] = Object.keys(KNOWN_SCRIPTS);
    expect(problemsOf(withPackage(`node_modules/${known}`, { hasInstallScript: true }))).toEqual([]);
    expect(problemsOf(withPackage("node_modules/x", { link: true, integrity: undefined }))).toEqual([]);
  });

  it("of another version is none that was read", () => {
    expect(problemsOf({ lockfileVersion: 2, packages: {} })).toHaveLength(1);
  });
});

it("the check runs before anything is installed", () => {
  const said = execFileSync(process.execPath, ["scripts/supply-chain.mjs"], { cwd: root, encoding: "utf8" });
  expect(said).toBe("supply chain: 2 lockfiles read, 0 problems\n");
  for (const script of ["scripts/supply-chain.mjs", "scripts/lint/lockfile.mjs"])
    for (const [, from] of readFileSync(join(root, script), "utf8").matchAll(/from "([^"]+)"/g))
      expect(from).toMatch(/^(node:|\.\/)/);
});
