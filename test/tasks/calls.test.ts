import { inspect } from "node:util";
import { queryObjects } from "node:v8";
import { describe, expect, it, vi } from "vitest";
import { memoryTaskStore } from "../../src/tasks/memory-store.js";
import { isCollected } from "../support/collected.js";
import { rejection } from "../support/settling.js";
import { askedOf, legacyServer, modernServer, sessionOn, taskOf } from "../support/task-fakes.js";

const DONE = { content: [{ type: "text", text: "done" }] };
const plain = { content: [{ type: "text", text: "plain" }] };
const call = (name: string) => ({ name, arguments: {} });

function legacyDone() {
  const server = legacyServer();
  server.on("tasks/get", () => taskOf("t1", "completed"));
  server.on("tasks/result", () => DONE);
  server.on("tasks/list", () => ({ tasks: [] }));
  return server;
}

function modernDone() {
  const server = modernServer();
  server.on("tasks/get", () => ({
    resultType: "complete",
    ...taskOf("t1", "completed", { result: { ...DONE, resultType: "complete" } }),
  }));
  return server;
}

describe("a call with a task", () => {
  it.each(["required", "optional"])("is one where a legacy tool says %s", async (tool) => {
    const session = await sessionOn(legacyDone());
    expect(await session.callTool(call(tool), { task: "auto" })).toMatchObject(DONE);
    expect(await session.callTool(call(tool), { task: true })).toMatchObject(DONE);
  });

  it("is a plain one with auto where a tool says forbidden, and an error with true", async () => {
    const session = await sessionOn(legacyDone());
    expect(await session.callTool(call("forbidden"), { task: "auto" })).toMatchObject(plain);
    const error = await rejection(session.callTool(call("forbidden"), { task: { ttlMs: 5 } }));
    expect(error).toMatchObject({ code: "TASK_UNSUPPORTED", tool: "forbidden" });
    expect(String(error)).toMatch(
      /forbidden cannot be called as a task: the server offers no tasks for this tool; /,
    );
  });

  it("asks for the ttl of a legacy server, and reads the list of tools once", async () => {
    const server = legacyDone();
    const asked: unknown[] = [];
    server.on("tools/call", ({ task }) => {
      asked.push(task);
      return { task: taskOf("t1", "working") };
    });
    const session = await sessionOn(server);
    await session.callTool(call("optional"), { task: { ttlMs: 7_000 } });
    await session.callTool(call("optional"), { task: true });
    expect(asked).toEqual([{ ttl: 7_000 }, {}]);
    expect(askedOf(server).filter((method) => method === "tools/list")).toHaveLength(1);
  });

  it("tells a modern server that it knows tasks, and no other call does", async () => {
    const session = await sessionOn(modernDone());
    expect(await session.callTool(call("tool"))).toMatchObject(plain);
    const seen: string[] = [];
    const options = {
      task: "auto",
      onTask: ({ status }: { status: string }) => void seen.push(status),
    } as const;
    expect(await session.callTool(call("tool"), options)).toEqual(DONE);
    expect(seen).toEqual(["working", "completed"]);
  });

  it("takes a result that a modern server gives at once", async () => {
    const server = modernDone().on("tools/call", () => ({ resultType: "complete", ...DONE }));
    const session = await sessionOn(server);
    expect(await session.callTool(call("tool"), { task: true })).toEqual(DONE);
    const running = await session.tasks.start(call("tool"));
    expect([running.ref, await running.result()]).toEqual([undefined, DONE]);
    for await (const status of running) expect(status).toBeUndefined();
    await running.cancel();
    expect(askedOf(server)).not.toContain("tasks/get");
  });

  it("is an error where the server knows none of it, and a plain call with auto", async () => {
    const without = legacyDone().on("initialize", () => ({
      protocolVersion: "2025-11-25",
      capabilities: { tools: {} },
      serverInfo: { name: "fake", version: "1" },
    }));
    const session = await sessionOn(without);
    expect(await session.callTool(call("optional"), { task: "auto" })).toMatchObject(plain);
    await expect(session.tasks.start(call("optional"))).rejects.toMatchObject({ code: "TASK_UNSUPPORTED" });
  });

  it("becomes one by itself for a session that declares the extension", async () => {
    const session = await sessionOn(modernDone(), { extensions: { "io.modelcontextprotocol/tasks": {} } });
    expect(await session.callTool(call("tool"))).toEqual(DONE);
  });
});

