import { fromPromise, sendParent, setup } from "xstate";
import { clampDelay } from "./backoff.js";

/** Where a member of a fleet is: it waits for its turn, makes its first attempt, or is what its connection is. */
export type MemberPhase = "queued" | "starting" | "up" | "down" | "failed" | "leaving";

/** What the connection of a member came to: facts, told by whoever watches it. */
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
 * One server of a fleet. A slot is held for the first attempt only, and no longer than `startTimeoutMs`: a server that
 * hangs keeps nobody waiting. Nothing here knows of a sibling.
 */
export const memberMachine = setup({
  types: {} as { context: MemberInput; input: MemberInput; events: MemberEvent },
  actors: { start: unprovided, leave: unprovided },
  delays: { startTimeout: ({ context }) => clampDelay(context.startTimeoutMs) },
  actions: {
    tell: sendParent(({ context }, phase: MemberPhase) => ({
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
      // Not told on the way in: whoever spawned it knows, and may have granted a slot before that could be heard.
      on: { "slot.granted": "starting", leave: "leaving" },
    },
    starting: {
      // Nor this: whoever granted the slot knows.
      invoke: {
        src: "start",
        input: ({ context }) => ({ name: context.name, forGood: false }),
        onDone: "up",
        onError: "down",
      },
      after: { startTimeout: "down" },
      on: { fact: byFact, leave: "leaving" },
    },
    up: { entry: { type: "tell", params: "up" }, on: { fact: byFact, leave: "leaving" } },
    down: { entry: { type: "tell", params: "down" }, on: { fact: byFact, leave: "leaving" } },
    failed: {
      entry: { type: "tell", params: "failed" },
      on: {
        fact: byFact[0],
        retry: { target: "queued", actions: { type: "tell", params: "queued" } },
        leave: "leaving",
      },
    },
    leaving: {
      entry: { type: "tell", params: "leaving" },
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
