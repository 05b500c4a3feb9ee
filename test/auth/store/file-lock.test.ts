import { getEventListeners } from "node:events";
import { readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { withStoreLock } from "../../../src/auth/store/store-lock.js";
import { LockRivals } from "../../../src/base/file-lock/lock-rivals.js";
import { deadPid, makeClaim, touch, zombiePid } from "../../support/claims.js";
import { gate, temporaryDirectory } from "../../support/credentials.js";
import { stopTime } from "../../support/fake-timers.js";
import { eventually } from "../../support/settling.js";

const isLinux = process.platform === "linux";

function temporaryPath() {
  const directory = temporaryDirectory();
  return { directory, path: join(directory, "a.json") };
}

/** Who has taken the lock: waits for nobody, and leaves nothing. */
const isFree = async (path: string) => !(await new LockRivals(path).look()).rivals;

describe("a lock", () => {
  it("is one file beside the path while it is held, and none after that", async () => {
    const { directory, path } = temporaryPath();
    const result = await withStoreLock(path, async () => {
      expect(readdirSync(directory)).toStrictEqual([
        expect.stringMatching(new RegExp(`^a\\.json\\.lock-[0-9a-f]{12}-${process.pid}-\\d+-[0-9a-f]{16}$`)),
      ]);
      expect(statSync(join(directory, readdirSync(directory)[0]!)).mode & 0o777).toBe(0o600);
      expect(await isFree(path)).toBe(false);
      return "done";
    });
    expect(result).toBe("done");
    expect(readdirSync(directory)).toEqual([]);
  });

  it("makes its directory, for its user alone", async () => {
    const directory = join(temporaryDirectory(), "b", "c");
    await withStoreLock(join(directory, "a.json"), async () => {});
    expect(statSync(directory).mode & 0o777).toBe(0o700);
  });

  it("is given up by work that throws", async () => {
    const { directory, path } = temporaryPath();
    await expect(withStoreLock(path, () => Promise.reject(new Error("no")))).rejects.toThrow("no");
    expect(readdirSync(directory)).toEqual([]);
    expect(await withStoreLock(path, async () => "next")).toBe("next");
  });

  it("is for one path alone", async () => {
    const { directory, path } = temporaryPath();
    const other = join(directory, "b.json");
    expect(await withStoreLock(path, () => withStoreLock(other, async () => "both"))).toBe("both");
  });

  it("is given in the order of asking, also by another name of the path", async () => {
    const { directory, path } = temporaryPath();
    const order: number[] = [];
    const paths = [path, `${directory}/x/../a.json`, path];
    await Promise.all(paths.map((name, i) => withStoreLock(name, async () => void order.push(i))));
    expect(order).toEqual([0, 1, 2]);
  });

  it("is refreshed while it is held", async () => {
    const { directory, path } = temporaryPath();
    await withStoreLock(path, async () => {
      const claim = join(directory, readdirSync(directory)[0]!);
      touch(claim, 60_000);
      await eventually(() => expect(statSync(claim).mtimeMs).toBeGreaterThan(Date.now() - 10_000));
    });
  });

  it("that others took over is told", async () => {
    const { directory, path } = temporaryPath();
    await withStoreLock(path, async ({ check }) => {
      await check();
      rmSync(join(directory, readdirSync(directory)[0]!));
      const theirs = makeClaim(path);
      await expect(check()).rejects.toMatchObject({ code: "CONFIG_INVALID", path: "store" });
      rmSync(theirs);
    });
  });

  it("is released without touching another's", async () => {
    const { directory, path } = temporaryPath();
    let theirs = "";
    await withStoreLock(path, async () => {
      rmSync(join(directory, readdirSync(directory)[0]!));
      theirs = makeClaim(path);
    });
    expect(readdirSync(directory).map((name) => join(directory, name))).toEqual([theirs]);
  });

  it("in a place that cannot be written is refused", async () => {
    const { directory, path } = temporaryPath();
    writeFileSync(path, "");
    const never = vi.fn();
    await expect(withStoreLock(join(path, "b.json"), never)).rejects.toMatchObject({
      code: "CONFIG_INVALID",
      path: "store",
      message: expect.stringContaining(join(directory, "a.json")),
    });
    expect(never).not.toHaveBeenCalled();
  });
});

describe("who waits for a lock", () => {
  it("gets it when it is given up", async () => {
    const { path } = temporaryPath();
    const claim = makeClaim(path);
    let released = false;
    const { signal } = new AbortController();
    const waiting = [1, 2].map(() => withStoreLock(path, async () => released, signal));
    await eventually(() => expect(getEventListeners(signal, "abort")).toHaveLength(1));
    released = true;
    rmSync(claim);
    expect(await Promise.all(waiting)).toEqual([true, true]);
    expect(getEventListeners(signal, "abort")).toEqual([]);
  });

  it("claims nothing while others do, and claims again what was taken for dead", async () => {
    const { path } = temporaryPath();
    const original = await vi.importActual<typeof import("node:fs/promises")>("node:fs/promises");
    const claimed: string[] = [];
    vi.resetModules();
    vi.doMock("node:fs/promises", () => ({
      ...original,
      // Race: this process stands still for 18 s right after its claim, and another one sweeps that.
      open: async (claim: string, flags: string, mode: number) => {
        const file = await original.open(claim, flags, mode);
        if (claimed.push(claim) === 1) rmSync(claim);
        return file;
      },
    }));
    onTestFinished(() => void vi.doUnmock("node:fs/promises"));
    const copy = (await import("../../../src/auth/store/store-lock.js")).withStoreLock;
    const claim = makeClaim(path);
    const { signal } = new AbortController();
    const waiting = copy(path, async () => claimed.length, signal);
    await eventually(() => expect(getEventListeners(signal, "abort")).toHaveLength(1));
    expect(claimed).toEqual([]);
    rmSync(claim);
    expect(await waiting).toBe(2);
  });

  it("for a file or in the queue stops when it is told to", async () => {
    const { directory, path } = temporaryPath();
    const claim = makeClaim(path);
    const never = vi.fn();
    const controllers = [new AbortController(), new AbortController()];
    const [first, second] = controllers.map(({ signal }) => withStoreLock(path, never, signal));
    controllers[1]!.abort(new Error("second"));
    await expect(second).rejects.toThrow("second");
    const reason = new Error("first");
    controllers[0]!.abort(reason);
    await expect(first).rejects.toBe(reason);
    expect(readdirSync(directory).map((name) => join(directory, name))).toEqual([claim]);
    rmSync(claim);
    expect(await withStoreLock(path, async () => "next")).toBe("next");
    expect(never).not.toHaveBeenCalled();
  });

  it("does not begin where it was told to stop while it took the lock", async () => {
    const { directory, path } = temporaryPath();
    const never = vi.fn();
    const controller = new AbortController();
    const waiting = withStoreLock(path, never, controller.signal);
    controller.abort(new Error("enough"));
    await expect(waiting).rejects.toThrow("enough");
    expect(never).not.toHaveBeenCalled();
    expect(readdirSync(directory)).toEqual([]);
  });

  it("is not stopped once its work has begun", async () => {
    const { path } = temporaryPath();
    const controller = new AbortController();
    const { open, opened } = gate();
    const working = withStoreLock(
      path,
      async () => {
        controller.abort();
        await opened;
        return "done";
      },
      controller.signal,
    );
    open();
    expect(await working).toBe("done");
  });
});

describe("who has waited for a lock", () => {
  it("listens to its signal no more", async () => {
    const { path } = temporaryPath();
    const claim = makeClaim(path);
    const { signal } = new AbortController();
    const waiting = withStoreLock(path, async () => getEventListeners(signal, "abort").length, signal);
    await eventually(() => expect(getEventListeners(signal, "abort")).not.toEqual([]));
    rmSync(claim);
    expect(await waiting).toBe(0);
  });

  it("claims it again where its claim was taken for dead before it held the lock", async () => {
    const { directory, path } = temporaryPath();
    const look = LockRivals.prototype.look;
    let lost = 0;
    const spy = vi.spyOn(LockRivals.prototype, "look").mockImplementation(function (this: LockRivals, ours) {
      if (ours !== undefined && lost++ === 0) rmSync(ours);
      return look.call(this, ours);
    });
    onTestFinished(() => spy.mockRestore());
    await withStoreLock(path, async () => expect(readdirSync(directory)).toHaveLength(1));
    expect(lost).toBe(2);
  });
});

describe("a lock whose holder is dead", () => {
  async function expectTakenAtOnce(path: string, directory: string) {
    // Whoever waits for its turn would wait for ever.
    stopTime();
    await withStoreLock(path, async () => expect(readdirSync(directory)).toHaveLength(1));
    expect(readdirSync(directory)).toEqual([]);
  }

  it("is taken at once, and so are several", async () => {
    const { directory, path } = temporaryPath();
    const pid = deadPid();
    makeClaim(path, { pid });
    makeClaim(path, { pid, start: 0 });
    await expectTakenAtOnce(path, directory);
  });

  it.runIf(isLinux)("is taken at once where another process has its pid now", async () => {
    const { directory, path } = temporaryPath();
    makeClaim(path, { start: 1 });
    await expectTakenAtOnce(path, directory);
  });

  it.runIf(isLinux)("is taken at once where its parent does not know yet", async () => {
    const { directory, path } = temporaryPath();
    const pid = await zombiePid();
    await eventually(() => {
      makeClaim(path, { pid, start: 0 });
      return isFree(path).then((free) => expect(free).toBe(true));
    });
    await expectTakenAtOnce(path, directory);
  });

  it.each([
    ["on another host", { place: "0123456789ab" }, 20_000],
    ["on another host whose clock is fast", { place: "0123456789ab" }, -20_000],
    ["and whose pid may be another's", { start: 0 }, 20_000],
  ])("%s is taken when it was long not refreshed", async (_what, holder, age) => {
    const { directory, path } = temporaryPath();
    const claim = makeClaim(path, { pid: process.pid, ...holder }, age);
    const rivals = new LockRivals(path);
    for (let look = 1; look < 100; look++) expect((await rivals.look()).rivals).toBe(true);
    // It lives after all: as many looks again.
    touch(claim, 2 * age);
    for (let look = 1; look < 100; look++) expect((await rivals.look()).rivals).toBe(true);
    expect((await rivals.look()).rivals).toBe(false);
    expect(readdirSync(directory)).toEqual([]);
  });

  it("on another host is not taken for being young, however often one looks", async () => {
    const { path } = temporaryPath();
    const claim = makeClaim(path, { place: "0123456789ab", pid: deadPid() }, 5_000);
    const rivals = new LockRivals(path);
    for (let look = 0; look < 150; look++) expect((await rivals.look()).rivals).toBe(true);
    rmSync(claim);
  });

  it("is taken also where its name says nothing, when it was long not refreshed", async () => {
    const { directory, path } = temporaryPath();
    const claim = `${path}.lock-half`;
    writeFileSync(claim, "");
    touch(claim, 20_000);
    expect(await isFree(path)).toBe(false);
    expect(await withStoreLock(path, async () => "taken")).toBe("taken");
    expect(readdirSync(directory)).toEqual([]);
  });

  it("and that others removed is not held by one that claimed it before it stood still", async () => {
    const { path } = temporaryPath();
    const claim = makeClaim(path);
    const rivals = new LockRivals(path);
    expect(await rivals.look(claim)).toEqual({ rivals: false, ours: true });
    rmSync(claim);
    expect(await rivals.look(claim)).toEqual({ rivals: false, ours: false });
  });

  it("is taken by one of many who see that at once", async () => {
    const { directory, path } = temporaryPath();
    const pid = deadPid();
    // Copies of the module know nothing of each other's queues: each is as good as a process.
    const copies: (typeof withStoreLock)[] = [];
    for (let copy = 0; copy < 8; copy++) {
      vi.resetModules();
      copies.push((await import("../../../src/auth/store/store-lock.js")).withStoreLock);
    }
    let inside = 0;
    let most = 0;
    for (let round = 0; round < 20; round++) {
      makeClaim(path, { pid });
      const work = async () => {
        most = Math.max(most, ++inside);
        // Their claims take several rounds of the event loop.
        for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
        inside--;
      };
      await Promise.all(copies.map((lock) => lock(path, work)));
    }
    expect(most).toBe(1);
    expect(readdirSync(directory)).toEqual([]);
  });
});
