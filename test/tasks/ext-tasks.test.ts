import { createTaskSessionFromClient, resultFromTaskOutcome } from "@modelcontextprotocol/ext-tasks/client";
import { expect, it } from "vitest";
import { extTasks } from "../../src/tasks/ext-tasks.js";
import type { FakeServer } from "../../src/testing/fake-server.js";
import { askedOf, legacyServer, modernServer, sessionOn, taskOf } from "../support/task-fakes.js";

const DONE = { content: [{ type: "text", text: "done" }] };

function legacyDone(): FakeServer {
  return legacyServer()
    .on("tasks/get", () => taskOf("t1", "completed"))
    .on("tasks/result", () => DONE);
}

function modernDone(): FakeServer {
  const result = { ...DONE, resultType: "complete" };
  return modernServer().on("tasks/get", () => ({
    resultType: "complete",
    ...withoutV1(taskOf("t1", "completed", { result })),
  }));
}

/** Its reader of the modern era takes no field of the legacy one. */
const withoutV1 = ({ ttl: _, pollInterval: __, ...rest }: Record<string, unknown>) => rest;

it.each([
  ["legacy", legacyDone, "required"],
  ["modern", modernDone, "tool"],
])("the protocol's own package for tasks works on a session, %s, across a loss", async (_era, make, tool) => {
  const server = make();
  const session = await sessionOn(server);
  const tasks = createTaskSessionFromClient(session, { endpointId: "here", ...extTasks(session) });
  const execution = await tasks.callTool(tool, {});
  await server.drop();
  const { outcome } = await execution.settle();
  expect(resultFromTaskOutcome(outcome)).toMatchObject(DONE);
  expect(askedOf(server).filter((method) => method === "tools/call")).toHaveLength(1);
  await tasks.close();
});
