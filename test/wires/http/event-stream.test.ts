import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { EventStreamReader, type StreamEvent } from "../../../src/wires/http/event-stream.js";

/** What a stream of these bytes, cut at these places, gives. */
function read(text: string | Buffer, cuts: number[] = [], max = 1_000) {
  const bytes = Buffer.from(text as string);
  const events: StreamEvent[] = [];
  const [retry, comment] = [vi.fn(), vi.fn()];
  const reader = new EventStreamReader({ event: (event) => void events.push(event), retry, comment }, max);
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  for (let i = 1; i < places.length; i++) reader.feed(bytes.subarray(places[i - 1], places[i]));
  const before = events.length;
  reader.end();
  return { events, before, retry, comment };
}
const plain = (data: string) => ({ id: undefined, event: undefined, data });

describe("a stream of events", () => {
  it.each([
    ["LF", "\n"],
    ["CR LF", "\r\n"],
    ["CR", "\r"],
  ])("is read with lines that end with %s, and at once", (_name, end) => {
    const text = ["id: 7", "event: x", "retry: 30", ": still here", "data: a", "data: b", "", ""].join(end);
    const { events, before, retry, comment } = read(text);
    expect(events).toEqual([{ id: "7", event: "x", data: "a\nb" }]);
    // Nothing that follows is waited for.
    expect(before).toBe(1);
    expect(retry).toHaveBeenCalledExactlyOnceWith(30);
    expect(comment).toHaveBeenCalledOnce();
  });

  it("gives the same events wherever its chunks are cut", () => {
    const line = fc.constantFrom("data: hé€😀", "data:", "id: é", "event: x", ": c", "retry: 5", "odd", "");
    const end = fc.constantFrom("\n", "\r\n", "\r");
    const lines = fc.array(fc.tuple(line, end), { maxLength: 12 });
    fc.assert(
      fc.property(fc.boolean(), lines, fc.array(fc.nat()), (bom, parts, cuts) => {
        const text = (bom ? "\u{feff}" : "") + parts.map(([first, last]) => first + last).join("");
        expect(read(text, cuts).events).toEqual(read(text.replace(/\r\n?/g, "\n")).events);
      }),
      { numRuns: 500 },
    );
  });

  it("may begin with a byte order mark", () => {
    expect(read("\u{feff}data: a\n\n").events).toEqual([plain("a")]);
  });

  it.each(["data: a", "data: a\n", "data: a\r"])(
    "that ends before its last event does says so: %j",
    (text) => {
      expect(read(text).events).toEqual([{ ...plain("a"), unfinished: true }]);
    },
  );

  it("is given up where an event is larger than allowed, in one line or in many", () => {
    const large = expect.objectContaining({ code: "MESSAGE_TOO_LARGE", maxMessageBytes: 1_000 });
    expect(() => read(`data: ${"x".repeat(1_100)}`)).toThrow(large);
    expect(() => read("data: x\n".repeat(1_000), [600])).toThrow(large);
    expect(read(`data: ${"x".repeat(600)}\n\n`.repeat(9)).events).toHaveLength(9);
    // What only keeps it alive may go on for ever.
    expect(read(": alive\n\n".repeat(1_000)).comment).toHaveBeenCalledTimes(1_000);
  });
});
