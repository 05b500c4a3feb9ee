// Reads modules: which files there are, and every arrow from one to another, whatever its form.
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { parseSync, Visitor } from "oxc-parser";

const MODULE = /\.[mc]?[jt]sx?$/;
const SKIPPED = new Set(["node_modules", "dist", ".peers", "__pycache__"]);

/** The modules below a folder of `root`, as paths from `root` with `/`. */
export function modulesBelow(root, folder) {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = posix.join(folder, entry.name);
    if (entry.isDirectory()) return SKIPPED.has(entry.name) ? [] : modulesBelow(root, path);
    return MODULE.test(entry.name) ? [path] : [];
  });
}

/** What git tracks below a folder and is there, or `undefined` outside a checkout. */
export function trackedBelow(root, folder) {
  try {
    // A checkout that belongs to somebody else (a container's volume) is read all the same.
    const args = ["-c", "safe.directory=*", "ls-files", "-z", "--", folder];
    const listed = execFileSync("git", args, {
      cwd: root,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
    return listed.split("\0").filter((path) => path !== "" && existsSync(join(root, path)));
  } catch {
    return undefined;
  }
}

export function parse(root, file) {
  const source = readFileSync(join(root, file), "utf8");
  const { program, module, comments, errors } = parseSync(file, source);
  if (errors.length > 0) throw new Error(`${file} cannot be parsed: ${errors[0].message}`);
  return { program, module, comments, source };
}

const literal = (node) => {
  if (node?.type === "Literal" && typeof node.value === "string") return node.value;
  if (node?.type === "TemplateLiteral" && node.expressions.length === 0) return node.quasis[0].value.cooked;
  return undefined;
};

/**
 * Everything that a module names by a specifier: `import`, `import type`, `export … from`, `import()`, `import("…")` in a
 * type and in a comment, `import x = require("…")`, `require("…")`, `declare module "./…"`, `new URL("./….js",
 * import.meta.url)` and `/// <reference path>`. Each is a `{ specifier, line, use }`;
 * `use` is "values", "types" (nothing is loaded) or "effect" (`import "…"`, or an `import()` whose value nobody takes).
 * A specifier that is computed is `undefined`.
 */
export function arrowsOf({ program, module, comments, source }) {
  const lineAt = (offset) => source.slice(0, offset).split("\n").length;
  const found = [];
  const add = (specifier, offset, use = "values") => found.push({ specifier, line: lineAt(offset), use });
  for (const { start, end, moduleRequest } of module.staticImports) {
    const text = source.slice(start, end);
    add(
      moduleRequest.value,
      start,
      /^import\s+type\b/.test(text) ? "types" : /^import\s*["']/.test(text) ? "effect" : "values",
    );
  }
  for (const { start, end, entries } of module.staticExports) {
    const use = /^export\s+type\b/.test(source.slice(start, end)) ? "types" : "values";
    for (const { moduleRequest } of entries) if (moduleRequest) add(moduleRequest.value, start, use);
  }
  const ignored = new Set();
  new Visitor({
    ExpressionStatement: ({ expression }) =>
      ignored.add(expression.type === "AwaitExpression" ? expression.argument : expression),
    ImportExpression: (node) =>
      add(literal(node.source), node.start, ignored.has(node) ? "effect" : "values"),
    TSImportType: (node) => add(literal(node.source), node.start, "types"),
    TSExternalModuleReference: (node) => add(literal(node.expression), node.start),
    TSModuleDeclaration: (node) => {
      if (literal(node.id)?.startsWith(".")) add(literal(node.id), node.start, "types");
    },
    NewExpression: (node) => {
      const [path, base] = node.arguments;
      const isModule = MODULE.test(literal(path) ?? "") && base?.type === "MemberExpression";
      if (node.callee.name === "URL" && isModule) add(literal(path), node.start, "effect");
    },
    CallExpression: (node) => {
      if (node.callee.name === "require") add(literal(node.arguments[0]), node.start);
    },
  }).visit(program);
  for (const { value, start } of comments) {
    for (const [, specifier] of value.matchAll(/(?:import\(|<reference path=)["']([^"']+)["']/g))
      add(specifier, start, "types");
  }
  return found;
}

/** The file that a relative specifier means (TypeScript's sources first), or `undefined` when there is none. */
export function resolve(root, from, specifier) {
  const path = posix.join(dirname(from), specifier);
  const stem = path.replace(/\.([mc]?)js$/, "");
  const [, kind = ""] = /\.([mc]?)js$/.exec(path) ?? [];
  const tries = [`${stem}.${kind}ts`, `${stem}.tsx`, path, `${stem}.d.${kind}ts`];
  return tries.find((file) => MODULE.test(file) && existsSync(join(root, file)));
}
