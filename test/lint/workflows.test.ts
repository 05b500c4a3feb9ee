import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";

interface Workflow {
  permissions?: Record<string, string>;
  jobs: Record<string, { permissions?: Record<string, string>; steps: { uses?: string; run?: string }[] }>;
}

const folder = fileURLToPath(new URL("../../.github/workflows/", import.meta.url));
const read = (name: string): Workflow => parse(readFileSync(folder + name, "utf8"));

describe.each(readdirSync(folder))("the workflow %s", (name) => {
  const { permissions, jobs } = read(name);

  it("runs others' code by its commit, which cannot be moved as a tag can", () => {
    const used = Object.values(jobs).flatMap(({ steps }) => steps.flatMap(({ uses }) => uses ?? []));
    expect(used.length).toBeGreaterThan(0);
    for (const uses of used) expect(uses).toMatch(/@[0-9a-f]{40}$/);
  });

  it("looks at what it installs before it does", () => {
    const runs = Object.values(jobs).flatMap(({ steps }) => steps.flatMap(({ run }) => run ?? []));
    const looks = runs.indexOf("node scripts/supply-chain.mjs --advisories");
    expect(looks).toBeGreaterThanOrEqual(0);
    expect(looks).toBeLessThan(runs.indexOf("bash .ci/run"));
  });

  it("may do no more than read, save what a job names", () => {
    expect(permissions).toBeDefined();
    for (const may of Object.values(permissions!)) expect(may).toBe("read");
  });
});

describe("a change", () => {
  it("is tested on Windows and macOS, too: what is quick, and stdio, configs and the command line", () => {
    const text = readFileSync(`${folder}ci.yml`, "utf8");
    expect(text).toContain("os: [windows-latest, macos-latest]");
    const runs = read("ci.yml").jobs["elsewhere"]!.steps.flatMap(({ run }) => run ?? []);
    expect(runs).toContain("npm run test:quick");
    const files = runs
      .at(-1)!
      .split(" ")
      .filter((word) => word.startsWith("test/"));
    expect(files).toEqual(expect.arrayContaining(["test/wires/stdio", "test/config", "test/cli"]));
    expect(runs.indexOf("node scripts/supply-chain.mjs --advisories")).toBeLessThan(runs.indexOf("npm ci"));
  });
});

describe("a release", () => {
  it("says where it was built, and has no token that could leak", () => {
    const text = readFileSync(`${folder}release.yml`, "utf8");
    const { publish } = read("release.yml").jobs;
    expect(publish!.permissions).toEqual({ contents: "read", "id-token": "write" });
    expect(publish!.steps.at(-1)!.run).toContain("npm publish --provenance");
    expect(text).not.toContain("secrets.");
  });

  it("comes after all that lands a change", () => {
    const runs = read("release.yml").jobs["publish"]!.steps.flatMap(({ run }) => run ?? []);
    expect(runs.indexOf("bash .ci/run")).toBe(runs.length - 2);
  });
});
