import { describe, expect, it } from "vitest";
import { HttpAnswer } from "../../../src/wires/http/answer.js";
import { busy, refused, unexpected } from "../../../src/wires/http/failures.js";
import { exchange } from "../../support/exchange.js";

const answer = (status: number, fields: Record<string, string> = {}) =>
  new HttpAnswer(status, fields, exchange());

describe("what a refusal says", () => {
  it.each([
    ["", "HTTP 502 Bad Gateway"],
    ["try\n later ", "HTTP 502 Bad Gateway: try later"],
    ["<!DOCTYPE html><html>", "HTTP 502 Bad Gateway"],
    ["  <html><head>", "HTTP 502 Bad Gateway"],
    ['{"error":"no such method"}', "HTTP 502 Bad Gateway: no such method"],
    ['{"error":{"code":-32000,"message":"no session"}}', "HTTP 502 Bad Gateway: no session"],
    ['{"error":"invalid","error_description":"too old"}', "HTTP 502 Bad Gateway: too old"],
    ['{"message":"gone"}', "HTTP 502 Bad Gateway: gone"],
    ['{"detail":"gone"}', "HTTP 502 Bad Gateway: gone"],
    ["[1]", "HTTP 502 Bad Gateway: [1]"],
    ["null", "HTTP 502 Bad Gateway: null"],
    ["x".repeat(500), `HTTP 502 Bad Gateway: ${"x".repeat(200)}…`],
  ])("%j: %s", (text, message) => {
    expect(refused(answer(502), text)).toMatchObject({ message, status: 502 });
  });

  it("of a status that nobody knows is the number", () => {
    expect(refused(answer(599), "").message).toBe("HTTP 599");
  });

  it("keeps no page", () => {
    expect(JSON.stringify(refused(answer(500), "<html>canary"))).not.toContain("canary");
  });
});

describe("a busy server", () => {
  it("has refused the request before doing it, where it says when to come back", () => {
    const later = answer(429, { "retry-after": "1" });
    const error = refused(later, "");
    expect(busy(later, error)).toMatchObject({
      outcome: "rejected",
      failure: {
        retryAfterMs: 1_000,
        message: "HTTP 429 Too Many Requests",
        details: { status: 429 },
        error,
      },
    });
  });

  it.each([
    [429, {}],
    [500, { "retry-after": "1" }],
    [503, { "retry-after": "soon" }],
  ])("did not say so with %i and %j", (status, fields) => {
    const other = answer(status, fields as Record<string, string>);
    expect(busy(other, refused(other, ""))).toBeUndefined();
  });
});

describe("an answer that is no message", () => {
  it.each([
    ["text/html", "<html>", /a web page \(text\/html\)/],
    ["text/plain", "hello", /something that is no message \(text\/plain\)/],
    [undefined, "hello", /without a content type/],
  ])("of the type %s says so", (type, text, message) => {
    expect(unexpected(type, text).message).toMatch(message);
  });
});
