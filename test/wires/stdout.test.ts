import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { readFrame } from "../../src/wires/frames.js";
import { LineReader } from "../../src/wires/lines.js";
import { StdoutReader } from "../../src/wires/stdout.js";

const ESC = "\u001b";
const answer = (id: unknown, result: unknown = {}) => ({ jsonrpc: "2.0", id, result });
const log = { jsonrpc: "2.0", method: "notifications/message", params: { data: 'it\'s {"done"}' } };
const text = (value: unknown) => JSON.stringify(value);
const messages = (frame: string) =>
  readFrame(frame).flatMap((part) => (part.kind === "message" ? [part.message] : []));
const noise = (frame: string) =>
  readFrame(frame).flatMap((part) => (part.kind === "noise" ? [part.text] : []));

describe("a frame", () => {
  it.each([
    ["a byte order mark", "\u{feff}"],
    ["a terminal's title and a cleared screen", `${ESC}]0;npm exec\u0007${ESC}[2J${ESC}[H`],
    ["a colour", `${ESC}[32m`],
    ["blanks", " \t\r"],
  ])("with %s around its message is that message, and nothing else", (_what, around) => {
    const frame = `${around}${text(answer(1))}${around}`;
    expect(readFrame(frame)).toEqual([{ kind: "message", message: answer(1) }]);
  });

  it.each([
    "Server ready... ",
    '[12:00] it\'s "up" ',
    "loaded {} and {name} ",
    'INFO {"level":"info"} ',
    "}} ",
  ])("with a banner before its message is both: %s", (banner) => {
    const frame = `${banner}${text(answer(1))}`;
    expect(messages(frame)).toEqual([answer(1)]);
    expect(noise(frame)).toEqual([banner.trim()]);
  });

  it("may be several messages, with or without something between them, and batches", () => {
    expect(messages(text(answer(1)) + text(log) + text(answer("b")))).toEqual([answer(1), log, answer("b")]);
    expect(messages(`${text(answer(1))} done ${text(log)} bye`)).toEqual([answer(1), log]);
    expect(messages(text([answer(1), log]))).toEqual([answer(1), log]);
    expect(messages(text([answer(1), null, log]))).toEqual([answer(1), log]);
  });

  it("holds a thousand messages at most, as a batch and one after another: dealing with more takes the loop from others", () => {
    const many = Array.from({ length: 1_500 }, (_, i) => answer(i));
    expect(messages(text(many))).toHaveLength(1_000);
    expect(messages(many.map(text).join(""))).toHaveLength(1_000);
  });

  it("has no message in what it quotes: in a log entry, a text, a broken answer, a request that the server got", () => {
    const request = { jsonrpc: "2.0", id: 1, method: "tools/list" };
    for (const frame of [
      text({ level: "info", sent: answer(1) }),
      `sent ${text({ msg: answer(1) })}`,
      `sent ${text(text(answer(1)))}`,
      `received ${text(request)}`,
      `{"jsonrpc":"2.0","result":{"mean":nan,"inner":${text(answer(1))}}}`,
      `{"level":"info","cut":${text(answer(1))}`,
    ])
      expect(messages(frame), frame).toEqual([]);
  });

  it.each([null, true, 1, "text", [], {}, [null], { id: 1 }])("that is %j holds no message", (value) => {
    expect(messages(text(value))).toEqual([]);
  });

  it("of an answer that is no JSON names the request, and not of a question", () => {
    for (const result of ['{"mean":nan}', '{"text":"\\x41"}', '{"a":1,}'])
      expect(readFrame(`{"jsonrpc": "2.0", "id": 7, "result": ${result}}`)).toMatchObject([
        { kind: "unreadable", id: 7, why: expect.stringMatching(/JSON/) },
      ]);
    expect(readFrame('{"jsonrpc":"2.0","id":7,"method":"ping","params":{"a":nan}}')).toMatchObject([
      { kind: "noise" },
    ]);
    expect(readFrame('{"jsonrpc":"2.0","method":"ping","params":{"a":nan},"id":7}')).toMatchObject([
      { kind: "noise" },
    ]);
  });

  it("takes time in proportion to its length, however many braces it has", () => {
    const steps = (length: number) => {
      const code = vi.spyOn(String.prototype, "charCodeAt");
      readFrame('{"'.repeat(length));
      readFrame('{"a":{} x '.repeat(length));
      readFrame("{}".repeat(length));
      const { length: count } = code.mock.calls;
      code.mockRestore();
      return count;
    };
    expect(steps(2000)).toBeLessThan(3 * steps(1000));
  });
});

function reading() {
  const heard: unknown[] = [];
  const unreadable: [unknown, string][] = [];
  const said: string[] = [];
  const onContentLength = vi.fn();
  const reader = new StdoutReader({
    onMessage: (message) => heard.push(message),
    onUnreadable: ({ id, why }) => {
      unreadable.push([id, why]);
    },
    onNoise: (line) => said.push(line),
    onContentLength,
  });
  return {
    reader,
    heard,
    unreadable,
    noise: said,
    onContentLength,
    print: (printed: string) => {
      for (const line of printed.split("\n")) reader.line(line);
    },
  };
}

