import { describe, expect, it, onTestFinished, vi } from "vitest";
import { Allowance } from "../../src/wires/allowance.js";
import { Intake } from "../../src/wires/intake.js";
import { ManualClock } from "../support/manual-clock.js";
import { until } from "../support/settling.js";

class FakeSource {
  paused = false;
  pause(): void {
    this.paused = true;
  }
  resume(): void {
    this.paused = false;
  }
}

function allowing(clock: ManualClock, perSecond = 2_000) {
  const onFlood = vi.fn();
  const allowance = new Allowance(() => ({ perSecond, isAsked: () => false, onFlood }), clock);
  onTestFinished(() => allowance.lift());
  const pipe = new FakeSource();
  allowance.add(pipe);
  return { allowance, pipe, onFlood };
}

/** A flood for so long, read whenever it may be; how many messages came through. */
function flood(clock: ManualClock, floods: readonly Allowance[], ms: number): number[] {
  const counts = floods.map(() => 0);
  for (let at = 0; at < ms; at++) {
    floods.forEach((one, i) => {
      while (!one.resting) {
        one.spend(1);
        counts[i]!++;
      }
    });
    clock.advance(1);
  }
  return counts;
}

describe("what a server sends that nobody asked for", () => {
  it("is read at once up to half of what it may send in a second, then its sources rest, and it is told", () => {
    const clock = new ManualClock();
    const { allowance, pipe, onFlood } = allowing(clock);
    for (let i = 0; i < 1_000; i++) allowance.spend(1);
    expect([pipe.paused, onFlood.mock.calls.length]).toEqual([false, 0]);
    allowance.spend(1);
    expect([pipe.paused, onFlood.mock.calls.length]).toEqual([true, 1]);
    const late = new FakeSource();
    allowance.add(late);
    expect(late.paused).toBe(true);
    clock.advance(clock.waits[0]!);
    expect([pipe.paused, late.paused, allowance.resting]).toEqual([false, false, false]);
  });

  it("comes through at the rate that it may have, and in full again after a quiet while", () => {
    const clock = new ManualClock();
    const { allowance } = allowing(clock);
    const [first] = flood(clock, [allowance], 10_000);
    expect(first).toBeGreaterThan(20_000);
    expect(first).toBeLessThan(21_100);
    clock.advance(500);
    for (let i = 0; i < 1_000; i++) allowance.spend(1);
    expect(allowance.resting).toBe(false);
  });

  it("of several floods together is as much as of one, whoever does not flood is not held up, and one that ceases leaves its part", () => {
    const clock = new ManualClock();
    const floods = Array.from({ length: 5 }, () => allowing(clock).allowance);
    const quiet = allowing(clock);
    const sum = (counts: number[]) => counts.reduce((a, b) => a + b, 0);
    const first = sum(flood(clock, floods, 10_000));
    expect(first).toBeGreaterThan(20_000);
    expect(first).toBeLessThan(5 * 1_000 + 20_000 + 5 * 300);
    for (let i = 0; i < 1_000; i++) quiet.allowance.spend(1);
    expect(quiet.pipe.paused).toBe(false);
    const [alone] = flood(clock, floods.slice(0, 1), 20_000);
    expect(alone).toBeGreaterThan(28_000);
  });

  it("counts by its bytes, too, and rests for two seconds at most", () => {
    const clock = new ManualClock();
    const { allowance } = allowing(clock);
    allowance.spend(1, 4_096 * 998);
    expect(allowance.resting).toBe(false);
    allowance.spend(1, 4_096 * 1_000_000);
    expect(clock.waits).toEqual([2_000]);
  });

  it("has what was asked for added to it while it floods, by its bytes, and no longer than it floods", () => {
    const clock = new ManualClock();
    const { allowance, onFlood } = allowing(clock);
    const large = 4_096 * 10_000;
    allowance.spendAsked(large);
    expect(allowance.resting).toBe(false);
    allowance.spend(1_001);
    clock.advance(2_000);
    expect(allowance.resting).toBe(false);
    allowance.spendAsked(large);
    expect(allowance.resting).toBe(true);
    // What was asked for is no flood: it makes none last.
    clock.advance(5_000);
    expect(allowance.resting).toBe(false);
    allowance.spendAsked(large);
    expect([allowance.resting, onFlood.mock.calls.length]).toEqual([false, 1]);
  });

  it("leaves something for each of its sources, though one of them takes all that there is", () => {
    const clock = new ManualClock();
    const { allowance } = allowing(clock);
    const resumed = [0, 0, 0];
    for (const i of resumed.keys())
      allowance.add({
        pause: () => {},
        resume: () => {
          resumed[i]!++;
          allowance.spend(10_000);
        },
      });
    allowance.spend(10_000);
    for (let round = 0; round < 8; round++) clock.advance(2_000);
    expect(Math.min(...resumed)).toBeGreaterThanOrEqual(2);
  });

  it("is read without a rest once the server has ended", () => {
    const clock = new ManualClock();
    const { allowance, pipe } = allowing(clock);
    allowance.spend(1_001);
    allowance.lift();
    expect([pipe.paused, clock.waits]).toEqual([false, []]);
    allowance.spend(1_000_000);
    expect(pipe.paused).toBe(false);
  });
});

describe("frames that come in", () => {
  function taking(perSecond?: number) {
    const clock = new ManualClock();
    const { allowance } = allowing(clock, perSecond);
    const pipe = new FakeSource();
    const handled: number[] = [];
    const intake: Intake<number> = new Intake<number>(pipe, allowance, {
      handle: (frame) => {
        handled.push(frame);
        if (frame < 0) intake.unasked();
      },
      sizeOf: (frame) => Math.abs(frame),
    });
    onTestFinished(() => intake.stop());
    return { clock, allowance, pipe, handled, intake };
  }

  it("are dealt with at once while a turn lasts, whatever they are, and in order and in later turns after it", async () => {
    const { pipe, handled, intake } = taking();
    // No turn has begun.
    intake.take(1);
    expect([handled, pipe.paused]).toEqual([[], true]);
    intake.take(2);
    await until(() => handled.length === 2);
    expect(handled).toEqual([1, 2]);
    expect(pipe.paused).toBe(false);
  });

  it("wait during a rest, and go on in order after it", async () => {
    const { clock, allowance, pipe, handled, intake } = taking(2);
    const frames = [-1, -2, -3, 4, 5];
    // The allowance is one message at once.
    intake.begin();
    for (const frame of frames) intake.take(frame);
    await until(() => allowance.resting);
    expect(pipe.paused).toBe(true);
    expect(handled.length).toBeLessThan(frames.length);
    while (handled.length < frames.length) {
      clock.advance(2_000);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(handled).toEqual(frames);
  });

  it("count by their bytes though they were asked for, while their server floods", async () => {
    const { clock, allowance, handled, intake } = taking();
    allowance.spend(1_001);
    clock.advance(clock.waits[0]!);
    expect(allowance.resting).toBe(false);
    const large = 4_096 * 10_000;
    for (const frame of [large, 1]) intake.take(frame);
    await until(() => handled.length > 0);
    expect([handled, allowance.resting]).toEqual([[large], true]);
  });

  it("that wait are dealt with at once at the end, and none after it, while what comes is still read", () => {
    const { pipe, handled, intake } = taking();
    intake.take(1);
    intake.take(2);
    intake.flush();
    expect(handled).toEqual([1, 2]);
    intake.take(3);
    intake.stop();
    intake.begin();
    intake.take(4);
    intake.flush();
    expect([handled, pipe.paused]).toEqual([[1, 2], false]);
  });
});
