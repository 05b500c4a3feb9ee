import { expect, it, vi } from "vitest";
import type { SessionOptions } from "../../src/contract/session.js";
import type { FakeServer } from "../../src/testing/fake-server.js";
import { MemoryTransport } from "../../src/transports/memory.js";
import { closing } from "../support/fixtures.js";
import { gate } from "../support/gate.js";
import { rejection } from "../support/settling.js";
import { askedOf, legacyServer, modernServer, taskOf } from "../support/task-fakes.js";

const DONE = { content: [{ type: "text", text: "done" }] };
const call = (name: string) => ({ name, arguments: {} });

/** A session of `era` on a gateway in front of that server. */
async function through(server: FakeServer, era: "legacy" | "modern", options: SessionOptions = {}) {
  const inner = closing(server.transport({ era: "auto" }));
  const outer = closing(new MemoryTransport({ server: inner.asServer(), era }));
  const session = await outer.connectSession(options);
  expect(session.getProtocolEra()).toBe(era);
  return session;
}

const modernDone = () =>
  modernServer().on("tasks/get", () => ({
    resultType: "complete",
    ...taskOf("t1", "completed", { result: DONE }),
  }));

const legacyDone = () =>
  legacyServer()
    .on("tasks/get", () => taskOf("t1", "completed"))
    .on("tasks/result", () => DONE);

const ways = [
  ["legacy", "legacy", legacyDone, "optional"],
  ["modern", "modern", modernDone, "tool"],
  ["legacy", "modern", modernDone, "tool"],
  ["modern", "legacy", legacyDone, "optional"],
] as const;

it.each(ways)("a %s client has its task of a %s server", async (era, _its, make, tool) => {
  const session = await through(make(), era);
  expect(await session.callTool(call(tool), { task: true })).toMatchObject(DONE);
  const { ref } = await session.tasks.start(call(tool));
  expect(ref).toMatchObject({ era, taskId: "t1", ttlMs: 60_000 });
  expect(await session.tasks.result(ref!)).toMatchObject(DONE);
});

it.each(ways)(
  "a %s client hears how a task of a %s server ends without a result",
  async (era, its, make, tool) => {
    const server = make();
    const complete = its === "modern" ? { resultType: "complete" } : {};
    const session = await through(server, era);
    const cancelled = taskOf("t1", "cancelled");
    server.on("tasks/get", () => ({ ...complete, ...cancelled }));
    server.on("tasks/cancel", () => (its === "modern" ? complete : cancelled));
    const running = await session.tasks.start(call(tool));
    await running.cancel();
    expect(await rejection(running.result())).toMatchObject({ code: "TASK_CANCELLED" });
    server.on("tasks/get", () => {
      throw Object.assign(new Error("Task not found"), { code: -32602 });
    });
    expect(await rejection(session.tasks.result(running.ref!))).toMatchObject({ code: "TASK_FORGOTTEN" });
  },
);

it("a modern client's call of a legacy tool without tasks is a plain one", async () => {
  const session = await through(legacyDone(), "modern");
  const plain = { content: [{ type: "text", text: "plain" }] };
  expect(await session.callTool(call("forbidden"), { task: true })).toMatchObject(plain);
  expect(await session.callTool(call("optional"))).toMatchObject(plain);
});

it("a legacy client's person is asked what a task of a modern server asks", async () => {
  const server = modernServer();
  let answer: unknown;
  const schema = { type: "object", properties: { sure: { type: "boolean" } } };
  const question = {
    method: "elicitation/create",
    params: { mode: "form", message: "Sure?", requestedSchema: schema },
  };
  server.on("tasks/get", () => ({
    resultType: "complete",
    ...(answer
      ? taskOf("t1", "completed", { result: DONE })
      : taskOf("t1", "input_required", { inputRequests: { q: question } })),
  }));
  server.on("tasks/update", ({ inputResponses }) => {
    answer = inputResponses;
    return { resultType: "complete" };
  });
  const session = await through(server, "legacy", { elicitation: () => ({ sure: true }) });
  expect(await session.callTool(call("tool"), { task: true })).toMatchObject(DONE);
  expect(answer).toEqual({ q: { action: "accept", content: { sure: true } } });
});

it("a legacy tool that failed is a completed task with an error for a modern client", async () => {
  const server = legacyDone().on("tasks/get", () => taskOf("t1", "failed"));
  server.on("tasks/result", () => ({ ...DONE, isError: true }));
  const session = await through(server, "modern");
  expect(await session.callTool(call("optional"), { task: true })).toMatchObject({ ...DONE, isError: true });
  server.on("tasks/result", () => {
    throw Object.assign(new Error("broken"), { code: -32000 });
  });
  expect(await rejection(session.callTool(call("optional"), { task: true }))).toMatchObject({ code: -32000 });
});

it("a legacy task that asks is waited for once, as often as a modern client asks for it", async () => {
  const server = legacyServer().on("tasks/get", () => taskOf("t1", "input_required"));
  const asked = gate();
  server.on("tasks/result", async () => {
    await asked.opened;
    return DONE;
  });
  const session = await through(server, "modern");
  const { ref } = await session.tasks.start(call("optional"));
  for (let poll = 0; poll < 5; poll++)
    expect(await session.tasks.get(ref!)).toMatchObject({ status: "working" });
  // What is sent now comes after all that the polls sent.
  await vi.waitFor(() => expect(askedOf(server)).toContain("tasks/result"));
  await session.tasks.get(ref!);
  expect(askedOf(server).filter((method) => method === "tasks/result")).toHaveLength(1);
  server.on("tasks/get", () => taskOf("t1", "completed"));
  asked.open();
  expect(await session.tasks.result(ref!)).toMatchObject(DONE);
});
