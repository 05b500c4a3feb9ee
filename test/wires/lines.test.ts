import { describe, expect, it, vi } from "vitest";
import { LineReader } from "../../src/wires/lines.js";
import { idOfCutAnswer } from "../../src/wires/messages.js";

function reading(maxBytes: number) {
  const lines: string[] = [];
  const onTooLarge = vi.fn();
  const reader = new LineReader(maxBytes, { onLine: (line) => lines.push(line.toString()), onTooLarge });
  return {
    lines,
    onTooLarge,
    push: (text: string) => reader.push(Buffer.from(text)),
    end: () => reader.end(),
  };
}

describe("a line", () => {
  it("is told when its newline is there, however it came", () => {
    const { lines, push } = reading(100);
    push("one\ntw");
    expect(lines).toEqual(["one"]);
    push("o");
    push("\n\nthree\n");
    expect(lines).toEqual(["one", "two", "", "three"]);
  });

  it("without a newline is told at the end of the stream, if there is any of it", () => {
    const { lines, push, end } = reading(100);
    push("one\ntwo");
    end();
    end();
    expect(lines).toEqual(["one", "two"]);
  });

  it("of exactly the limit is a line, and one byte more is none", () => {
    const { lines, onTooLarge, push } = reading(5);
    push("12345\n123456\n12345\n");
    expect(lines).toEqual(["12345", "12345"]);
    expect(onTooLarge).toHaveBeenCalledExactlyOnceWith("123456", "123456", 6);
  });

  it("that is too large leaves its first and last 512 bytes, however it came", () => {
    const head = "h".repeat(512);
    const tail = "t".repeat(512);
    for (const pieces of [[`${head}-----${tail}`], [head, "-----", tail], [...`${head}-----${tail}`]]) {
      const { lines, onTooLarge, push } = reading(600);
      for (const piece of pieces) push(piece);
      expect(onTooLarge).not.toHaveBeenCalled();
      push("\nnext\n");
      expect(onTooLarge).toHaveBeenCalledExactlyOnceWith(head, tail, 1029);
      expect(lines).toEqual(["next"]);
    }
  });

  it("that is too large has nothing of the one before it", () => {
    const { onTooLarge, push } = reading(3);
    push("first\n");
    push("second\n");
    expect(onTooLarge.mock.calls).toEqual([
      ["first", "first", 5],
      ["second", "second", 6],
    ]);
  });

  it("that is too large at once keeps its head while more comes", () => {
    const { onTooLarge, push } = reading(3);
    push("head");
    push("middle");
    push("tail\n");
    expect(onTooLarge).toHaveBeenCalledExactlyOnceWith("head", "headmiddletail", 14);
  });
});

describe("the id of an answer that was cut", () => {
  const CUT = '"a":"xxxx';
  it.each([
    [`{"jsonrpc":"2.0","id":15,"result":{${CUT}`, 15],
    [`{"id":15,"jsonrpc":"2.0","result":{${CUT}`, 15],
    [` { "jsonrpc" : "2.0" , "id" : 15 , "result":{${CUT}`, 15],
    [`{"jsonrpc":"2.0","id":"a-b","result":{${CUT}`, "a-b"],
    [`{"jsonrpc":"2.0","id":"a\\"b","result":{${CUT}`, undefined],
    [`x{"id":15,"result":{${CUT}`, undefined],
    [`{"result":{"id":15,${CUT}`, undefined],
    [`{"id":15`, undefined],
  ])("stands at the beginning of %s: %s", (head, id) => {
    expect(idOfCutAnswer(head, "xxxx")).toBe(id);
  });

  it.each([
    ['xxxx"},"jsonrpc":"2.0","id":15}', 15],
    ['xxxx"}, "id" : 15 } \r', 15],
    ['xxxx"},"id":"a-b"}', "a-b"],
    ['xxxx"},"id":15}}', undefined],
    ['xxxx"},"id":"a\\"b"}', undefined],
    ['xxxx"},"id":15} x', undefined],
    ['"id":15}', undefined],
  ])("stands at the end of %s: %s", (tail, id) => {
    expect(idOfCutAnswer('{"result":{', tail)).toBe(id);
  });
});
