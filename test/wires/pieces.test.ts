import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Guard } from "../../src/wires/guard.js";
import { LineReader } from "../../src/wires/lines.js";
import { idOfCutAnswer, parseMessages } from "../../src/wires/messages.js";
import { Ring } from "../../src/wires/ring.js";

function read(chunks: Buffer[], maxBytes = 1_000_000) {
  const lines: string[] = [];
  const cut: { head: string; tail: string }[] = [];
  const reader = new LineReader(maxBytes, {
    onLine: (line) => lines.push(line.toString()),
    onTooLarge: (head, tail) => cut.push({ head, tail }),
  });
  for (const chunk of chunks) reader.push(chunk);
  return { lines, cut };
}

describe("the line reader", () => {
  it("gives the same lines however the bytes arrive", () => {
    const texts = fc.array(
      fc.string({ unit: "grapheme", maxLength: 40 }).map((text) => text.replaceAll("\n", " ")),
      { maxLength: 20 },
    );
    fc.assert(
      fc.property(texts, fc.array(fc.nat(200)), (lines, cuts) => {
        const whole = Buffer.from(lines.map((line) => `${line}\n`).join(""));
        const at = [...new Set(cuts.filter((cut) => cut < whole.length))].sort((a, b) => a - b);
        const chunks = [0, ...at].map((start, i) => whole.subarray(start, at[i] ?? whole.length));
        expect(read(chunks).lines).toEqual(lines);
      }),
    );
  });

  it("throws a line over the limit away, keeps its ends, and goes on", () => {
    const big = `{"id":7,"jsonrpc":"2.0","result":"${"x".repeat(5_000)}","end":1}`;
    const whole = Buffer.from(`one\n${big}\ntwo\n`);
    for (const size of [1, 7, 300, 10_000]) {
      const chunks = Array.from({ length: Math.ceil(whole.length / size) }, (_, i) =>
        whole.subarray(i * size, (i + 1) * size),
      );
      const { lines, cut } = read(chunks, 1_000);
      expect(lines).toEqual(["one", "two"]);
      expect(cut).toHaveLength(1);
      expect(cut[0]!.head.startsWith('{"id":7,')).toBe(true);
      expect(cut[0]!.tail.endsWith('"end":1}')).toBe(true);
    }
  });
});

describe("messages", () => {
  it("come alone or several in a frame, and may lack their version where they answer", () => {
    const one = { jsonrpc: "2.0", method: "x" };
    expect(parseMessages(JSON.stringify(one))).toEqual([one]);
    expect(parseMessages(JSON.stringify([one, 1, one]))).toEqual([one, one]);
    for (const message of [{ id: 1, result: null }, { id: 1, error: null }, { jsonrpc: "2.0" }])
      expect(parseMessages(JSON.stringify(message))).toEqual([message]);
    for (const text of [
      "",
      "hello",
      "{",
      "{]",
      "42",
      "null",
      "[]",
      "{}",
      '"x"',
      '{"level":"info","id":1,"method":"GET"}',
    ])
      expect(parseMessages(text), text).toBeUndefined();
  });

  it("have numbers that JSON lacks, as Python writes them, and texts that look like them", () => {
    expect(
      parseMessages('{"id": 1, "result": {"a": NaN, "b": [-Infinity, Infinity], "c": "NaN \\" NaN"}}'),
    ).toEqual([{ id: 1, result: { a: null, b: [null, null], c: 'NaN " NaN' } }]);
    expect(parseMessages('{"id": 1, "result": NaNa}')).toBeUndefined();
  });

  it("that were cut are known by the id at either end, and never by one from inside", () => {
    const whole = (text: string) => idOfCutAnswer(text.slice(0, 512), text.slice(-512));
    const body = "x".repeat(2_000);
    expect(whole(`{"jsonrpc":"2.0","id":5,"result":{"a":"${body}"}}`)).toBe(5);
    expect(whole(`{"id":"a","result":{"a":"${body}"}}`)).toBe("a");
    expect(whole(`{"result":{"a":"${body}"},"jsonrpc":"2.0","id":12}`)).toBe(12);
    expect(whole(`{"jsonrpc":"2.0","result":{"a":"${body}","id":9}}`)).toBeUndefined();
    expect(whole(`{"result":{"id":3,"a":"${body}"},"jsonrpc":"2.0"}`)).toBeUndefined();
  });
});

describe("the ring", () => {
  it("keeps the last bytes and no more", () => {
    const ring = new Ring(10);
    for (const text of ["abcdef", "ghijkl", "mnop"]) ring.push(Buffer.from(text));
    expect(ring.toString()).toBe("ghijklmnop");
    ring.push(Buffer.from("\n\nlast\n"));
    expect(ring.lastLines(1)).toBe("last");
  });
});

describe("the guard", () => {
  it("has what the wire has and nothing else, or the SDK would take every wire for stdio", () => {
    const bare = new Guard({ start: async () => {}, send: async () => {}, close: async () => {} }, 1, {
      onLost() {},
    });
    for (const key of ["pid", "stderr", "hasPerRequestStream", "setSupportedProtocolVersions"])
      expect(key in bare, key).toBe(false);
    const wire = { start: async () => {}, send: async () => {}, close: async () => {}, pid: 7, stderr: null };
    expect(new Guard(wire, 1, { onLost() {} })).toMatchObject({ pid: 7, stderr: null });
  });
});
