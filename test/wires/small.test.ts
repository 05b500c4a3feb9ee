import { describe, expect, it } from "vitest";
import { closeFailure } from "../../src/wires/close-codes.js";
import { checkedProbeAnswer } from "../../src/wires/era-probe.js";
import { Lost } from "../../src/wires/lost.js";
import { isMessage, parseMessages } from "../../src/wires/messages.js";
import { Ring } from "../../src/wires/ring.js";

describe("a close code of a WebSocket", () => {
  it.each([1000, 1001, 1005, 1006, 1009, 1011, 1014, 3008, 4408, 4999])("%i: try again", (code) => {
    expect(closeFailure(code, "", 0)).toStrictEqual({
      code: "CONNECTION_LOST",
      message: expect.stringMatching(new RegExp(`^(the|a) .+ \\(WebSocket ${code}\\)$`)),
    });
  });

  it.each([1002, 1003, 1007, 1008, 1010, 1015, 3003, 4400, 4403, 4404])("%i: no use", (code) => {
    expect(closeFailure(code, "", 0)).toStrictEqual({
      code: "CONNECTION_LOST",
      message: expect.stringContaining(`(WebSocket ${code})`),
      fatal: true,
    });
  });

  it.each([3000, 4401])("%i: not without credentials", (code) => {
    expect(closeFailure(code, "", 0)).toStrictEqual({
      code: "AUTH_REQUIRED",
      message: `the server wants credentials (WebSocket ${code})`,
      hint: "Pass auth, or an Authorization header",
      fatal: true,
    });
  });

  it.each([
    [1012, 5_000, 17_500],
    [1013, 15_000, 30_000],
    [4429, 15_000, 30_000],
  ])("%i: come back after %i ms at least", (code, soonest, middle) => {
    expect(closeFailure(code, "", 0)).toMatchObject({ code: "CONNECTION_LOST", retryAfterMs: soonest });
    expect(closeFailure(code, "", 0.5).retryAfterMs).toBe(middle);
    expect(closeFailure(code, "", 0)).not.toHaveProperty("fatal");
  });

  it("is told with the server's reason, also where nobody knows the code", () => {
    expect(closeFailure(1001, "deploy", 0).message).toBe("the server is going away (WebSocket 1001: deploy)");
    expect(closeFailure(4999, "", 0).message).toBe("the server closed the socket (WebSocket 4999)");
  });
});

describe("a probe's answer", () => {
  const good = { resultType: "complete", ttlMs: 1, cacheScope: "public" };
  const answer = (result: object, id: unknown = "server-discover-probe-1") =>
    ({ jsonrpc: "2.0", id, result }) as never;

  it("that fits its revision is what it is", () => {
    expect(checkedProbeAnswer(answer(good))).toEqual(answer(good));
  });

  it.each([
    ["another type", { ...good, resultType: "partial" }],
    ["no time", { ...good, ttlMs: "1" }],
    ["no scope", { ...good, cacheScope: undefined }],
    ["nothing", {}],
  ])("with %s is turned into that of a server without the method", (_what, result) => {
    expect(checkedProbeAnswer(answer(result))).toEqual({
      jsonrpc: "2.0",
      id: "server-discover-probe-1",
      error: { code: -32601, message: "the discover answer does not fit its revision" },
    });
  });

  it.each([
    ["is another's", answer({}, "7")],
    ["has a number", answer({}, 7)],
    [
      "is an error",
      { jsonrpc: "2.0", id: "server-discover-probe-1", error: { code: 1, message: "" } } as never,
    ],
    ["is a request", { jsonrpc: "2.0", id: 1, method: "ping" } as never],
  ])("is not looked at where it %s", (_what, message) => {
    expect(checkedProbeAnswer(message)).toBe(message);
  });
});

describe("a loss", () => {
  const lost = new Lost("rejected", { code: "X", message: "it broke" }, "soon");

  it("is an error with what became of the request", () => {
    expect(lost).toBeInstanceOf(Error);
    expect(lost).toMatchObject({ message: "it broke", outcome: "rejected", ends: "soon" });
  });

  it("is found where it is thrown, and inside an answer", () => {
    expect(Lost.of(lost)).toBe(lost);
    expect(Lost.of({ data: lost })).toBe(lost);
    for (const other of [undefined, null, {}, new Error("x"), { data: {} }])
      expect(Lost.of(other)).toBeUndefined();
  });
});

describe("a message", () => {
  it.each([
    [{ jsonrpc: "2.0", method: "x" }, true],
    [{ jsonrpc: "2.0", id: 1, result: {} }, true],
    [{ jsonrpc: "2.0", id: 1, error: {} }, true],
    [{ jsonrpc: "2.0", method: 1, result: {} }, false],
    [{ jsonrpc: "2.0", id: 1 }, false],
    [{ jsonrpc: "1.0", method: "x" }, false],
    [{ method: "x" }, false],
    [null, false],
    [undefined, false],
    ["method", false],
  ])("%j is one: %s", (value, is) => {
    expect(isMessage(value)).toBe(is);
  });

  it("comes alone or with others, and never beside anything else", () => {
    const one = { jsonrpc: "2.0", method: "x" };
    expect(parseMessages(JSON.stringify(one))).toEqual([one]);
    expect(parseMessages(JSON.stringify([one, one]))).toEqual([one, one]);
    for (const text of [JSON.stringify([one, 1]), "[]", "{", "7"])
      expect(parseMessages(text)).toBeUndefined();
  });
});

describe("a ring", () => {
  const ringOf = (max: number, ...texts: string[]) => {
    const ring = new Ring(max);
    for (const text of texts) ring.push(Buffer.from(text));
    return ring;
  };

  it("is empty at first", () => {
    expect(ringOf(10).toString()).toBe("");
    expect(ringOf(10).lastLines(3)).toBe("");
  });

  it.each([
    [["abc", "def"], "abcdef"],
    [["abcdef", "ghij"], "abcdefghij"],
    [["abcdef", "ghijk"], "bcdefghijk"],
    [["abcdef", "ghijklmnop"], "ghijklmnop"],
    [["abcdefghijklmnop"], "ghijklmnop"],
    [["a", "b", "cdefghijkl", "m"], "defghijklm"],
  ])("of ten bytes keeps of %j the last ones", (texts, kept) => {
    expect(ringOf(10, ...texts).toString()).toBe(kept);
  });

  it("gives the last lines that are not blank, of either system", () => {
    expect(ringOf(100, "one\r\ntwo\n \n\nthree\n").lastLines(2)).toBe("two\nthree");
    expect(ringOf(100, "one\r\ntwo").lastLines(9)).toBe("one\ntwo");
  });

  it("gives no line that lost its beginning", () => {
    expect(ringOf(10, "secret\nab\ncd\n").lastLines(9)).toBe("ab\ncd");
    expect(ringOf(10, "ab\ncd\nefgh").lastLines(9)).toBe("ab\ncd\nefgh");
  });
});
