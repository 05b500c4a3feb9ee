// Makes what is shipped of what the compiler wrote: the entries and their common parts as a few files in place of four hundred
// modules, because Node needs a third of a millisecond for each module that it loads. All of them lie in one folder, so that a
// module finds what it reads beside it in either form. Dependencies stay packages.
import { cpSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";
import { checkDeclarations } from "./lint/declarations.mjs";

const dist = fileURLToPath(new URL("../dist/", import.meta.url));
const at = (path) => `${dist}${path}.js`;

const ADAPTERS = ["ai-sdk", "claude-agent", "langchain", "openai-agents"];

const made = await rolldown({
  input: {
    index: at("index"),
    ...Object.fromEntries(ADAPTERS.map((name) => [name, at(`adapters/${name}`)])),
    inspect: at("inspect/index"),
    metrics: at("metrics/index"),
    otel: at("otel/index"),
    serve: at("serve/index"),
    testing: at("testing/index"),
    cli: at("cli/main"),
    pipe: at("testing/pipe"),
  },
  platform: "node",
  external: (id) => !/^[./]/.test(id),
});

/** The modules that are loaded with an entry: those of its file and of all that the file imports, before anything is used. */
function loadedWith(entry, chunks) {
  const files = new Set([`${entry}.js`]);
  for (const file of files) for (const imported of chunks.get(file)?.imports ?? []) files.add(imported);
  return [...files].flatMap((file) => chunks.get(file)?.moduleIds ?? []);
}

// Left alone, each set of modules that some entries share is a file, thirty of them for `import "holdfast"`. What comes with it
// anyway is two files: one of what the programs load too, which are to start fast, and one of the rest.
const chunks = new Map((await made.generate({})).output.map((chunk) => [chunk.fileName, chunk]));
const programs = new Set(["cli", "pipe"].flatMap((entry) => loadedWith(entry, chunks)));
const withIndex = loadedWith("index", chunks).filter((module) => module !== at("index"));
const groups = [
  { name: "base", modules: new Set(withIndex.filter((module) => programs.has(module))) },
  { name: "core", modules: new Set(withIndex.filter((module) => !programs.has(module))) },
];

await made.write({
  dir: `${dist}bundle`,
  format: "esm",
  chunkFileNames: "[name]-[hash].js",
  // Names of classes are shown to people.
  keepNames: true,
  // What they say stands in the declarations, where an editor looks for it.
  comments: { jsdoc: false },
  codeSplitting: {
    groups: groups.map(({ name, modules }) => ({ name, test: (module) => modules.has(module) })),
  },
});
await made.close();
cpSync(`${dist}inspect/page`, `${dist}bundle/page`, { recursive: true });

// Of the declarations those are shipped that a program can reach: a fifth of them.
const root = fileURLToPath(new URL("../", import.meta.url));
const { exports } = JSON.parse(readFileSync(`${root}package.json`, "utf8"));
const types = Object.values(exports).flatMap((entry) => entry.types?.slice("./".length) ?? []);
const reached = new Set(checkDeclarations(root, types).files);
for (const file of readdirSync(dist, { recursive: true }))
  if (file.endsWith(".d.ts") && !reached.has(`dist/${file.replaceAll("\\", "/")}`)) rmSync(`${dist}${file}`);
