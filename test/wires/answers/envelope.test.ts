import type { RequestId } from "@modelcontextprotocol/client";
import { describe, expect, it } from "vitest";
import { readMessage, readUnreadable } from "../../../src/wires/answers/read.js";
import { Ledger } from "../../../src/wires/ledger.js";
import { ANSWERS, answerOf } from "../../fixtures/answers.mjs";

const flying = (...entries: [RequestId, string][]) => {
  const ledger = new Ledger();
  for (const [id, method] of entries)
    ledger.add(id, {
      method,
      modern: false,
      call: undefined,
      onAnswer: undefined,
      stream: undefined,
      parked: false,
    });
  return ledger;
};
const one = flying([7, "x/y"]);
const ok = { kind: "answer", id: 7, message: { jsonrpc: "2.0", id: 7, result: {} } };
const failed = (error: object) => ({ kind: "answer", id: 7, message: { jsonrpc: "2.0", id: 7, error } });

describe("an envelope is read as it is meant", () => {
  it("plain, as the very object that came", () => {
    const given = { jsonrpc: "2.0", id: 7, result: {} };
    expect((readMessage(given, one) as { message: object }).message).toBe(given);
  });

  it.each([
    ["a null error beside the result", { jsonrpc: "2.0", id: 7, result: {}, error: null }],
    ["fields that nobody knows", { jsonrpc: "2.0", id: 7, result: {}, time: 5, method: null }],
    ["the id as text", { jsonrpc: "2.0", id: "7", result: {} }],
    ["no version", { id: 7, result: {} }],
    ["another version", { jsonrpc: 2, id: 7, result: {} }],
    ["the request's method beside it", { jsonrpc: "2.0", id: 7, method: "x/y", result: {} }],
    ["a null id, with one request in flight", { jsonrpc: "2.0", id: null, result: {} }],
    ["no id, with one request in flight", { jsonrpc: "2.0", result: {} }],
  ])("with %s", (_what, given) => {
    expect(readMessage(given, one)).toEqual(ok);
  });

  it.each([
    ["a text", "it broke", { code: -32603, message: "it broke" }],
    ["a number", 5, { code: -32603, message: "the server's error is 5" }],
    ["without a message", { code: 5 }, { code: 5, message: 'an error without a message: {"code":5}' }],
    [
      "with a text for a code",
      { code: "E_X", message: "no" },
      { code: -32603, message: "no", data: { code: "E_X" } },
    ],
    [
      "with a number in a text",
      { code: "-32001", message: "no" },
      { code: -32001, message: "no", data: { code: "-32001" } },
    ],
    ["with a code that is no whole number", { code: 1.5, message: "no" }, { code: 1, message: "no" }],
    ["with a null code", { code: null, message: "no", data: 1 }, { code: -32603, message: "no", data: 1 }],
    ["with more than it may have", { code: 5, message: "no", stack: "x" }, { code: 5, message: "no" }],
  ])("with an error that is %s", (_what, error, read) => {
    expect(readMessage({ jsonrpc: "2.0", id: 7, error }, one)).toEqual(failed(read));
    expect(readMessage({ jsonrpc: "2.0", id: 7, result: null, error }, one)).toEqual(failed(read));
  });

  it("with a null id only where one request is in flight, streams that listen left out", () => {
    const error = { code: -32700, message: "Parse error" };
    const given = { jsonrpc: "2.0", id: null, error };
    expect(readMessage(given, flying([7, "x/y"], ["s", "subscriptions/listen"]))).toEqual(failed(error));
    for (const ledger of [flying(), flying([7, "x/y"], [8, "x/y"])])
      expect(readMessage(given, ledger)).toEqual({ kind: "stray", message: given });
  });
});