describe("how a task ends", () => {
  it("is told by its server: failed with an error, or cancelled", async () => {
    const server = modernServer();
    const session = await sessionOn(server);
    const failed = taskOf("t1", "failed", { error: { code: -32000, message: "no" } });
    server.on("tasks/get", () => ({ resultType: "complete", ...failed }));
    expect(await rejection(session.callTool(call("tool"), { task: true }))).toMatchObject({
      code: -32000,
      message: expect.stringContaining("no"),
    });
    server.on("tasks/get", () => ({
      resultType: "complete",
      ...taskOf("t1", "cancelled", { statusMessage: "by hand" }),
    }));
    const error = await rejection(session.callTool(call("tool"), { task: true }));
    expect(error).toMatchObject({ code: "TASK_CANCELLED", taskId: "t1" });
    expect(String(error)).toContain("by hand");
  });

  it("is told where the server forgot it, and the store forgets it too", async () => {
    const taskStore = memoryTaskStore();
    const server = legacyServer();
    server.on("tasks/get", () => {
      throw Object.assign(new Error("Task not found"), { code: -32602 });
    });
    const session = await sessionOn(server, { taskStore });
    const running = await session.tasks.start(call("optional"));
    expect(await taskStore.list()).toHaveLength(1);
    expect(await rejection(running.result())).toMatchObject({ code: "TASK_FORGOTTEN", taskId: "t1" });
    expect(await taskStore.list()).toEqual([]);
  });

  it("is told as its server does where it failed with an error of parameters, and the store forgets it", async () => {
    const taskStore = memoryTaskStore();
    const server = legacyServer().on("tasks/get", () => taskOf("t1", "failed"));
    server.on("tasks/result", () => {
      throw Object.assign(new Error("no such city"), { code: -32602 });
    });
    const session = await sessionOn(server, { taskStore });
    expect(await rejection(session.callTool(call("optional"), { task: true }))).toMatchObject({
      code: -32602,
      message: expect.stringContaining("no such city"),
    });
    expect(await taskStore.list()).toEqual([]);
  });

  it("cannot be changed any more: that is said as the server does, and of a task that it forgot that it did", async () => {
    const server = legacyDone().on("tasks/cancel", () => {
      throw Object.assign(new Error("Cannot cancel task in terminal status"), { code: -32602 });
    });
    const session = await sessionOn(server);
    const running = await session.tasks.start(call("optional"));
    const refused = { code: -32602, message: expect.stringContaining("terminal status") };
    expect(await rejection(running.cancel())).toMatchObject(refused);
    expect(await rejection(session.tasks.cancel(running.ref!))).toMatchObject(refused);
    server.on("tasks/get", () => {
      throw Object.assign(new Error("Task not found"), { code: -32602 });
    });
    expect(await rejection(running.cancel())).toMatchObject({ code: "TASK_FORGOTTEN", taskId: "t1" });
  });

  it.each(["legacy", "modern"] as const)(
    "is told where the structured content is not what the tool promised, as of any call, %s",
    async (era) => {
      const tool = {
        name: "tool",
        inputSchema: { type: "object" },
        outputSchema: { type: "object", properties: { n: { type: "number" } }, required: ["n"] },
        execution: { taskSupport: "optional" },
      };
      const server = era === "modern" ? modernDone() : legacyDone();
      const list = { resultType: "complete", ttlMs: 0, cacheScope: "private" };
      server.on("tools/list", () => ({ ...(era === "modern" && list), tools: [tool] }));
      const answer = (result: object) =>
        era === "modern"
          ? server.on("tasks/get", () => ({
              resultType: "complete",
              ...taskOf("t1", "completed", { result: { ...DONE, resultType: "complete", ...result } }),
            }))
          : server.on("tasks/result", () => ({ ...DONE, ...result }));
      const taskStore = memoryTaskStore();
      const session = await sessionOn(server, { taskStore });
      await session.listTools();
      const called = () => session.callTool(call("tool"), { task: { key: "report" } });
      const refused = async (why: string) => {
        const error = await rejection(called());
        expect(error).toMatchObject({ code: "INVALID_ANSWER", outcome: "done", result: DONE });
        expect(String(error)).toContain(why);
        expect(await taskStore.list()).toEqual([]);
      };
      answer({ structuredContent: { n: 1 } });
      expect(await called()).toMatchObject({ structuredContent: { n: 1 } });
      answer({ structuredContent: { n: "one" } });
      await refused("does not fit the tool's output schema");
      answer({});
      await refused("gave no structured content");
      answer({ isError: true });
      expect(await called()).toMatchObject({ isError: true });
      server.on("tools/call", () => ({ ...(era === "modern" && { resultType: "complete" }), ...DONE }));
      await refused("gave no structured content");
    },
  );

  it("is told without secrets, whatever the server says of it", async () => {
    const secret = "s3cr3t-value-of-the-server";
    const server = legacyServer();
    const session = await sessionOn(server, {}, { secrets: [secret] });
    const told = async () => {
      const error = await rejection(session.callTool(call("optional"), { task: true }));
      expect(error).toBeInstanceOf(Error);
      return inspect(error, { depth: 9 });
    };
    server.on("tasks/get", () => taskOf("t1", "cancelled", { statusMessage: `by ${secret}` }));
    expect(await told()).not.toContain(secret);
    server.on("tasks/get", () => ({ token: secret }));
    expect(await told()).not.toContain(secret);
    const modern = modernServer();
    const ended = (status: string, how: object) =>
      modern.on("tasks/get", () => ({ resultType: "complete", ...taskOf("t1", status, how) }));
    const failing = await sessionOn(modern, {}, { secrets: [secret] });
    const failed = () => rejection(failing.callTool(call("tool"), { task: true }));
    ended("failed", { error: { code: -32000, message: secret } });
    const error = await failed();
    expect(error).toMatchObject({ code: -32000 });
    expect(inspect(error)).not.toContain(secret);
    ended("completed", { result: { ...DONE, resultType: secret } });
    const unusable = await failed();
    expect(unusable).toMatchObject({ code: "INVALID_ANSWER" });
    expect(inspect(unusable)).not.toContain(secret);
  });

  it.each([
    ["no task", { ...taskOf("other", "completed") }],
    ["nothing", {}],
    ["an odd status", { ...taskOf("t1", "perhaps") }],
  ])("is not believed where the answer is %s", async (_what, answer) => {
    const session = await sessionOn(legacyServer().on("tasks/get", () => answer));
    expect(await rejection(session.callTool(call("optional"), { task: true }))).toMatchObject({
      code: "INVALID_ANSWER",
      outcome: "unknown",
    });
  });

  it("a signal cancels it on the server", async () => {
    const server = legacyServer().on("tasks/get", () => taskOf("t1", "working"));
    const cancelled = new Promise<unknown>((resolve) => {
      server.on("tasks/cancel", (params) => {
        resolve(params);
        return taskOf("t1", "cancelled");
      });
    });
    const session = await sessionOn(server);
    const end = new AbortController();
    const options = { task: true, signal: end.signal, onTask: () => end.abort(new Error("enough")) } as const;
    expect(await rejection(session.callTool(call("optional"), options))).toMatchObject({ message: "enough" });
    expect(await cancelled).toMatchObject({ taskId: "t1" });
  });
});

