import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { survive } from "../fixtures/task-survival.mjs";
import { fixture } from "../support/fixtures.js";

const python = fileURLToPath(new URL("../../.ci/tasks/bin/python", import.meta.url));

const once = { results: ["result: held until now"], runs: 1, kept: 0, cuts: 5, kills: 2 };

it("a legacy server's task gives one result, and runs once, across five losses and two kills of its caller", async () => {
  const server = { command: process.execPath, args: [fixture("task-server.mjs")], era: "legacy" as const };
  expect(await survive(server)).toMatchObject(once);
});

it.skipIf(!existsSync(python))("so does a modern one's", async () => {
  const server = { command: python, args: [fixture("task-server.py")], era: "auto" as const };
  expect(await survive(server)).toMatchObject(once);
});
