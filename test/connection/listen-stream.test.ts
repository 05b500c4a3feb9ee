import type { Client } from "@modelcontextprotocol/client";
import { describe, expect, it, vi } from "vitest";
import type { Ready } from "../../src/session/ports.js";
import { CALL } from "../../src/wires/call-tag.js";
import { readyWith } from "../support/fake-link.js";
import { epochClient } from "../support/fake-session.js";
import { always, modern, PROMPTS, streamOn, TOOLS } from "../support/fake-stream.js";
import { rejection } from "../support/settling.js";

/** How long a server has for it, whoever asks. */
const ACKNOWLEDGED = { timeout: 10_000 };

describe("the listen stream of a modern server", () => {
  it("is opened with the filter, and asked for again only when that changes", async () => {
    const { listen, handles, ready } = modern();
    const { stream, heard } = streamOn(ready);
    expect(stream.listening).toBe("none");
    expect(stream.honoredFilter).toBeUndefined();
    const options = { timeout: 5 };
    await stream.follow((client: Client) => (client === ready.client ? TOOLS : {}), options);
    expect(listen).toHaveBeenCalledExactlyOnceWith(TOOLS, ACKNOWLEDGED);
    expect(stream.listening).toBe("open");
    expect(stream.honoredFilter).toEqual(TOOLS);
    await stream.follow(always({ ...TOOLS }), options);
    expect(listen).toHaveBeenCalledTimes(1);
    await stream.follow(always(PROMPTS), options);
    expect(listen).toHaveBeenLastCalledWith(PROMPTS, ACKNOWLEDGED);
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
    await Promise.resolve();
    expect(listen).toHaveBeenCalledTimes(1);
    const second = stream.follow(always(PROMPTS), {});
    expect(listen).toHaveBeenCalledTimes(1);
    expect(await first).toMatchObject({ message: "not now" });
    await second;
    expect(heard).toEqual(["lost", "open"]);
    expect(stream.honoredFilter).toEqual(PROMPTS);
  });

  it("changes once for all that is asked for while a change is on its way", async () => {
    let acknowledge = () => {};
    const { listen, ready } = modern();
    const { stream } = streamOn(ready);
    const answer = listen.getMockImplementation()!;
    listen.mockImplementationOnce(async (...asked) => {
      await new Promise<void>((resolve) => {
        acknowledge = resolve;
      });
      return answer(...asked);
    });
    const first = stream.follow(always(TOOLS), {});
    await Promise.resolve();
    const others = [1, 2, 3].map((n) =>
      stream.follow(always({ ...PROMPTS, resourceSubscriptions: [`a:${n}`] }), {}),
    );
    acknowledge();
    await Promise.all([first, ...others]);
    expect(listen.mock.calls.map(([filter]) => filter)).toEqual([
      TOOLS,
      { ...PROMPTS, resourceSubscriptions: ["a:3"] },
    ]);
  });

  it.each([
    ["its deadline", () => ({ timeout: 50 }), "REQUEST_TIMEOUT"],
    ["its signal", () => ({ signal: AbortSignal.abort(new Error("enough")) }), undefined],
    [
      "its session's end",
      () => ({ headers: { [CALL]: { ended: AbortSignal.abort(new Error("enough")) } } }),
      undefined,
    ],
  ])("that is never acknowledged keeps nobody waiting beyond %s", async (_what, options, code) => {
    const { listen, ready } = modern();
    listen.mockImplementation(() => new Promise(() => {}));
    const { stream, clock } = streamOn(ready);
    const waits = [
      stream.follow(always(TOOLS), options() as never),
      stream.follow(always(PROMPTS), options() as never),
    ];
    const told = waits.map(rejection);
    clock.advance(50);
    for (const error of await Promise.all(told))
      expect(error).toMatchObject(code ? { code } : { message: "enough" });
    expect(clock.waits).toEqual([]);
  });
});
