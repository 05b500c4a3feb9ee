import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const root = fileURLToPath(new URL("../../", import.meta.url));
const read = (name: string) => readFileSync(join(root, name), "utf8");
const pages = ["README.md", ...readdirSync(join(root, "docs")).map((name) => `docs/${name}`)];

/** `<!-- PATH -->` before a code block: it is that file. */
const QUOTED = /<!-- ([\w./-]+) -->\n```\w+\n([\s\S]*?)```/g;
const samples = pages
  .filter((page) => page.endsWith(".md"))
  .flatMap((page) => [...read(page).matchAll(QUOTED)].map(([, file, code]) => ({ page, file: file!, code })));

it("there are samples that are files", () => {
  expect(samples.length).toBeGreaterThan(1);
});

it.each(samples)("$page has $file as it is", ({ file, code }) => {
  expect(code).toBe(read(file));
});
