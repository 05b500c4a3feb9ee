import { describe, expect, it } from "vitest";
import { closeFailure } from "../../src/wires/close-codes.js";
import { Lost } from "../../src/wires/lost.js";
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
