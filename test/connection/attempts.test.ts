import { describe, expect, it } from "vitest";
import { ManualClock } from "../support/manual-clock.js";
import { type Fate, ScriptedTransport, World } from "../support/scripted-transport.js";
import { quiet, until } from "../support/settling.js";

const CLOSE_MS = 5_000;

/** A transport whose first server is lost, and whose wire to it never ends; each step is done at once. */
async function waiting() {
  const clock = new ManualClock();
  const world = new World();
  const scheduler = { schedule: <T>(step: Promise<T>) => step };
  const fates: Fate[] = [{ start: "opens", dropAfter: 2, closeHangs: true }];
  const transport = new ScriptedTransport(scheduler, clock, world, { fates, reconnect: {}, keepAlive: true });
  const session = await transport.connectSession();
  await session.ping();
  await until(() => transport.status.state === "connecting");
  clock.advance(0);
  await quiet();
  return { clock, world, transport };
}

describe("an attempt that waits for a wire that hangs on close", () => {
  it("leaves no timer when it is given up: closing has a deadline of its own", async () => {
    const { clock, transport } = await waiting();
    const closing = transport.close();
    await quiet();
    // Only the deadline of closing is left.
    expect(clock.waits).toEqual([CLOSE_MS]);
    clock.advance(CLOSE_MS);
    await closing;
    expect(clock.waits).toEqual([]);
  });

  it("goes on after a while", async () => {
    const { clock, world, transport } = await waiting();
    expect(transport.status).toMatchObject({ state: "connecting", epoch: 2 });
    clock.advance(CLOSE_MS);
    await until(() => transport.status.state === "connected");
    expect(world.overlaps).toBe(0);
    await transport.close();
  });
});