describe("an answer over several lines", () => {
  const result = { capabilities: { tools: {} }, serverInfo: { name: 'a {strange} "name', version: "1" } };
  const id = { id: 3 };
  const forms: [string, string][] = [
    ["indented", JSON.stringify(answer(3, result), null, 2)],
    ["indented by tabs, its id last", JSON.stringify({ jsonrpc: "2.0", result, ...id }, null, "\t")],
    ["behind a banner", `ready ${JSON.stringify(answer(3, result), null, 4)}`],
    [
      "that ends its lines as Windows does",
      JSON.stringify(answer(3, result), null, 2).replaceAll("\n", "\r\n"),
    ],
    ["cut by a newline in a text", '{"jsonrpc":"2.0","id":3,"result":{"text":"a\nb"}}'],
    ["cut so, its id last", '{"jsonrpc":"2.0","result":{"text":"a\nb"},"id":3}'],
    ["cut behind its id", '{"jsonrpc":"2.0","id":3,\n"result":{}}'],
  ];

  it.each(forms)("%s is refused at once, with that word", (_how, printed) => {
    const { heard, unreadable, print } = reading();
    print(printed);
    expect(unreadable).toEqual([[3, expect.stringContaining("over several lines")]]);
    expect(heard).toEqual([]);
  });

  it.each(forms)("%s does not keep the next message from being read", (_how, printed) => {
    const { heard, print } = reading();
    print(`${printed}${text(log)}\n${text(answer(4))}`);
    expect(heard).toEqual([log, answer(4)]);
  });

  it("is none where it is a question, a log entry, or never ends", () => {
    const { heard, unreadable, print } = reading();
    print(JSON.stringify({ jsonrpc: "2.0", id: 3, method: "tools/list" }, null, 2));
    print(JSON.stringify({ level: "info", sent: answer(3) }, null, 2));
    print(`starting {\n${text(answer(1))}\nnow {\n\u001b[1m${text(answer(2))}`);
    expect(unreadable).toEqual([]);
    expect(heard).toEqual([answer(1), answer(2)]);
  });

  it("is not waited for past a megabyte", () => {
    const { unreadable, noise: said, print } = reading();
    print(`{\n  "jsonrpc": "2.0", "id": 3, "result": {`);
    for (let i = 0; i < 20; i++) print(`"${i}": "${"x".repeat(64 * 1024)}",`);
    print('"a": 1}}\nlater');
    expect(unreadable).toEqual([]);
    expect(said.at(-1)).toBe("later");
  });
});

describe("headers with a Content-Length", () => {
  it.each([
    "Content-Length: 101\r\n\r",
    "content-length:5\n",
    "Content-Type: x/y\r\nContent-Length: 5\r\n\r",
  ])("before the first message are another framing: %j", (printed) => {
    const { onContentLength, print } = reading();
    print(`a banner\n${printed}`);
    expect(onContentLength).toHaveBeenCalledOnce();
  });

  it("are none after a message, in a log of HTTP, or without their end", () => {
    const { onContentLength, print } = reading();
    print("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello\nContent-Length: 5\nand so on\n");
    print(`${text(answer(1))}\nContent-Length: 5\n\n`);
    expect(onContentLength).not.toHaveBeenCalled();
  });
});

describe("whatever a server prints", () => {
  const messageOf = fc.oneof(
    fc.record({
      jsonrpc: fc.constant("2.0"),
      id: fc.nat(),
      result: fc.dictionary(fc.string(), fc.jsonValue()),
    }),
    fc.record({ jsonrpc: fc.constant("2.0"), method: fc.constant("notifications/x"), params: fc.object() }),
  );
  /** Anything that begins no object. */
  const noiseOf = fc
    .array(
      fc.oneof(fc.string({ unit: "binary" }), fc.constantFrom(`${ESC}[2J`, "\u{feff}", "}} ", '"', "{x} ")),
    )
    .map((parts) => parts.join("").replace(/\{\s*(?=["}]|$)/g, "("));
  const printedOf = fc.array(fc.tuple(noiseOf, messageOf, fc.constantFrom("", "\n", " ", "\r\n")));

  it("its messages are found in their order, around all noise and in all pieces", () => {
    fc.assert(
      fc.property(printedOf, fc.array(fc.nat(50)), (printed, cuts) => {
        const { heard, reader } = reading();
        const lines = new LineReader(1_000_000, {
          onLine: (line) => reader.line(line.toString("utf8")),
          onTooLarge: () => expect.unreachable(),
        });
        const all = printed.map(([noise, message, end]) => `${noise}${text(message)}${end}`).join("");
        let bytes = Buffer.from(`${all}\n`);
        for (const cut of cuts) {
          lines.push(bytes.subarray(0, cut));
          bytes = bytes.subarray(cut);
        }
        lines.push(bytes);
        expect(heard).toEqual(printed.map(([, message]) => JSON.parse(text(message))));
      }),
      { numRuns: 2_000 },
    );
  });

  it("nothing of it throws", () => {
    const anything = fc.oneof(
      fc.string({ unit: "binary" }),
      messageOf.map(text),
      fc.constantFrom(
        "{",
        "}",
        '"',
        "\\",
        "[",
        "Content-Length: 3",
        "\n",
        '"id":1',
        '{"jsonrpc":"2.0","id":1,',
      ),
    );
    fc.assert(
      fc.property(fc.array(anything), (parts) => {
        const { print } = reading();
        print(parts.join(""));
      }),
      { numRuns: 5_000 },
    );
  });
});
