// Reads every arrow of src/ and fails where one points up, goes in a circle or cannot be read: node scripts/arrows.mjs [FOLDER]
import { fileURLToPath } from "node:url";
import { check } from "./lint/arrows.mjs";

const root = process.argv[2] ?? fileURLToPath(new URL("../", import.meta.url));
const { read, arrows, circles, roomCircles, problems } = check(root);
for (const problem of problems) console.error(problem);
console.log(
  `arrows: ${read} modules and ${arrows} arrows read, ${circles} circles of files, ${roomCircles} of rooms, ${problems.length} problems`,
);
process.exitCode = problems.length === 0 ? 0 : 1;
