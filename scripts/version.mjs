// Writes the package's version into the code: npm run version, after the changesets made it.
import { readFileSync, writeFileSync } from "node:fs";

const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
const file = new URL("../src/base/version.ts", import.meta.url);
writeFileSync(
  file,
  readFileSync(file, "utf8").replace(/VERSION = ".*"/, () => `VERSION = "${version}"`),
);
