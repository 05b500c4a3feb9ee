import { fromPromise, sendParent, setup } from "xstate";
import { clampDelay } from "./backoff.js";

/**
 * The phase of a member. `queued`: it waits for a slot. `starting`: it makes its first attempt. `up`, `down`, `failed`: as its
 * connection is. `leaving`: it is being let go.
 */
export type MemberPhase = "queued" | "starting" | "up" | "down" | "failed" | "leaving";

/** How the connection of a member is, reported by whoever watches it. */
export type MemberFact = "up" | "down" | "failed";

export interface MemberInput {
  name: string;
  startTimeoutMs: number;
}

type MemberEvent =
  | { type: "slot.granted" }
  | { type: "fact"; fact: MemberFact }
  | { type: "retry" }
  | { type: "leave"; forGood: boolean };

const unprovided = fromPromise<void, { name: string; forGood: boolean }>(() => new Promise(() => {}));

const byFact = [
  { guard: { type: "is", params: { fact: "up" } }, target: "up" },
  { guard: { type: "is", params: { fact: "failed" } }, target: "failed" },
  { guard: { type: "is", params: { fact: "down" } }, target: "down" },
] as const;

/**
 * The statechart of one server in a fleet. It holds a slot for its first attempt only, and for `startTimeoutMs` at most, so that a
 * server that hangs does not keep others waiting. It knows nothing of other members.
 */
export const memberMachine = setup({
  types: {} as { context: MemberInput; input: MemberInput; events: MemberEvent },
  actors: { start: unprovided, leave: unprovided },
  delays: { startTimeout: ({ context }) => clampDelay(context.startTimeoutMs) },
  actions: {
    report: sendParent(({ context }, phase: MemberPhase) => ({
      type: "member.moved",
      name: context.name,
      phase,
    })),
  },
  guards: {
    is: ({ event }, params: { fact: MemberFact }) => event.type === "fact" && event.fact === params.fact,
  },
}).createMachine({
  id: "member",
  context: ({ input }) => input,
  initial: "queued",
  states: {
    queued: {
      // Entering this phase is not reported, because the fleet itself sets it.
      // Race: the fleet may grant a slot before a report of `queued` arrives, which would then undo `starting`.
      on: { "slot.granted": "starting", leave: "leaving" },
    },
    starting: {
      // Entering this phase is not reported either: the fleet sets it when it grants the slot.
      invoke: {
        src: "start",
        input: ({ context }) => ({ name: context.name, forGood: false }),
        onDone: "up",
        onError: "down",
      },
      after: { startTimeout: "down" },
      on: { fact: byFact, leave: "leaving" },
    },
    up: { entry: { type: "report", params: "up" }, on: { fact: byFact, leave: "leaving" } },
    down: { entry: { type: "report", params: "down" }, on: { fact: byFact, leave: "leaving" } },
    failed: {
      entry: { type: "report", params: "failed" },
      on: {
        fact: byFact[0],
        retry: { target: "queued", actions: { type: "report", params: "queued" } },
        leave: "leaving",
      },
    },
    leaving: {
      entry: { type: "report", params: "leaving" },
      invoke: {
        src: "leave",
        input: ({ context, event }) => ({
          name: context.name,
          forGood: event.type === "leave" && event.forGood,
        }),
        onDone: "gone",
        onError: "gone",
      },
    },
    gone: { type: "final" },
  },
});
