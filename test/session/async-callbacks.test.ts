import { expect, it, vi } from "vitest";
import type { SharedOptions } from "../../src/contract/options.js";
import type { SessionOptions } from "../../src/contract/session.js";
import { FakeServer } from "../../src/testing/fake-server.js";
import { closing } from "../support/fixtures.js";
import { eventually } from "../support/settling.js";

/** A server that says something of each kind; what the program's callbacks reject with must not end the program. */
async function talk(options: SharedOptions, sessionOptions: SessionOptions, callOptions = {}) {
  const server = new FakeServer([{ name: "safe" }]);
  server.on("initialize", () => ({
    protocolVersion: "2025-11-25",
    capabilities: { tools: { listChanged: true }, logging: {} },
    serverInfo: { name: "fake", version: "1" },
  }));
  server.on("tools/call", (params: unknown) => {
    const { _meta } = params as { _meta?: { progressToken?: number } };
    if (_meta?.progressToken !== undefined)
      server.notify("notifications/progress", { progressToken: _meta.progressToken, progress: 1 });
    return { content: [] };
  });
  const transport = closing(server.transport(options));
  const session = await transport.connectSession(sessionOptions);
  await session.callTool({ name: "safe", arguments: {} }, callOptions);
  server.notify("notifications/message", { level: "error", data: "something" });
  server.notify("notifications/tools/list_changed");
  await session.callTool({ name: "safe", arguments: {} });
  return { transport, session };
}

const rejecting = () =>
  vi.fn(async () => {
    await Promise.resolve();
    throw new Error("of the program's own");
  });

/** vitest fails a run in which a rejection is heard by nobody. */
const kinds = ["onLog", "onNotification", "onListChanged", "onProgress", "onError"] as const;

it.each(kinds)("a session's %s may be async and reject: that is reported, and nothing ends", async (kind) => {
  const callback = rejecting();
  const told: string[] = [];
  const onError = kind === "onError" ? callback : (error: Error) => void told.push(error.message);
  const { session } = await talk(
    { logger: { warn: (text) => void told.push(text) } },
    { onError, [kind]: callback },
  );
  if (kind === "onError")
    (session as unknown as { report(error: Error): void }).report(new Error("something"));
  await eventually(() => expect(callback).toHaveBeenCalled());
  await eventually(() => expect(told.join()).toContain("of the program's own"));
  await session.ping();
});

it("a call's onprogress may be async and reject", async () => {
  const onprogress = rejecting();
  const warn = vi.fn();
  const { session } = await talk({ logger: { warn } }, {}, { onprogress });
  await eventually(() => expect(warn).toHaveBeenCalledWith(expect.stringContaining("of the program's own")));
  await session.ping();
});

it("so may subscribers, inspectors and the logger itself", async () => {
  const warn = vi.fn();
  const listener = rejecting();
  const inspector = rejecting();
  const { transport, session } = await talk({ logger: { warn }, inspect: inspector }, {});
  transport.subscribe(listener);
  await eventually(() =>
    expect(warn).toHaveBeenCalledWith(expect.stringMatching(/subscriber.*of the program's own/)),
  );
  expect(warn).toHaveBeenCalledWith(expect.stringMatching(/inspector.*of the program's own/));
  warn.mockImplementation(rejecting());
  transport.subscribe(listener);
  await eventually(() => expect(listener).toHaveBeenCalledTimes(2));
  await session.ping();
});
