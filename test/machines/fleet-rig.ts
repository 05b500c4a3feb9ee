import { expect } from "vitest";
import { createActor } from "xstate";
import { type FleetContext, type FleetEvent, fleetMachine, healthOf } from "../../src/machines/fleet.js";
import type { MemberFact } from "../../src/machines/member.js";
import { Gates, HandClock, settled } from "../support/by-hand.js";

/** The fleet with effects and a clock that are driven by hand. */
export class Fleet {
  readonly gates = new Gates();
  readonly clock = new HandClock();
  readonly #actor;

  constructor(maxStarts = 9) {
    const { gates, clock } = this;
    const machine = fleetMachine({
      start: (name, signal) => gates.begin(`start ${name}`, signal),
      leave: ({ name, forGood }) => gates.begin(`leave ${name}${forGood ? " for good" : ""}`),
    });
    const input = { maxStarts, startTimeoutMs: 10_000, closeTimeoutMs: 4_000 };
    this.#actor = createActor(machine, { input, clock });
    this.#actor.start();
  }

  get context(): FleetContext {
    return this.#actor.getSnapshot().context;
  }
  get phases() {
    return this.context.phases;
  }
  get health() {
    return healthOf(this.context);
  }
  /** What was begun since this was last asked. */
  get begun(): string[] {
    return this.gates.begun.splice(0);
  }
  get ended(): boolean {
    return this.#actor.getSnapshot().status === "done";
  }

  async send(event: FleetEvent): Promise<void> {
    this.#actor.send(event);
    await settled();
  }
  add = (...names: string[]) => this.send({ type: "servers.added", names });
  remove = (name: string) => this.send({ type: "server.removed", name });
  replace = (name: string) => this.send({ type: "server.replaced", name });
  retry = (name: string) => this.send({ type: "retry", name });
  tell = (name: string, fact: MemberFact) => this.send({ type: "server.reported", name, fact });
  close = () => this.send({ type: "close" });
  done = (what: string) => this.gates.succeed(what);
  fail = (what: string) => this.gates.fail(what, new Error("it went wrong"));
}

/** A fleet whose servers are all up. */
export async function up(...names: string[]): Promise<Fleet> {
  const fleet = new Fleet();
  await fleet.add(...names);
  for (const name of names) await fleet.done(`start ${name}`);
  expect(fleet.begun).toEqual(names.map((name) => `start ${name}`));
  return fleet;
}