describe("an answer that cannot be read", () => {
  const cases: [string, object, string, boolean][] = [
    ["neither result nor error", { jsonrpc: "2.0", id: 7 }, "it has no result and no error", false],
    [
      "nothing but a null error",
      { jsonrpc: "2.0", id: 7, error: null },
      "the error is null and the result is missing",
      false,
    ],
    [
      "null for both",
      { jsonrpc: "2.0", id: 7, error: null, result: null },
      "the error is null and the result is null",
      false,
    ],
    [
      "both",
      { jsonrpc: "2.0", id: 7, error: { code: 1, message: "" }, result: {} },
      "it has a result and an error",
      false,
    ],
    ["a null result", { jsonrpc: "2.0", id: 7, result: null }, "the result is null", true],
  ];

  it.each(cases)("has %s: it answers its request with what was wrong", (_what, given, reason, done) => {
    expect(readMessage(given, one)).toMatchObject({
      kind: "invalid",
      id: 7,
      answer: { reason, done, excerpt: JSON.stringify(given).slice(0, 200) },
    });
  });

  it.each(Object.keys(ANSWERS))(
    "to %s is told and not thrown away, in text that is no longer JSON",
    (method) => {
      const text = `${JSON.stringify({ jsonrpc: "2.0", id: 7, result: answerOf(method, false) })}}`;
      const unreadable = { id: 7, why: "is no JSON", text };
      expect(readUnreadable(unreadable, flying([7, method]))).toMatchObject({
        kind: "invalid",
        id: 7,
        answer: { reason: "it is no JSON", done: true },
      });
      expect(readUnreadable(unreadable, flying([8, method]))).toMatchObject({ kind: "stray" });
    },
  );

  it("of an era probe is that of a server that does not know it", () => {
    const id = "server-discover-probe-1";
    const ledger = flying([id, "server/discover"]);
    const legacy = {
      jsonrpc: "2.0",
      id,
      error: { code: -32601, message: "the discover answer does not fit its revision" },
    };
    const good = {
      resultType: "complete",
      ttlMs: 1,
      cacheScope: "public",
      supportedVersions: [],
      capabilities: {},
    };
    for (const result of [
      null,
      "x",
      {},
      { ...good, resultType: "partial" },
      { ...good, ttlMs: "1" },
      { ...good, cacheScope: null },
    ])
      expect(readMessage({ jsonrpc: "2.0", id, result }, ledger)).toMatchObject({
        kind: "answer",
        message: legacy,
      });
    expect(readMessage({ jsonrpc: "2.0", id, error: null }, ledger)).toMatchObject({ message: legacy });
    expect(readMessage({ jsonrpc: "2.0", id, result: good }, ledger)).toMatchObject({
      message: { result: good },
    });
    expect(
      readMessage({ jsonrpc: "2.0", id, result: { ...good, instructions: null } }, ledger),
    ).toMatchObject({ message: { result: good } });
  });
});

describe("what the server says by itself", () => {
  it.each([
    [{ jsonrpc: "2.0", method: "notifications/message", params: { level: "info", data: null } }],
    [{ jsonrpc: "2.0", id: 1, method: "ping" }],
    [{ jsonrpc: "2.0", id: "a", method: "roots/list", params: {} }],
  ])("is handed on as it is: %j", (given) => {
    expect(readMessage(given, one)).toMatchObject({ kind: "said", message: given });
  });

  it.each([
    [
      { method: "x", id: null, params: null, time: 1 },
      { jsonrpc: "2.0", method: "x" },
    ],
    [
      {
        jsonrpc: "2.0",
        method: "notifications/message",
        params: { level: "info", data: null, logger: null, _meta: null },
      },
      { jsonrpc: "2.0", method: "notifications/message", params: { level: "info", data: null } },
    ],
    [
      {
        jsonrpc: "2.0",
        method: "notifications/progress",
        params: { progressToken: 1, progress: 1, total: null, message: null },
      },
      { jsonrpc: "2.0", method: "notifications/progress", params: { progressToken: 1, progress: 1 } },
    ],
    [
      {
        jsonrpc: "2.0",
        id: 3,
        method: "sampling/createMessage",
        params: { messages: [], maxTokens: 1, systemPrompt: null },
      },
      { jsonrpc: "2.0", id: 3, method: "sampling/createMessage", params: { messages: [], maxTokens: 1 } },
    ],
  ])("has null for what is not set, and fields that nobody knows: %j", (given, message) => {
    expect(readMessage(given, one)).toEqual({ kind: "said", message });
  });

  it("is refused where a request cannot be read", () => {
    const given = { jsonrpc: "2.0", id: 3, method: "ping", params: [1] };
    expect(readMessage(given, one)).toMatchObject({
      kind: "unknown",
      id: 3,
      reason: "the params of ping are a list",
    });
    expect(readMessage({ ...given, id: {} }, one)).toMatchObject({
      kind: "unknown",
      reason: "the id of ping is an object",
    });
  });
});

describe("what is no message", () => {
  it.each([
    null,
    true,
    5,
    "text",
    [],
    {},
    { jsonrpc: "2.0" },
    { level: "info", msg: "up" },
    { error: "x", level: "error" },
    { method: 5 },
  ])("is told and takes no request with it: %j", (given) => {
    expect(readMessage(given, one)).toMatchObject({ kind: "unknown", text: expect.any(String) });
  });

  it("may be anything at all in memory", () => {
    const circle: Record<string, unknown> = { jsonrpc: "2.0" };
    circle["self"] = circle;
    let deep: unknown[] = [];
    for (let level = 0; level < 100_000; level++) deep = [deep];
    for (const given of [circle, { jsonrpc: "2.0", deep }, { n: 1n }, () => 1, Symbol("x"), undefined])
      expect(readMessage(given, one)).toMatchObject({ kind: "unknown" });
    expect(readMessage({ jsonrpc: "2.0", id: 7, result: { content: deep, circle } }, one)).toMatchObject({
      kind: "answer",
    });
  });
});
