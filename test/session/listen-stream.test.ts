import { type Client, type McpSubscription, ProtocolError } from "@modelcontextprotocol/client";
import { describe, expect, it, vi } from "vitest";
import { DEFAULT_BACKOFF } from "../../src/machines/backoff.js";
import type { Ready } from "../../src/session/link.js";
import { ListenStream } from "../../src/session/listen-stream.js";
import { readyWith } from "../support/fake-link.js";
import { epochClient } from "../support/fake-session.js";
import { ManualClock } from "../support/manual-clock.js";
import { rejection, settled } from "../support/settling.js";

/** A stream as a server opened it; `over` ends it. */
function opened(filter: object) {
  let over: (how: string) => void = () => {};
  const closed = new Promise((resolve) => {
    over = resolve;
  });
  return { honoredFilter: filter, close: vi.fn(async () => {}), closed, over };
}

function modern(fail?: () => unknown) {
  const handles: ReturnType<typeof opened>[] = [];
  const listen = vi.fn(async (filter: object, _options?: object) => {
    const error = fail?.();
    if (error) throw error;
    handles.push(opened(filter));
    return handles.at(-1) as unknown as McpSubscription;
  });
  const ready = readyWith(epochClient({ listen }, "modern")) as Ready;
  return { listen, handles, ready };
}

function streamOn(first: Ready | undefined) {
  const clock = new ManualClock();
  const heard: string[] = [];
  const now = { ready: first };
  const stream = new ListenStream(
    clock,
    (listening) => heard.push(listening),
    () => now.ready,
  );
  return { clock, heard, now, stream };
}

const TOOLS = { toolsListChanged: true };
const PROMPTS = { promptsListChanged: true };
const always = (filter: object) => () => filter;

describe("the listen stream of a modern server", () => {
  it("is opened with the filter, and asked for again only when that changes", async () => {
    const { listen, handles, ready } = modern();
    const { stream, heard } = streamOn(ready);
    expect(stream.listening).toBe("none");
    expect(stream.honoredFilter).toBeUndefined();
    const options = { timeout: 5 };
    await stream.follow((client: Client) => (client === ready.client ? TOOLS : {}), options);
    expect(listen).toHaveBeenCalledExactlyOnceWith(TOOLS, options);
    expect(stream.listening).toBe("open");
    expect(stream.honoredFilter).toEqual(TOOLS);
    await stream.follow(always({ ...TOOLS }), options);
    expect(listen).toHaveBeenCalledTimes(1);
    await stream.follow(always(PROMPTS), options);
    expect(listen).toHaveBeenLastCalledWith(PROMPTS, options);
    expect(handles[0]!.close).toHaveBeenCalledTimes(1);
    expect(handles[1]!.close).not.toHaveBeenCalled();
    expect(heard).toEqual(["open"]);
  });

  it("is closed where there is nothing to listen for any more", async () => {
    const { listen, handles, ready } = modern();
    const { stream, heard, clock } = streamOn(ready);
    await stream.follow(always({}), {});
    expect(listen).not.toHaveBeenCalled();
    await stream.follow(always(TOOLS), {});
    await stream.follow(always({}), {});
    expect(handles[0]!.close).toHaveBeenCalledTimes(1);
    expect(stream.honoredFilter).toBeUndefined();
    expect(heard).toEqual(["open", "none"]);
    expect(clock.waits).toEqual([]);
  });

  it("is opened anew with each epoch", async () => {
    const [one, two] = [modern(), modern()];
    const { stream, now } = streamOn(one.ready);
    await stream.follow(always(TOOLS), {});
    now.ready = two.ready;
    await stream.follow(always(TOOLS), {});
    expect(two.listen).toHaveBeenCalledTimes(1);
  });

  it.each([
    ["there is no connection", undefined],
    ["the server is a legacy one", readyWith(epochClient({ listen: vi.fn() })) as Ready],
  ])("is not opened where %s", async (_why, ready) => {
    const { stream, heard } = streamOn(ready);
    await stream.follow(always(TOOLS), {});
    expect(heard).toEqual([]);
    if (ready) expect(ready.client.listen).not.toHaveBeenCalled();
  });

  it("changes once at a time, in the order of the calls, also after one that failed", async () => {
    let opening = 0;
    const { listen, ready } = modern(() => ++opening === 1 && new Error("not now"));
    const { stream, heard } = streamOn(ready);
    const first = rejection(stream.follow(always(TOOLS), {}));
    const second = stream.follow(always(PROMPTS), {});
    expect(listen).not.toHaveBeenCalled();
    expect(await first).toMatchObject({ message: "not now" });
    await second;
    expect(heard).toEqual(["lost", "open"]);
    expect(stream.honoredFilter).toEqual(PROMPTS);
  });
});

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
    expect(listen).toHaveBeenLastCalledWith(TOOLS, {});
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

  it("because its caller gave up is not tried again", async () => {
    const { ready } = modern(() => new Error("aborted"));
    const { stream, clock, heard } = streamOn(ready);
    const signal = AbortSignal.abort();
    await rejection(stream.follow(always(TOOLS), { signal }));
    expect(clock.waits).toEqual([]);
    expect(heard).toEqual([]);
    await rejection(stream.follow(always(TOOLS), { signal: new AbortController().signal }));
    expect(clock.waits).toHaveLength(1);
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
