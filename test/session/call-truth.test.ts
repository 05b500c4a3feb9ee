import { expect, it } from "vitest";
import { runCall } from "../../src/session/call.js";
import { FakeServer } from "../../src/testing/fake-server.js";
import { FakeLink, failing, lostAs, READ, specOf } from "../support/fake-link.js";
import { closing } from "../support/fixtures.js";
import { isPending, rejection, settled, until } from "../support/settling.js";

it("a call that may have been done once is never told as not sent, whatever became of its later sendings", async () => {
  const losses = [lostAs("unknown"), ...Array.from({ length: 4 }, () => lostAs("not-sent"))];
  expect(await rejection(runCall(new FakeLink(), specOf(READ), failing(losses)))).toMatchObject({
    code: "CONNECTION_LOST",
    outcome: "unknown",
  });
});

/** A call of a tool that was done, lost, and waits to be sent again. */
async function doneAndWaiting(options: { maxQueued?: number } = {}) {
  const server = new FakeServer([{ name: "note", annotations: { idempotentHint: true } }]);
  let done = 0;
  server.on("tools/call", () => {
    done++;
    return new Promise(() => {});
  });
  const transport = closing(server.transport({ ...options, name: "notes" }));
  let resent = 0;
  transport.subscribe((_status, event) => {
    if (event.type === "request.resent") resent++;
  });
  const session = await transport.connectSession();
  await session.listTools();
  const call = (times: number) =>
    Array.from({ length: times }, () => rejection(session.callTool({ name: "note", arguments: {} })));
  const drop = async (calls: number) => {
    await until(() => done === calls);
    server.on("initialize", () => new Promise(() => {}));
    await server.drop();
    await until(() => resent === calls);
    await settled();
  };
  return { transport, call, drop };
}

it("so is one that waits to be sent again when the user disconnects", async () => {
  const { transport, call, drop } = await doneAndWaiting();
  const [lost] = call(1);
  await drop(1);
  await transport.disconnect();
  const error = (await lost) as Error;
  expect(error).toMatchObject({ code: "CONNECTION_LOST", outcome: "unknown" });
  expect(error.message).not.toMatch(/not sent/);
});

it("and those that were sent before wait though there is room for none any more", async () => {
  const { call, drop, transport } = await doneAndWaiting({ maxQueued: 1 });
  const lost = call(2);
  await drop(2);
  expect(await isPending(Promise.race(lost))).toBe(true);
  await transport.disconnect();
  for (const each of lost) expect(await each).toMatchObject({ code: "CONNECTION_LOST", outcome: "unknown" });
});

it("what a tool says of itself counts as it was read before the call", async () => {
  const tools: { name: string; annotations?: object }[] = [{ name: "pay" }];
  const server = new FakeServer(tools);
  let done = 0;
  server.on("tools/call", () => {
    done++;
    return new Promise(() => {});
  });
  const transport = closing(server.transport());
  const session = await transport.connectSession();
  await session.listTools();
  const pay = rejection(session.callTool({ name: "pay", arguments: {} }));
  await until(() => done === 1);
  tools[0] = { name: "pay", annotations: { idempotentHint: true } };
  await session.listTools(undefined, { cacheMode: "refresh" });
  await server.drop();
  expect(await pay).toMatchObject({ code: "CONNECTION_LOST", outcome: "unknown" });
  await session.listTools(undefined, { cacheMode: "refresh" });
  expect(done).toBe(1);
});
