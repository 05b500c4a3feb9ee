// No module that acts when it is loaded is imported for what it exports: whoever imports it would act, too, and on
// arguments that were meant for another program. `import "…"`, which asks for the effect alone, stays allowed.
// What a call at the top of a module does cannot be known: those are found whose name says that they act.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Visitor } from "oxc-parser";
import { arrowsOf, modulesBelow, parse, resolve } from "./modules.mjs";

const FOLDERS = ["src", "test", "bench", "scripts", "examples"];
const DECLARATION =
  /^(Import|Export)|^(Function|Class|Variable)Declaration$|^TS(Interface|TypeAlias|Enum|Module|ImportEquals)|^TS.*Function$/;
const ACTS =
  /^(spawn|exec|execFile|fork)(Sync)?$|^(listen|connect|kill|setInterval|setTimeout|setImmediate)$|^(write|append|mk|rm|copy|cp|rename|unlink)[A-Za-z]*$/;

/** What a module does when it is loaded: `{ what, line }` each. A `main` guarded by import.meta does nothing then. */
function effectsOf({ program, source }) {
  const lineOf = (node) => source.slice(0, node.start).split("\n").length;
  const effects = [];
  for (const statement of program.body) {
    const text = source.slice(statement.start, statement.end);
    const declared = statement.type.startsWith("Export") ? statement.declaration : statement;
    if (statement.type === "IfStatement" && isMainGuard(source, statement.test)) continue;
    if (statement.directive) continue;
    if (!DECLARATION.test(statement.type))
      effects.push({ what: text.split("\n")[0], line: lineOf(statement) });
    else if (declared?.type === "VariableDeclaration") {
      for (const node of actingIn(declared, source)) {
        effects.push({ what: source.slice(node.start, node.end).split("\n")[0], line: lineOf(node) });
      }
    }
  }
  return effects;
}

const isMainGuard = (source, test) => {
  const text = source.slice(test.start, test.end);
  return (
    /import\.meta\.(main|url|filename)/.test(text) && (/process\.argv/.test(text) || /meta\.main/.test(text))
  );
};

/** The expressions of a declaration that act, or read the program's arguments, outside functions. */
function actingIn(declaration, source) {
  const found = [];
  let depth = 0;
  const inside = {};
  for (const type of [
    "FunctionExpression",
    "ArrowFunctionExpression",
    "FunctionDeclaration",
    "ClassExpression",
  ]) {
    inside[type] = () => depth++;
    inside[`${type}:exit`] = () => depth--;
  }
  const note = (node) => depth === 0 && found.push(node);
  new Visitor({
    ...inside,
    // To load a module late is no more of an effect than to import it.
    AwaitExpression: (node) => /\bimport\(/.test(source.slice(node.start, node.end)) || note(node),
    MemberExpression: (node) => {
      if (node.object.name === "process" && node.property.name === "argv") note(node);
    },
    CallExpression: (node) => {
      if (ACTS.test(node.callee.name ?? node.callee.property?.name ?? "")) note(node);
    },
  }).visit({ type: "Program", sourceType: "module", hashbang: null, body: [declaration], start: 0, end: 0 });
  return found;
}

/** Each import, of a module that acts, for what it exports, and what package.json says wrongly of it: a sentence each. */
export function importedForEffects(root) {
  const folders = FOLDERS.filter((folder) => existsSync(join(root, folder)));
  const files = new Map(
    folders.flatMap((folder) => modulesBelow(root, folder)).map((file) => [file, parse(root, file)]),
  );
  const problems = [];
  for (const [file, parsed] of files) {
    for (const { specifier, line, use } of arrowsOf(parsed)) {
      if (use !== "values" || !specifier?.startsWith(".")) continue;
      const target = files.get(resolve(root, file, specifier) ?? "");
      const [effect] = target ? effectsOf(target) : [];
      if (!effect) continue;
      const where = `${resolve(root, file, specifier)}:${effect.line}`;
      problems.push(
        `${file}:${line} imports a module that acts when it is loaded (${where}: ${effect.what})`,
      );
    }
  }
  return { read: files.size, problems: [...problems, ...undeclared(root, files)] };
}

/**
 * A bundler drops what it may: `sideEffects` of package.json names the modules of src/ that act, and no other. What is made of
 * them in dist/bundle is named by hand.
 */
function undeclared(root, files) {
  if (!existsSync(join(root, "package.json"))) return [];
  const { sideEffects = [] } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const acting = [...files]
    .filter(([file, parsed]) => file.startsWith("src/") && effectsOf(parsed).length > 0)
    .map(([file]) => file.replace(/^src/, "./dist").replace(/\.ts$/, ".js"));
  return [
    ...acting
      .filter((file) => !sideEffects.includes(file))
      .map((file) => `${file} acts when it is loaded, and package.json's sideEffects does not name it`),
    ...sideEffects
      .filter((file) => !acting.includes(file) && !file.startsWith("./dist/bundle/"))
      .map((file) => `package.json's sideEffects names ${file}, which does nothing when it is loaded`),
  ];
}
