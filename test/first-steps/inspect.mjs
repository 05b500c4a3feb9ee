// Goal: the page that shows the connections is open.
import assert from "node:assert/strict";
import { firstSteps } from "./steps.mjs";

await firstSteps(async (reader) => {
  await reader.follow("inspect", /holdfast inspect/);
  const [line] = reader.lines("inspect", /holdfast inspect/);
  const { first, end } = await reader.start(line);
  const page = await fetch(first);
  assert.equal(page.status, 200);
  assert.match(await page.text(), /<html/);
  await end();
});
