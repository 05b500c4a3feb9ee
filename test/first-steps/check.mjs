// Goal: a server of one's own is checked, with a report for CI.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { firstSteps } from "./steps.mjs";

await firstSteps(async (reader) => {
  const printed = await reader.follow("check");
  assert.match(printed, /one-wire +kept/);
  assert.match(readFileSync(join(reader.folder, "connection.xml"), "utf8"), /<testsuite /);
});