describe("across a loss", () => {
  it("a status that was lost is asked for again, as often as needed", async () => {
    const server = legacyDone();
    let lost = 0;
    server.on("tasks/get", () => {
      if (lost++ < 8) return server.drop();
      return taskOf("t1", "completed");
    });
    server.on("tasks/result", () => (lost++ === 9 ? server.drop() : DONE));
    const session = await sessionOn(server);
    expect(await session.callTool(call("optional"), { task: true })).toMatchObject(DONE);
    expect(askedOf(server).filter((method) => method === "tools/call")).toHaveLength(1);
  });

  it("a beginning that was lost is unknown, and with a key no second one begins before somebody looked", async () => {
    const taskStore = memoryTaskStore();
    const server = legacyDone();
    server.on("tools/call", () => server.drop());
    const session = await sessionOn(server, { taskStore });
    const options = { task: { key: "report" } };
    expect(await rejection(session.callTool(call("optional"), options))).toMatchObject({
      code: "CONNECTION_LOST",
      outcome: "unknown",
    });
    server.on("tools/call", () => ({ task: taskOf("t1", "working") }));
    const error = await rejection(session.callTool(call("optional"), options));
    expect(error).toMatchObject({ code: "CONNECTION_LOST", outcome: "unknown" });
    expect(String(error)).toContain("tasks.forget");
    await session.tasks.forget({ key: "report" });
    expect(await session.callTool(call("optional"), options)).toMatchObject(DONE);
    expect(await taskStore.list()).toEqual([]);
  });

  it("what may have begun is no matter of the time for which its server should keep it", async () => {
    const taskStore = memoryTaskStore();
    const server = legacyDone().on("tools/call", () => server.drop());
    const session = await sessionOn(server, { taskStore });
    const options = { task: { key: "report", ttlMs: 1 } };
    await rejection(session.callTool(call("optional"), options));
    expect(await taskStore.list()).toMatchObject([{ key: "report", ttlMs: null }]);
  });

  it("a beginning that was refused leaves nothing", async () => {
    const taskStore = memoryTaskStore();
    const server = legacyDone().on("tools/call", () => {
      throw new Error("no");
    });
    const session = await sessionOn(server, { taskStore });
    await rejection(session.callTool(call("optional"), { task: { key: "report" } }));
    expect(await taskStore.list()).toEqual([]);
  });
});

