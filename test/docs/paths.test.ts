import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const root = fileURLToPath(new URL("../../", import.meta.url));

it.each(["AGENTS.md", "CONTRIBUTING.md", "SECURITY.md"])("every path that %s names is there", (page) => {
  const text = readFileSync(join(root, page), "utf8");
  const paths = [
    ...text.matchAll(
      /`((?:src|test|docs|scripts|tools|bench|examples|\.changeset|\.github|api)\/[\w./-]*)`/g,
    ),
  ];
  expect(paths.length).toBeGreaterThan(0);
  expect(paths.map(([, path]) => path!).filter((path) => !existsSync(join(root, path)))).toEqual([]);
});
