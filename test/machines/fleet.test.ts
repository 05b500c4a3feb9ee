import { describe, expect, it } from "vitest";
import { healthOf } from "../../src/machines/fleet.js";
import { Fleet, up } from "./fleet-rig.js";

describe("a fleet starts its servers", () => {
  it("in their order, no more at once than it may", async () => {
    const fleet = new Fleet(2);
    await fleet.add("a", "b", "c", "d");
    expect(fleet.begun).toEqual(["start a", "start b"]);
    expect(fleet.phases).toEqual({ a: "starting", b: "starting", c: "queued", d: "queued" });
    await fleet.done("start b");
    expect(fleet.begun).toEqual(["start c"]);
    await fleet.fail("start a");
    expect(fleet.begun).toEqual(["start d"]);
    expect(fleet.phases).toEqual({ a: "down", b: "up", c: "starting", d: "starting" });
  });

  it("and waits for one that hangs only so long", async () => {
    const fleet = new Fleet(1);
    await fleet.add("a", "b");
    await fleet.clock.pass(9_999);
    expect([fleet.begun, fleet.gates.cancelled]).toEqual([["start a"], []]);
    await fleet.clock.pass(1);
    expect([fleet.begun, fleet.gates.cancelled]).toEqual([["start b"], ["start a"]]);
    expect(fleet.phases).toEqual({ a: "down", b: "starting" });
  });

  it("each once, and later ones like the first", async () => {
    const fleet = new Fleet(1);
    await fleet.add("a");
    await fleet.add("a", "b");
    expect(fleet.begun).toEqual(["start a"]);
    await fleet.done("start a");
    expect(fleet.begun).toEqual(["start b"]);
    expect(fleet.phases).toEqual({ a: "up", b: "starting" });
    expect(fleet.context.successors).toEqual([]);
  });
});

describe("a fleet that closes", () => {
  it("leaves its servers, not for good, and ends with the last", async () => {
    const fleet = await up("a", "b");
    await fleet.close();
    expect(fleet.begun).toEqual(["leave a", "leave b"]);
    expect(fleet.phases).toEqual({ a: "leaving", b: "leaving" });
    await fleet.fail("leave a");
    expect([fleet.ended, fleet.phases]).toEqual([false, { b: "leaving" }]);
    await fleet.done("leave b");
    expect([fleet.ended, fleet.health]).toEqual([true, "closed"]);
  });

  it("does not wait for ever", async () => {
    const fleet = await up("a");
    await fleet.close();
    await fleet.clock.pass(3_999);
    expect(fleet.ended).toBe(false);
    await fleet.clock.pass(1);
    expect(fleet.ended).toBe(true);
  });

  it("ends at once when it has no servers", async () => {
    const fleet = new Fleet();
    await fleet.close();
    expect(fleet.ended).toBe(true);
  });

  it("starts nobody any more, neither those who waited nor a successor", async () => {
    const fleet = new Fleet(1);
    await fleet.add("a", "b");
    await fleet.replace("b");
    await fleet.close();
    await fleet.done("leave b for good");
    await fleet.done("leave a");
    expect(fleet.begun).toEqual(["start a", "leave b for good", "leave a"]);
    expect(fleet.ended).toBe(true);
  });
});

describe("the health of a fleet", () => {
  it.each([
    ["closed", {}],
    ["closed", { a: "leaving" }],
    ["starting", { a: "up", new: "queued" }],
    ["starting", { a: "down", new: "starting" }],
    ["ready", { a: "up", b: "up" }],
    ["ready", { a: "up", b: "leaving" }],
    ["ready", { a: "up", new: "leaving" }],
    ["degraded", { a: "up", b: "down" }],
    ["degraded", { a: "up", b: "starting" }],
    ["down", { a: "down", b: "failed" }],
    ["down", { a: "queued" }],
  ] as const)("is %s with %j", (health, phases) =>
    expect(healthOf({ phases, settled: { a: true, b: true } })).toBe(health),
  );

  it("is known once every first attempt is over, and does not start again with a retry", async () => {
    const fleet = new Fleet();
    await fleet.add("a", "b", "c");
    await fleet.done("start a");
    await fleet.fail("start b");
    expect(fleet.health).toBe("starting");
    await fleet.tell("c", "failed");
    expect(fleet.health).toBe("degraded");
    await fleet.retry("c");
    expect([fleet.phases["c"], fleet.health]).toEqual(["starting", "degraded"]);
    await fleet.done("start c");
    await fleet.tell("b", "up");
    expect(fleet.health).toBe("ready");
  });

  it("is unknown again while a server is replaced", async () => {
    const fleet = await up("a", "b");
    await fleet.replace("a");
    expect(fleet.health).toBe("ready");
    await fleet.done("leave a for good");
    expect(fleet.health).toBe("starting");
    await fleet.done("start a");
    expect(fleet.health).toBe("ready");
  });
});
