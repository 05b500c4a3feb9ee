// Goal: a host's config has one line, behind which all servers are.
import assert from "node:assert/strict";
import { firstSteps } from "./steps.mjs";

await firstSteps(async (reader) => {
  const printed = await reader.follow("serve");
  assert.match(printed, /connected/);
  assert.match(printed, /Echo: hello/);
  // What a host does with the README's line.
  assert.match(await reader.run("npx holdfast call host.json echo message=served"), /Echo: served/);
});
