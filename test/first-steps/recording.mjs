// Goal: an agent's test passes without its server, and again after it was recorded anew.
import assert from "node:assert/strict";
import { firstSteps } from "./steps.mjs";

await firstSteps(async (reader) => {
  const printed = await reader.follow("recording");
  assert.match(printed, /agent\.test\.mjs/);
  assert.equal(printed.match(/pass 1\b/g)?.length, 2);
  assert.match(printed, /The sum of 19 and 23 is 42/);
});
