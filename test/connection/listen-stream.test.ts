import type { Client } from "@modelcontextprotocol/client";
import { describe, expect, it, vi } from "vitest";
import type { Ready } from "../../src/session/ports.js";
import { readyWith } from "../support/fake-link.js";
import { epochClient } from "../support/fake-session.js";
import { always, modern, PROMPTS, streamOn, TOOLS } from "../support/fake-stream.js";
import { rejection } from "../support/settling.js";

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
