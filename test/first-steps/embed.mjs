// Goal: a program of one's own lists the tools of a server, and calls one.
import assert from "node:assert/strict";
import { firstSteps } from "./steps.mjs";

await firstSteps(async (reader) => {
  const printed = await reader.follow("embed");
  assert.match(printed, /'echo'/);
  assert.match(printed, /text: 'Echo: hello'/);
});