describe("a task that was begun before", () => {
  it("is taken up by its key: calls at once and later ones are one task", async () => {
    const taskStore = memoryTaskStore();
    const server = legacyDone();
    const session = await sessionOn(server, { taskStore });
    const options = { task: { key: "report" } };
    const both = [
      session.tasks.start(call("optional"), options),
      session.tasks.start(call("optional"), options),
    ];
    const [first, second] = await Promise.all(both);
    expect(second!.ref).toEqual(first!.ref);
    expect(first!.ref).toMatchObject({
      server: "fake",
      era: "legacy",
      taskId: "t1",
      tool: "optional",
      key: "report",
    });
    expect(await session.tasks.list()).toEqual([first!.ref]);
    expect(await rejection(session.callTool(call("required"), options))).toMatchObject({
      code: "CONFIG_INVALID",
      path: "task.key",
    });
    expect(await second!.result()).toMatchObject(DONE);
    expect(askedOf(server).filter((method) => method === "tools/call")).toHaveLength(1);
    expect(await taskStore.list()).toEqual([]);
  });

  it("is taken up by its reference, which is plain JSON, in a session of its server only", async () => {
    const session = await sessionOn(modernDone());
    const { ref } = await session.tasks.start(call("tool"));
    const kept = JSON.parse(JSON.stringify(ref));
    expect(await session.tasks.result(kept)).toEqual(DONE);
    expect(await session.tasks.get(kept)).toMatchObject({ taskId: "t1", status: "completed" });
    expect(() => session.tasks.attach({ ...kept, server: "another" })).toThrow(/of the server another/);
  });

  it("is listed by a legacy server, with those of the store first", async () => {
    const server = legacyDone().on("tasks/list", ({ cursor }) =>
      cursor ? { tasks: [taskOf("t3", "working")] } : { tasks: [taskOf("t1", "working")], nextCursor: "2" },
    );
    const session = await sessionOn(server);
    await session.tasks.start(call("optional"));
    expect((await session.tasks.list()).map(({ taskId, tool }) => [taskId, tool])).toEqual([
      ["t1", "optional"],
      ["t3", ""],
    ]);
  });
});

describe("a task that asks", () => {
  it("has its questions answered by this session, each once", async () => {
    const server = modernServer();
    const updates: unknown[] = [];
    const question = {
      method: "elicitation/create",
      params: {
        mode: "form",
        message: "Sure?",
        requestedSchema: { type: "object", properties: { sure: { type: "boolean" } } },
      },
    };
    let shown = 0;
    server.on("tasks/get", () => {
      const asking = updates.length === 0 || shown++ < 3;
      const task = asking
        ? taskOf("t1", "input_required", { inputRequests: { q1: question } })
        : taskOf("t1", "completed", { result: DONE });
      return { resultType: "complete", ...task };
    });
    server.on("tasks/update", ({ inputResponses }) => {
      updates.push(inputResponses);
      return { resultType: "complete" };
    });
    let asked = 0;
    const session = await sessionOn(server, {
      elicitation: () => {
        asked++;
        return { sure: true };
      },
    });
    expect(await session.callTool(call("tool"), { task: true })).toEqual(DONE);
    expect(updates).toEqual([{ q1: { action: "accept", content: { sure: true } } }]);
    expect(asked).toBe(1);
  });
});

it("statuses come by iteration, and what a server says by itself counts", async () => {
  const server = legacyDone();
  server.on("tasks/get", () => taskOf("t1", "working", { pollInterval: 3_600_000 }));
  const session = await sessionOn(server);
  const running = await session.tasks.start(call("optional"));
  const seen: string[] = [];
  for await (const { status, statusMessage } of running) {
    seen.push(statusMessage ?? status);
    if (seen.length === 1) {
      const half = taskOf("t1", "working", { statusMessage: "half", pollInterval: 3_600_000 });
      server.on("tasks/get", () => half);
      server.notify("notifications/tasks/status", half);
    } else if (seen.length === 2) {
      server.on("tasks/get", () => taskOf("t1", "completed"));
      server.notify("notifications/tasks/status", taskOf("t1", "completed"));
    }
  }
  expect(seen).toEqual(["working", "half", "completed"]);
  expect(running.status?.status).toBe("completed");
  expect(await running.result()).toMatchObject(DONE);
});

it("a session keeps nothing of tasks that nobody has any more, though its server never says a word of one", async () => {
  const session = await sessionOn(legacyDone());
  const { ref } = await session.tasks.start(call("optional"));
  const before = weakRefs();
  const attach = (count: number) => {
    for (let more = count; more > 1; more--) session.tasks.attach(ref!);
    return new WeakRef(session.tasks.attach(ref!));
  };
  const last = attach(1_000);
  expect(weakRefs()).toBeGreaterThan(before + 500);
  expect(await isCollected(last)).toBe(true);
  await vi.waitFor(() => expect(weakRefs()).toBeLessThan(before + 500), { timeout: 30_000 });
});

const weakRefs = (): number => queryObjects(WeakRef, { format: "count" });
