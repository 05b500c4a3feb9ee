// Fails where a module that acts when it is loaded is imported for its functions: node scripts/side-effects.mjs [FOLDER]
import { fileURLToPath } from "node:url";
import { importedForEffects } from "./lint/side-effects.mjs";

const root = process.argv[2] ?? fileURLToPath(new URL("../", import.meta.url));
const { read, problems } = importedForEffects(root);
for (const problem of problems) console.error(problem);
console.log(`side effects: ${read} modules read, ${problems.length} problems`);
process.exitCode = read > 0 && problems.length === 0 ? 0 : 1;
