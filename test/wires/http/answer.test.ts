import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from "node:zlib";
import { describe, expect, it, vi } from "vitest";
import { HttpAnswer } from "../../../src/wires/http/answer.js";
import { exchange } from "../../support/exchange.js";
import { rejection } from "../../support/settling.js";

function answerOf(
  fields: Record<string, string>,
  chunks: Buffer[],
  { decoded = false, during = false, error = undefined as Error | undefined } = {},
) {
  const stop = vi.fn((reason: Error) => answer.finish(reason));
  const answer: HttpAnswer = new HttpAnswer(200, fields, exchange(stop), decoded ? "" : undefined);
  const come = () => {
    for (const chunk of chunks) answer.push(chunk);
    answer.finish(error);
  };
  during ? queueMicrotask(come) : come();
  return { answer, stop };
}
const TEXT = "héllo ".repeat(50);
const bytes = Buffer.from(TEXT);
const one = (buffer: Buffer) => [...buffer].map((byte) => Buffer.from([byte]));

describe.each([
  ["before", false],
  ["while", true],
])("the body of an answer that comes %s it is read", (_when, during) => {
  it.each([
    ["", bytes],
    ["identity", bytes],
    ["gzip", gzipSync(bytes)],
    ["X-Gzip", gzipSync(bytes)],
    ["deflate", deflateSync(bytes)],
    ["deflate", deflateRawSync(bytes)],
    ["br", brotliCompressSync(bytes)],
    ["gzip, br", brotliCompressSync(gzipSync(bytes))],
  ])("that is encoded as %j is read, whole or byte by byte", async (encoding, body) => {
    for (const chunks of [[body], one(body)])
      expect(await answerOf({ "content-encoding": encoding }, chunks, { during }).answer.text(1_000)).toBe(
        TEXT,
      );
  });

  it("that is decoded already is not decoded again", async () => {
    const { answer } = answerOf({ "content-encoding": "gzip" }, [bytes], { decoded: true, during });
    expect(await answer.text(1_000)).toBe(TEXT);
  });

  it.each([
    ["zstd", "zstd"],
    ["gzip, gzip, gzip, gzip", "more often"],
  ])("that is encoded as %s is refused", async (encoding, message) => {
    const { answer, stop } = answerOf({ "content-encoding": encoding }, [bytes], { during });
    expect((await rejection(answer.text(1_000))) as Error).toMatchObject({
      message: expect.stringContaining(message),
    });
    expect(stop).toHaveBeenCalledOnce();
  });

  it("that is no gzip though it says so fails", async () => {
    expect(
      await rejection(answerOf({ "content-encoding": "gzip" }, [bytes], { during }).answer.text(1_000)),
    ).toBeInstanceOf(Error);
  });

  it("is bounded by what is in it, and not by what it is packed to", async () => {
    const packed = gzipSync(Buffer.alloc(1_000_000));
    expect(packed.length).toBeLessThan(2_000);
    const { answer, stop } = answerOf({ "content-encoding": "gzip" }, [packed], { during });
    expect(await rejection(answer.text(100_000))).toMatchObject({ code: "MESSAGE_TOO_LARGE" });
    expect(stop).toHaveBeenCalled();
    const large = answerOf({}, [Buffer.alloc(100_001)], { during });
    expect(await rejection(large.answer.text(100_000))).toMatchObject({ code: "MESSAGE_TOO_LARGE" });
    expect((await answerOf({}, [Buffer.alloc(100_000)], { during }).answer.text(100_000)).length).toBe(
      100_000,
    );
  });

  it("may begin with a byte order mark", async () => {
    expect(await answerOf({}, [Buffer.from("\u{feff}{}")], { during }).answer.text(10)).toBe("{}");
  });

  it("that breaks off fails with why", async () => {
    const cut = new Error("cut");
    expect(await rejection(answerOf({}, [bytes], { error: cut, during }).answer.text(1_000))).toBe(cut);
  });
});

describe("the body of an answer", () => {
  it("that nobody wants is read to its end where it is short, and is cut where it is long or a stream", () => {
    const short = answerOf({}, [bytes]);
    short.answer.discard();
    expect(short.stop).not.toHaveBeenCalled();
    const long = answerOf({}, [Buffer.alloc(100_000)]);
    long.answer.discard();
    expect(long.stop).toHaveBeenCalled();
    const stream = answerOf({ "content-type": "Text/Event-Stream; charset=utf-8" }, []);
    stream.answer.discard();
    expect(stream.stop).toHaveBeenCalled();
  });
});

describe("the headers of an answer", () => {
  it.each([
    ["Application/JSON; charset=utf-8", "application/json"],
    ["application/json;", "application/json"],
    [" text/html ", "text/html"],
    ["", undefined],
  ])("name its type: %j is %s", (type, mediaType) => {
    expect(answerOf({ "content-type": type }, []).answer.mediaType).toBe(mediaType);
  });
});
