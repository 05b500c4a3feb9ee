// Goal: a server of one's own is checked, with a report for CI.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { firstSteps } from "./steps.mjs";

await firstSteps(async (reader) => {
  await reader.follow("check", /holdfast check/);
  const [line] = reader.lines("check", /holdfast check/);
  // What it finds is no matter of the first steps: a machine that stops for seconds breaks a deadline, and exits with 1.
  const printed = await reader
    .run(line)
    .catch(({ code, stdout }) => (code === 1 ? stdout : assert.fail(stdout)));
  assert.match(printed, /one-wire +(?:kept|broken)/);
  assert.match(readFileSync(join(reader.folder, "connection.xml"), "utf8"), /<testsuite /);
});
