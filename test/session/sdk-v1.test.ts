import {
  CallToolResultSchema,
  CreateMessageRequestSchema,
  LoggingMessageNotificationSchema,
} from "@modelcontextprotocol/sdk/types.js";
import { describe, expect, it } from "vitest";
import type { Session } from "../../src/index.js";
import { FakeServer } from "../../src/testing/index.js";
import { closing, rejection } from "../support/fixtures.js";

/** A session as code without types sees it. */
interface Untyped extends Record<"callTool" | "setRequestHandler" | "setNotificationHandler", Method> {}
type Method = (...args: unknown[]) => unknown;

const opened = async (server = new FakeServer()): Promise<Untyped & Session> =>
  (await closing(server.transport()).connectSession()) as unknown as Untyped & Session;

describe("code that was written for the SDK 1", () => {
  for (const [what, schema] of [
    ["a schema", CallToolResultSchema],
    ["undefined", undefined],
  ] as const)
    it(`keeps the options of a call that come after ${what}`, async () => {
      const session = await opened(new FakeServer().on("tools/call", () => new Promise(() => {})));
      const reason = new Error("given up");
      const call = session.callTool({ name: "slow" }, schema, { signal: AbortSignal.abort(reason) });
      expect(await rejection(call as Promise<unknown>)).toBe(reason);
    });

  it("gets the result of a call with a schema", async () => {
    const content = [{ type: "text", text: "done" }];
    const session = await opened(new FakeServer().on("tools/call", () => ({ content })));
    expect(await session.callTool({ name: "quick" }, CallToolResultSchema)).toMatchObject({ content });
  });

  it("is told how a handler is registered where it passes a schema", async () => {
    const session = await opened();
    expect(() => session.setRequestHandler(CreateMessageRequestSchema, () => ({}))).toThrow(
      'write setRequestHandler("sampling/createMessage", handler)',
    );
    expect(() => session.setNotificationHandler(LoggingMessageNotificationSchema, () => {})).toThrow(
      'write setNotificationHandler("notifications/message", handler)',
    );
  });
});
