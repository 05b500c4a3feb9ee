import { expect } from "vitest";
import { createActor } from "xstate";
import { causeOf } from "../../src/machines/causes.js";
import { connectionMachine } from "../../src/machines/connection.js";
import type { ConnectionEffects } from "../../src/machines/effects.js";
import type { Failure } from "../../src/machines/failure.js";
import type { ConnectionContext, ConnectionPolicy } from "../../src/machines/reducers.js";
import type { ConnectionMachineEvent } from "../../src/machines/setup.js";
import { Gates, HandClock, settled } from "../support/by-hand.js";
import { POLICY } from "./policy.js";

/** The machine with effects and a clock that are driven by hand. */
export class Rig {
  readonly gates = new Gates();
  readonly clock = new HandClock();
  /** Why it moved, each time. */
  readonly causes: string[] = [];
  readonly #actor;
  #path = "idle";

  constructor(policy: Partial<ConnectionPolicy> = {}) {
    const { gates, clock } = this;
    const effects: ConnectionEffects = {
      open: (epoch, signal) => gates.begin(`open ${epoch}`, signal),
      probe: (epoch, signal) => gates.begin(`probe ${epoch}`, signal),
      authorize: (epoch, signal) => gates.begin(`authorize ${epoch}`, signal),
      dispose: (epoch) => gates.begin(`dispose ${epoch}`),
    };
    const input = { policy: { ...POLICY, ...policy }, epoch: 0, now: clock.now, random: () => 0.5, effects };
    this.#actor = createActor(connectionMachine, {
      input,
      clock,
      inspect: (event) => {
        if (event.type !== "@xstate.snapshot" || event.actorRef !== this.#actor || this.state === this.#path)
          return;
        this.#path = this.state;
        this.causes.push(causeOf(event.event.type));
      },
    });
    this.#actor.start();
  }

  get context(): ConnectionContext {
    return this.#actor.getSnapshot().context;
  }
  /** State and detail as one word. */
  get state(): string {
    const { value } = this.#actor.getSnapshot();
    return typeof value === "string" ? value : Object.entries(value).flat().join(".");
  }
  send(event: ConnectionMachineEvent): void {
    this.#actor.send(event);
  }
}

export type Step = (rig: Rig) => unknown;
export const refused: Failure = { code: "CONNECT_FAILED", message: "refused" };
export const fatal: Failure = { code: "SPAWN_FAILED", message: "no such command", fatal: true };
export const gone: Failure = { code: "CONNECTION_LOST", message: "the server went away" };

const say =
  (
    type: Exclude<ConnectionMachineEvent["type"], "wire.lost" | "wire.doubted" | "credential.refused">,
  ): Step =>
  (rig) =>
    rig.send({ type });
export const connect = say("connect");
export const demand = say("demand");
export const withdraw = say("demand.withdrawn");
export const acquire = say("lease.acquired");
export const release = say("lease.released");
export const disconnect = say("disconnect");
export const close = say("close");
export const retryNow = say("retry.now");
export const idleElapsed = say("idle.elapsed");
/** What is told of the wire of this epoch, or of one before it. */
export const lost =
  (failure = gone, ago = 0): Step =>
  (rig) =>
    rig.send({ type: "wire.lost", epoch: rig.context.epoch - ago, failure });
/** The server of this epoch wants another credential. */
export const refusedCredential =
  (ago = 0): Step =>
  (rig) =>
    rig.send({ type: "credential.refused", epoch: rig.context.epoch - ago });
export const doubted =
  (ago = 0): Step =>
  (rig) =>
    rig.send({ type: "wire.doubted", epoch: rig.context.epoch - ago });
/** An effect of this epoch ends. */
export const succeeds =
  (what: string): Step =>
  (rig) =>
    rig.gates.succeed(`${what} ${rig.context.epoch}`);
export const fails =
  (what: string, failure?: Failure): Step =>
  (rig) =>
    rig.gates.fail(`${what} ${rig.context.epoch}`, failure);
export const pass =
  (ms: number): Step =>
  (rig) =>
    rig.clock.pass(ms);

export const opens = succeeds("open");
export const refuses = fails("open", refused);
export const disposed = succeeds("dispose");
/** Up, with one session. */
export const held = [acquire, opens];
/** A server that was never reached is tried again. */
export const INITIAL = { initial: true };

export async function play(steps: readonly Step[], policy?: Partial<ConnectionPolicy>): Promise<Rig> {
  const rig = new Rig(policy);
  for (const step of steps) {
    await step(rig);
    await settled();
  }
  return rig;
}

/** A sentence, the steps of it, where they lead, and under which policy. */
export type Case = [
  what: string,
  steps: readonly Step[],
  state: string,
  context?: Partial<ConnectionContext>,
  policy?: Partial<ConnectionPolicy>,
];

export const leads: (...c: Case) => Promise<void> = async (
  _what,
  steps,
  state,
  context = {},
  policy = {},
) => {
  const rig = await play(steps, policy);
  expect(rig.state).toBe(state);
  expect(rig.context).toMatchObject(context);
};
