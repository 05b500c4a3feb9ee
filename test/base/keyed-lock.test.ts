import { describe, expect, it, vi } from "vitest";
import { KeyedLock } from "../../src/base/keyed-lock.js";
import { gate } from "../support/credentials.js";

describe("turns", () => {
  it("are taken one after another as they were asked for, and each key has its own", async () => {
    const turns = new KeyedLock();
    const events: string[] = [];
    const work = (name: string) => async () => {
      events.push(`+${name}`);
      await Promise.resolve();
      events.push(`-${name}`);
      return name;
    };
    const results = ["a1", "a2", "b1", "a3"].map((name) => turns.run(name[0]!, work(name)));
    expect(await Promise.all(results)).toEqual(["a1", "a2", "b1", "a3"]);
    expect(events.filter((event) => event.includes("a"))).toEqual(["+a1", "-a1", "+a2", "-a2", "+a3", "-a3"]);
    expect(events.indexOf("+b1")).toBeLessThan(events.indexOf("-a1"));
  });

  it("go on after one that failed", async () => {
    const turns = new KeyedLock();
    const failing = turns.run("a", () => Promise.reject(new Error("no")));
    const next = turns.run("a", async () => "next");
    await expect(failing).rejects.toThrow("no");
    expect(await next).toBe("next");
    expect(await turns.run("a", async () => "later")).toBe("later");
  });

  it("are left by who gives up waiting, and by nobody else", async () => {
    const turns = new KeyedLock();
    const { open, opened } = gate();
    const first = turns.run("a", () => opened);
    const controller = new AbortController();
    const never = vi.fn();
    const aborted = turns.run("a", never, controller.signal);
    const last = turns.run("a", async () => "last");
    const reason = new Error("enough");
    controller.abort(reason);
    await expect(aborted).rejects.toBe(reason);
    open();
    await first;
    expect(await last).toBe("last");
    expect(never).not.toHaveBeenCalled();
  });

  it("that have begun end by themselves", async () => {
    const turns = new KeyedLock();
    const { open, opened } = gate();
    const first = turns.run("a", () => opened);
    const controller = new AbortController();
    const second = turns.run("a", async () => "done", controller.signal);
    open();
    await first;
    controller.abort();
    expect(await second).toBe("done");
  });

  it("are not for who gave up before", async () => {
    const never = vi.fn();
    const reason = new Error("enough");
    await expect(new KeyedLock().run("a", never, AbortSignal.abort(reason))).rejects.toBe(reason);
    expect(never).not.toHaveBeenCalled();
  });
});
