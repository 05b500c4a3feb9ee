import { describe, expect, it, onTestFinished, vi } from "vitest";
import type { UnaskedRule } from "../../src/contract/wire.js";
import { Allowance } from "../../src/wires/allowance.js";
import { HttpAnswer } from "../../src/wires/http/answer.js";
import { Events } from "../../src/wires/http/events.js";
import { Receiving } from "../../src/wires/receiving.js";
import { ServerStdout } from "../../src/wires/server-stdout.js";
import { isCollected } from "../support/collected.js";
import { exchange } from "../support/exchange.js";
import { FakePipe } from "../support/fake-pipe.js";
import { until } from "../support/settling.js";

function world(maxReceivingBytes: number | undefined = 1_000) {
  const onFull = vi.fn();
  const rule = { perSecond: 2_000, isAsked: () => true, onFlood() {}, maxReceivingBytes, onFull };
  const allowance = new Allowance(() => rule satisfies UnaskedRule);
  const receiving = () => {
    const one = new Receiving(allowance.rule, 10_000);
    onTestFinished(() => one.end());
    return one;
  };
  return { onFull, allowance, receiving };
}

describe("what has begun to come in and has not ended, in the whole program", () => {
  it("gives a small one room where large ones take half of what there is, and none beyond the bound", () => {
    const { receiving, onFull } = world();
    const [large, other, small] = [receiving(), receiving(), receiving()];
    expect(large.add(300)).toBe(true);
    expect(other.add(200)).toBe(true);
    expect(onFull).not.toHaveBeenCalled();
    expect(large.add(1)).toBe(false);
    expect(onFull).toHaveBeenCalledOnce();
    expect(small.add(100)).toBe(true);
    expect(small.add(500)).toBe(false);
    large.release();
    expect(large.add(150)).toBe(true);
  });

  it("is let go when its message ends, and takes nothing more once its wire has ended", () => {
    const { receiving, onFull } = world();
    const [one, other] = [receiving(), receiving()];
    expect(one.add(500)).toBe(true);
    one.end();
    expect(one.add(1)).toBe(false);
    expect(other.add(500)).toBe(true);
    expect(onFull).not.toHaveBeenCalled();
  });

  it("has room for a message of any size that one may have, unless somebody said how much there is", () => {
    const large = 512 * 1024 * 1024;
    const onFull = vi.fn();
    const rule = (maxReceivingBytes?: number) => () => ({
      perSecond: 1,
      isAsked: () => true,
      onFlood() {},
      maxReceivingBytes,
      onFull,
    });
    const [one, told] = [new Receiving(rule(), large), new Receiving(rule(large), large)];
    expect(one.add(large)).toBe(true);
    expect(one.add(large + 1)).toBe(false);
    expect(onFull).toHaveBeenLastCalledWith(2 * large);
    one.end();
    expect([told.add(large), told.add(large / 2)]).toEqual([false, true]);
    told.end();
  });

  function stdoutOf(onMessage: (message: unknown) => void) {
    const handlers = { onMessage, isAsked: () => true, onUnreadable() {}, onError() {}, onBroken() {} };
    const stdout = new ServerStdout({ maxMessageBytes: 10_000, redact: (text) => text }, handlers);
    onTestFinished(() => stdout.stop());
    return stdout;
  }

  it("what came of a line that never ends is not kept by a wire that is", async () => {
    const stdout = stdoutOf(() => {});
    const begin = () => {
      const pipe = new FakePipe();
      const bytes = Buffer.alloc(400);
      stdout.read(pipe, world().allowance);
      pipe.emit("data", bytes);
      return new WeakRef(bytes.buffer);
    };
    const bytes = begin();
    stdout.stop();
    expect(await isCollected(bytes)).toBe(true);
  });

  it("a line for which there is no room is thrown away, with its answer, and told", async () => {
    const { allowance, onFull } = world();
    const heard: unknown[] = [];
    const stdout = stdoutOf((message) => void heard.push(message));
    const pipe = new FakePipe();
    stdout.read(pipe, allowance);
    pipe.emit("data", Buffer.from(`{"jsonrpc":"2.0","id":7,"result":{"a":"${"x".repeat(600)}`));
    expect(onFull).toHaveBeenCalledOnce();
    pipe.emit("data", Buffer.from(`"}}\n{"jsonrpc":"2.0","id":8,"result":{}}\n`));
    await until(() => heard.length === 2);
    expect(heard).toMatchObject([
      { id: 7, error: { message: expect.stringContaining("raise maxReceivingBytes") } },
      { id: 8, result: {} },
    ]);
  });

  const answering = () => new HttpAnswer(200, {}, exchange(), "");

  it("so is a body", async () => {
    const { allowance } = world();
    const answer = answering();
    const text = answer.text(10_000, allowance.rule);
    answer.push(Buffer.alloc(501));
    await expect(text).rejects.toMatchObject({ code: "MESSAGE_TOO_LARGE" });
    const next = answering();
    const read = next.text(10_000, allowance.rule);
    next.push(Buffer.from("x".repeat(400)));
    next.finish();
    await expect(read).resolves.toHaveLength(400);
  });

  it("also one that had come before it was read; one that may not be so large is told as that", async () => {
    const { allowance, onFull } = world();
    const come = () => {
      const answer = answering();
      answer.push(Buffer.alloc(600));
      answer.finish();
      return answer;
    };
    await expect(come().text(500, allowance.rule)).rejects.toThrow("raise maxMessageBytes");
    expect(onFull).not.toHaveBeenCalled();
    await expect(come().text(10_000, allowance.rule)).rejects.toThrow("raise maxReceivingBytes");
    expect(onFull).toHaveBeenCalledOnce();
  });

  it("and an event", async () => {
    const { allowance } = world();
    const read = (chunks: readonly string[]) => {
      const answer = answering();
      const heard: string[] = [];
      const host = { maxMessageBytes: 10_000, allowance, isAsked: () => true };
      const events = new Events(answer, host, { event: ({ data }) => void heard.push(data) });
      const reading = events.read(() => {});
      for (const chunk of chunks) answer.push(Buffer.from(chunk));
      answer.finish();
      return reading.then(() => heard);
    };
    const whole = `data: ${"x".repeat(300)}\n\n`;
    await expect(read([`data: ${"x".repeat(600)}`])).rejects.toMatchObject({ code: "MESSAGE_TOO_LARGE" });
    await expect(read([whole, ":\n", whole, whole])).resolves.toHaveLength(3);
  });
});
