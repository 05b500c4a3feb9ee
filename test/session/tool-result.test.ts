import type { CallToolResult, Client } from "@modelcontextprotocol/client";
import { describe, expect, it, vi } from "vitest";
import { toolData } from "../../src/session/tool-data.js";
import { rejection } from "../support/settling.js";

const text = (value: string) => ({ type: "text" as const, text: value });
const image = { type: "image" as const, data: "AA==", mimeType: "image/png" };

const answering = (result: object, more: object = {}) => {
  const callTool = vi.fn(async () => result as CallToolResult);
  return { callTool, getServerVersion: () => undefined, ...more } as unknown as Client & {
    callTool: typeof callTool;
  };
};

describe("the data of a tool's result is", () => {
  it.each<[string, object, unknown]>([
    ["the only text", { content: [text("words")] }, "words"],
    ["the only text as JSON", { content: [text('{"a":1}')] }, { a: 1 }],
    ["the blocks where there are two", { content: [text("1"), text("2")] }, [text("1"), text("2")]],
    ["the blocks where the one is no text", { content: [image] }, [image]],
    ["nothing where there are no blocks", { content: [] }, null],
    ["the text where the structure is null", { content: [text("words")], structuredContent: null }, "words"],
    ["the structure", { content: [text("1")], structuredContent: { a: 1, result: 2 } }, { a: 1, result: 2 }],
    [
      "the structure that holds more besides",
      { content: [text("1")], structuredContent: { result: 2, a: 1 } },
      { result: 2, a: 1 },
    ],
    ["the structure with one other key", { content: [text("1")], structuredContent: { a: 1 } }, { a: 1 }],
    ["the structure without keys", { content: [text("1")], structuredContent: {} }, {}],
    ["what its text says alone", { content: [text("3")], structuredContent: { result: 3 } }, 3],
    [
      "the structure that its text repeats",
      { content: [text('{ "result": 3 }')], structuredContent: { result: 3 } },
      { result: 3 },
    ],
    ["the structure where no text says so", { content: [], structuredContent: { result: 3 } }, { result: 3 }],
    [
      "the structure where another block stands first",
      { content: [image, text("3")], structuredContent: { result: 3 } },
      { result: 3 },
    ],
    [
      "what the server says that it wrapped",
      { content: [], structuredContent: { result: 3 }, _meta: { fastmcp: { wrap_result: true } } },
      3,
    ],
    [
      "the structure where the server does not quite say so",
      { content: [], structuredContent: { result: 3 }, _meta: { fastmcp: { wrap_result: "no" } } },
      { result: 3 },
    ],
    [
      "the structure where the server says something else",
      { content: [], structuredContent: { result: 3 }, _meta: {} },
      { result: 3 },
    ],
  ])("%s", async (_what, result, data) => {
    expect(await toolData(answering(result), "it")).toEqual(data);
  });

  it("asked for with its arguments and options", async () => {
    const session = answering({ content: [] });
    await toolData(session, "it");
    expect(session.callTool).toHaveBeenLastCalledWith({ name: "it", arguments: {} }, undefined);
    await toolData(session, "it", { a: 1 }, { timeout: 5 });
    expect(session.callTool).toHaveBeenLastCalledWith({ name: "it", arguments: { a: 1 } }, { timeout: 5 });
  });
});

describe("a tool that failed", () => {
  it.each([
    [
      "the transport's name",
      { connection: { name: "mine" }, getServerVersion: () => ({ name: "x" }) },
      "mine",
    ],
    ["the server's own name", { getServerVersion: () => ({ name: "theirs" }) }, "theirs"],
    ["no name that is known", {}, "the server"],
  ])("is an error under %s", async (_what, more, server) => {
    const session = answering({ isError: true, content: [text("disk"), image, text("full")] }, more);
    expect(await rejection(toolData(session, "it"))).toMatchObject({
      code: "TOOL_FAILED",
      message: `${server}: it failed: disk\n[image]\nfull`,
      server,
      tool: "it",
    });
  });

  it("and did not say why is an error that says that", async () => {
    const error = await rejection(toolData(answering({ isError: true, content: [] }), "it"));
    expect((error as Error).message).toBe("the server: it failed: it did not say why");
  });
});
