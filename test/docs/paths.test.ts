import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const root = fileURLToPath(new URL("../../", import.meta.url));
const docs = readdirSync(join(root, "docs")).filter((name) => name.endsWith(".md"));
const FOLDERS = "src|test|docs|scripts|tools|bench|examples|api|\\.changeset|\\.github";

it.each(["AGENTS.md", "CONTRIBUTING.md", "SECURITY.md"])("every path that %s names is there", (page) => {
  const text = readFileSync(join(root, page), "utf8");
  const paths = [...text.matchAll(new RegExp(`\`((?:${FOLDERS})/[\\w./-]*)\``, "g"))];
  expect(paths.length).toBeGreaterThan(0);
  expect(paths.map(([, path]) => path!).filter((path) => !existsSync(join(root, path)))).toEqual([]);
});

it.each(docs.filter((page) => page !== "architecture.md"))(
  "every module that docs/%s names is there",
  (page) => {
    const text = readFileSync(join(root, "docs", page), "utf8");
    const modules = [...text.matchAll(/`((?:[\w-]+\/)+[\w.-]+\.(?:ts|mjs|json|js)\b)/g)].map(
      ([, path]) => path!,
    );
    const isThere = (path: string) => ["", "src"].some((folder) => existsSync(join(root, folder, path)));
    expect(modules.filter((path) => !isThere(path))).toEqual([]);
  },
);

it.each(["README.md", "CONTRIBUTING.md", "SECURITY.md", "AGENTS.md", ...docs.map((page) => `docs/${page}`)])(
  "every page, heading and file that %s links to is there",
  (page) => {
    const links = [...readFileSync(join(root, page), "utf8").matchAll(/\]\(([^)\s]+)\)/g)].map(
      ([, to]) => to!,
    );
    const local = links.filter((to) => !/^https?:/.test(to));
    expect(local.filter((to) => !leads(to, page))).toEqual([]);
  },
);

function leads(to: string, page: string): boolean {
  const [path = "", heading] = to.split("#");
  const file = path === "" ? join(root, page) : join(root, page, "..", path);
  if (!existsSync(file) || heading === undefined) return existsSync(file);
  const headings = [...readFileSync(file, "utf8").matchAll(/^#+ (.*)$/gm)].map(([, title]) => title!);
  return headings.some(
    (title) =>
      title
        .toLowerCase()
        .replace(/[^\w -]/g, "")
        .replaceAll(" ", "-") === heading,
  );
}
