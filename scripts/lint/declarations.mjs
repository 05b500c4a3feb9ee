// What the declarations that an entry reaches import: those of these packages do not compile in a strict program.
import { arrowsOf, parse, resolve } from "./modules.mjs";

const FORBIDDEN = /^(xstate|zod|undici|execa)(\/|$)/;

/** The declarations that the entries reach, `files`, and what is wrong with them, `problems`. */
export function checkDeclarations(root, entries) {
  const files = [...entries];
  const seen = new Set(files);
  const problems = [];
  for (const file of files) {
    for (const { specifier, line } of arrowsOf(parse(root, file))) {
      if (specifier?.startsWith(".")) {
        const next = resolve(root, file, specifier)?.replace(/\.js$/, ".d.ts");
        if (next === undefined) problems.push(`${file}:${line} names ${specifier}, which is not there`);
        else if (!seen.has(next)) {
          seen.add(next);
          files.push(next);
        }
      } else if (FORBIDDEN.test(specifier)) {
        problems.push(`${file}:${line} imports ${specifier}, whose types do not compile in a strict program`);
      }
    }
  }
  return { files, problems };
}
