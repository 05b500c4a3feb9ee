import { describe, expect, it } from "vitest";
import { Fleet, up } from "./fleet-rig.js";

describe("a server of a fleet", () => {
  it.each([
    // While it starts, what it was when that was told, what is told, what it is then.
    [[], "up", "up"],
    [[], "down", "down"],
    [[], "failed", "failed"],
    [["up"], "up", "up"],
    [["up"], "down", "down"],
    [["up"], "failed", "failed"],
    [["down"], "up", "up"],
    [["down"], "down", "down"],
    [["down"], "failed", "failed"],
    [["failed"], "up", "up"],
    [["failed"], "down", "failed"],
    [["failed"], "failed", "failed"],
  ] as const)("that was told to be %j, then %s, is %s", async (before, fact, phase) => {
    const fleet = new Fleet();
    await fleet.add("a", "other");
    for (const earlier of before) await fleet.tell("a", earlier);
    await fleet.tell("a", fact);
    expect(fleet.phases).toEqual({ a: phase, other: "starting" });
  });

  it("gives its slot back once it is told what it is", async () => {
    const fleet = new Fleet(1);
    await fleet.add("a", "b");
    await fleet.tell("a", "failed");
    expect(fleet.begun).toEqual(["start a", "start b"]);
    expect(fleet.gates.cancelled).toEqual(["start a"]);
  });

  it("that failed is tried again in its turn when it is told to", async () => {
    const fleet = new Fleet(1);
    await fleet.add("a", "b");
    await fleet.tell("a", "failed");
    await fleet.retry("a");
    expect(fleet.phases).toEqual({ a: "queued", b: "starting" });
    await fleet.done("start b");
    expect(fleet.begun).toEqual(["start a", "start b", "start a"]);
    await fleet.done("start a");
    expect(fleet.phases).toEqual({ a: "up", b: "up" });
  });

  it("that did not fail is not tried again", async () => {
    const fleet = await up("a", "b");
    await fleet.tell("b", "down");
    await fleet.retry("a");
    await fleet.retry("b");
    expect(fleet.begun).toEqual([]);
    expect(fleet.phases).toEqual({ a: "up", b: "down" });
  });

  it.each([
    ["up", "done"],
    ["down", "fail"],
  ] as const)(
    "is left for good when it is removed, and goes once that is done: it was %s",
    async (phase, how) => {
      const fleet = await up("a", "b");
      await fleet.tell("a", phase);
      await fleet.remove("a");
      expect([fleet.begun, fleet.phases]).toEqual([["leave a for good"], { a: "leaving", b: "up" }]);
      await fleet[how]("leave a for good");
      expect([fleet.begun, fleet.context]).toEqual([
        [],
        expect.objectContaining({ phases: { b: "up" }, settled: { b: true }, successors: [] }),
      ]);
    },
  );

  it("may be removed while it waits, starts or has failed", async () => {
    const fleet = new Fleet(2);
    await fleet.add("failed", "starting", "started", "waiting", "last");
    await fleet.tell("failed", "failed");
    for (const name of ["waiting", "failed", "starting"]) await fleet.remove(name);
    expect(fleet.phases).toEqual({
      failed: "leaving",
      starting: "leaving",
      started: "starting",
      waiting: "leaving",
      last: "starting",
    });
    expect(fleet.gates.cancelled).toEqual(["start failed", "start starting"]);
    expect(fleet.context.settled).toEqual({ failed: true });
    await fleet.done("leave waiting for good");
    expect(fleet.phases).not.toHaveProperty("waiting");
  });

  it("is replaced once its predecessor is gone, when a slot is free", async () => {
    const fleet = new Fleet(1);
    await fleet.add("a", "b");
    await fleet.done("start a");
    await fleet.replace("a");
    await fleet.replace("a");
    expect(fleet.begun).toEqual(["start a", "start b", "leave a for good"]);
    await fleet.done("leave a for good");
    expect([fleet.begun, fleet.phases]).toEqual([[], { a: "queued", b: "starting" }]);
    await fleet.done("start b");
    await fleet.done("start a");
    expect([fleet.begun, fleet.phases]).toEqual([["start a"], { a: "up", b: "up" }]);
    expect(fleet.context.successors).toEqual([]);
  });

  it("is added once its predecessor is gone", async () => {
    const fleet = await up("a", "b");
    await fleet.replace("b");
    await fleet.remove("a");
    await fleet.add("a");
    expect(fleet.begun).toEqual(["leave b for good", "leave a for good"]);
    expect(fleet.context.successors).toEqual(["b", "a"]);
    await fleet.done("leave a for good");
    expect([fleet.begun, fleet.context.successors]).toEqual([["start a"], ["b"]]);
    await fleet.clock.pass(10_000);
    expect(fleet.phases).toEqual({ a: "down", b: "leaving" });
  });

  it("that is removed after all has no successor, which is nothing to others", async () => {
    const fleet = await up("a", "b");
    await fleet.replace("a");
    await fleet.replace("b");
    await fleet.remove("a");
    expect(fleet.context.successors).toEqual(["b"]);
    await fleet.done("leave a for good");
    await fleet.done("leave b for good");
    expect(fleet.phases).toEqual({ b: "starting" });
  });

  it.each(["x", "toString", "__proto__"])("that is not there, like %s, is nobody", async (name) => {
    const fleet = await up("a");
    await fleet.tell(name, "failed");
    await fleet.retry(name);
    await fleet.replace(name);
    await fleet.remove(name);
    await fleet.send({ type: "member.moved", name, phase: "up" });
    expect(fleet.begun).toEqual([]);
    expect(fleet.context).toMatchObject({ phases: { a: "up" }, successors: [] });
    expect(Object.keys(fleet.phases)).toEqual(["a"]);
  });
});
