import { ProtocolError } from "@modelcontextprotocol/client";
import { describe, expect, it, vi } from "vitest";
import { DEFAULT_BACKOFF } from "../../src/machines/backoff.js";
import { always, modern, PROMPTS, streamOn, TOOLS } from "../support/fake-stream.js";
import { rejection, settled } from "../support/settling.js";

describe("a listen stream that ended", () => {
  const openOn = async (fail?: () => unknown) => {
    const server = modern(fail);
    const made = streamOn(server.ready);
    await made.stream.follow(always(TOOLS), {});
    return { ...server, ...made };
  };

  it("is reopened after a while, with the filter that there is then", async () => {
    const { handles, listen, heard, clock, stream } = await openOn();
    handles[0]!.over("remote");
    await settled();
    expect(heard).toEqual(["open", "lost"]);
    expect(stream.honoredFilter).toBeUndefined();
    expect(clock.waits).toHaveLength(1);
    expect(clock.waits[0]).toBeLessThanOrEqual(DEFAULT_BACKOFF.capMs);
    clock.advance(DEFAULT_BACKOFF.capMs);
    await settled();
    expect(listen).toHaveBeenCalledTimes(2);
    expect(listen).toHaveBeenLastCalledWith(TOOLS, { timeout: 10_000 });
    expect(heard).toEqual(["open", "lost", "open"]);
  });

  it("is not where it was ended by us, or is not the one that is open", async () => {
    const { handles, heard, clock, stream } = await openOn();
    await stream.follow(always(PROMPTS), {});
    handles[0]!.over("remote");
    handles[1]!.over("local");
    await settled();
    expect(heard).toEqual(["open"]);
    expect(clock.waits).toEqual([]);
  });

  it("is not where its epoch ended, before or while it was waited for", async () => {
    const first = await openOn();
    first.now.ready = undefined;
    first.handles[0]!.over("remote");
    await settled();
    expect(first.heard).toEqual(["open"]);
    const second = await openOn();
    second.handles[0]!.over("remote");
    await settled();
    second.now.ready = modern().ready;
    second.clock.advance(DEFAULT_BACKOFF.capMs);
    await settled();
    expect(second.now.ready.client.listen).not.toHaveBeenCalled();
    expect(second.listen).toHaveBeenCalledTimes(1);
  });

  it("has nothing left to wait for once its epoch is stopped", async () => {
    const { handles, heard, clock, stream } = await openOn();
    handles[0]!.over("remote");
    await settled();
    stream.stop();
    expect(clock.waits).toEqual([]);
    expect(heard).toEqual(["open", "lost", "none"]);
    stream.stop();
    expect(heard).toHaveLength(3);
  });

  it("is not waited for where a change of the filter opened it", async () => {
    const { handles, clock, stream } = await openOn();
    handles[0]!.over("remote");
    await settled();
    await stream.follow(always(PROMPTS), {});
    expect(clock.waits).toEqual([]);
  });
});

describe("a listen stream that could not be opened", () => {
  it("is tried again, later each time, until it is open", async () => {
    vi.spyOn(Math, "random").mockReturnValue(0.999_999);
    let failing = true;
    const { ready, handles } = modern(() => failing && new Error("not now"));
    const { stream, heard, clock } = streamOn(ready);
    expect(await rejection(stream.follow(always(TOOLS), {}))).toMatchObject({ message: "not now" });
    expect(heard).toEqual(["lost"]);
    const waits: number[] = [];
    for (let round = 0; round < 3; round++) {
      waits.push(clock.waits[0]!);
      expect(clock.waits).toHaveLength(1);
      clock.advance(clock.waits[0]!);
      await settled();
    }
    expect(waits[0]).toBeGreaterThan(0);
    expect(waits[1]).toBeGreaterThan(waits[0]!);
    expect(waits[2]).toBeGreaterThan(waits[1]!);
    failing = false;
    clock.advance(clock.waits[0]!);
    await settled();
    expect(heard).toEqual(["lost", "open"]);
    // From the beginning again.
    handles[0]!.over("remote");
    await settled();
    expect(clock.waits).toEqual([waits[0]]);
    stream.stop();
    vi.mocked(Math.random).mockRestore();
  });

  it("waits as after its first failure in a new epoch", async () => {
    vi.spyOn(Math, "random").mockReturnValue(0.999_999);
    const { ready } = modern(() => new Error("not now"));
    const { stream, clock } = streamOn(ready);
    await rejection(stream.follow(always(TOOLS), {}));
    const [first] = clock.waits;
    stream.stop();
    await rejection(stream.follow(always(TOOLS), {}));
    expect(clock.waits).toEqual([first]);
    vi.mocked(Math.random).mockRestore();
  });

  it.each([
    [-32601, "none", 0],
    [-32603, "lost", 1],
  ])("because of the error %i is %s, and tried again %i times", async (code, listening, again) => {
    const { ready } = modern(() => new ProtocolError(code, "no"));
    const { stream, clock } = streamOn(ready);
    await rejection(stream.follow(always(TOOLS), {}));
    expect(stream.listening).toBe(listening);
    expect(clock.waits).toHaveLength(again);
  });

  it("is tried again though its caller gave up: others may want it", async () => {
    const { ready } = modern(() => new Error("not now"));
    const { stream, clock, heard } = streamOn(ready);
    await rejection(stream.follow(always(TOOLS), { signal: AbortSignal.abort() }));
    await settled();
    expect(clock.waits).toHaveLength(1);
    expect(heard).toEqual(["lost"]);
  });

  it("in time for its epoch is not shown, and not tried again", async () => {
    for (const fails of [true, false]) {
      const { stream, now, heard, clock } = streamOn(undefined);
      now.ready = modern(() => {
        now.ready = undefined;
        return fails && new Error("gone");
      }).ready;
      await stream.follow(always(TOOLS), {}).catch(() => {});
      expect(heard).toEqual([]);
      expect(stream.honoredFilter).toBeUndefined();
      expect(clock.waits).toEqual([]);
    }
  });
});
