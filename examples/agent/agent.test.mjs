import assert from "node:assert/strict";
import { test } from "node:test";
import { agent } from "./agent.mjs";

// No server, no network: agent.jsonl has what the servers answered. Record it again with: node agent.mjs agent.jsonl
test("the agent adds up", async () => {
  assert.match(await agent(new URL("agent.jsonl", import.meta.url)), /42/);
});
