import { assign, enqueueActions, fromPromise, setup } from "xstate";
import { clampDelay } from "./backoff.js";
import type { FleetHealth } from "./fleet-health.js";
import { type MemberFact, type MemberPhase, memberMachine } from "./member.js";

/** A member that is let go. */
export interface Leaving {
  name: string;
  /** It is not configured any more, so its connection is closed, too. */
  forGood: boolean;
}

/** What the machine makes a fleet do. Each effect is a plain async function. */
export interface FleetEffects {
  /** Makes the first attempt to reach a server, and settles with it. Later changes come as `server.reported` events. */
  start(name: string, signal: AbortSignal): Promise<void>;
  /** Lets a server go. */
  leave(member: Leaving): Promise<void>;
}

/** What a fleet is made with. Times in milliseconds. */
export interface FleetInput {
  /** How many first attempts may run at the same time. */
  maxStarts: number;
  /** For how long one first attempt may hold its slot. */
  startTimeoutMs: number;
  closeTimeoutMs: number;
}

export interface FleetContext extends FleetInput {
  /** The phase of each member, in the order in which they were added. */
  phases: Record<string, MemberPhase>;
  /** The members whose first attempt is over, whether it succeeded or not. */
  settled: Record<string, true>;
  /** Servers that are added again once their old member is gone. */
  successors: readonly string[];
}

export type FleetEvent =
  | { type: "servers.added"; names: readonly string[] }
  | { type: "server.removed"; name: string }
  | { type: "server.replaced"; name: string }
  | { type: "server.reported"; name: string; fact: MemberFact }
  | { type: "retry"; name: string }
  | { type: "member.moved"; name: string; phase: MemberPhase }
  | { type: "close" };

export function healthOf({ phases, settled }: Pick<FleetContext, "phases" | "settled">): FleetHealth {
  const all = Object.entries(phases).filter(([, phase]) => phase !== "leaving");
  const up = all.filter(([, phase]) => phase === "up").length;
  if (all.length === 0) return "closed";
  if (all.some(([name]) => !Object.hasOwn(settled, name))) return "starting";
  return up === all.length ? "ready" : up > 0 ? "degraded" : "down";
}

const idOf = (name: string) => `server:${name}`;
/** The name of the member that an internal event of XState is about. */
const nameOf = (event: unknown) => (event as { actorId: string }).actorId.slice(idOf("").length);

const parts = setup({
  types: {} as { context: FleetContext; input: FleetInput; events: FleetEvent },
  actors: { member: memberMachine },
  delays: { closeTimeout: ({ context }) => clampDelay(context.closeTimeoutMs) },
  guards: { empty: ({ context }) => Object.keys(context.phases).length === 0 },
  actions: {
    /** Adds all in one step: one by one would copy the context for each, at a cost that grows with the square. */
    add: assign(({ context, spawn }, names: readonly string[]) => {
      const phases = { ...context.phases };
      const successors = new Set(context.successors);
      for (const name of names) {
        if (Object.hasOwn(phases, name)) {
          // Its old member is still leaving, so the new one has to wait.
          if (phases[name] === "leaving") successors.add(name);
          continue;
        }
        phases[name] = "queued";
        const { startTimeoutMs } = context;
        spawn("member", { id: idOf(name), systemId: idOf(name), input: { name, startTimeoutMs } });
      }
      return { phases, successors: [...successors] };
    }),
    note: assign(({ context, event }) => {
      if (event.type !== "member.moved" || !Object.hasOwn(context.phases, event.name)) return {};
      const { name, phase } = event;
      const first = phase === "up" || phase === "down" || phase === "failed";
      return {
        phases: { ...context.phases, [name]: phase },
        ...(first &&
          !Object.hasOwn(context.settled, name) && {
            settled: { ...context.settled, [name]: true as const },
          }),
      };
    }),
    forget: assign(({ context }, name: string) => {
      const { [name]: _, ...phases } = context.phases;
      const { [name]: __, ...settled } = context.settled;
      return { phases, settled };
    }),
    /** Gives free slots to queued members, in their order. */
    grant: enqueueActions(({ context, enqueue }) => {
      const phases = { ...context.phases };
      let free = context.maxStarts - Object.values(phases).filter((phase) => phase === "starting").length;
      for (const [name, phase] of Object.entries(phases)) {
        if (phase !== "queued" || free-- <= 0) continue;
        phases[name] = "starting";
        enqueue.sendTo(idOf(name), { type: "slot.granted" });
      }
      enqueue.assign({ phases });
    }),
    /** A member is gone. If the same server was added again meanwhile, its new member begins now. */
    succeed: enqueueActions(({ context, enqueue }, name: string) => {
      enqueue.stopChild(idOf(name));
      if (!context.successors.includes(name)) return;
      const { startTimeoutMs } = context;
      enqueue.spawnChild("member", { id: idOf(name), systemId: idOf(name), input: { name, startTimeoutMs } });
      enqueue.assign({
        phases: { ...context.phases, [name]: "queued" },
        successors: context.successors.filter((other) => other !== name),
      });
    }),
    dismiss: enqueueActions(({ context, enqueue }, { name, forGood }: Leaving) => {
      if (Object.hasOwn(context.phases, name)) enqueue.sendTo(idOf(name), { type: "leave", forGood });
    }),
  },
});

const chart = parts.createMachine({
  id: "fleet",
  context: ({ input }) => ({ ...input, phases: {}, settled: {}, successors: [] }),
  initial: "open",
  states: {
    open: {
      on: {
        "servers.added": {
          actions: [{ type: "add", params: ({ event }) => event.names }, "grant"],
        },
        "server.removed": {
          actions: [
            assign(({ context, event }) => ({
              successors: context.successors.filter((name) => name !== event.name),
            })),
            { type: "dismiss", params: ({ event }) => ({ name: event.name, forGood: true }) },
          ],
        },
        "server.replaced": {
          actions: [
            assign(({ context, event }) => ({
              successors: Object.hasOwn(context.phases, event.name)
                ? [...new Set([...context.successors, event.name])]
                : context.successors,
            })),
            { type: "dismiss", params: ({ event }) => ({ name: event.name, forGood: true }) },
          ],
        },
        "server.reported": {
          actions: enqueueActions(({ context, event, enqueue }) => {
            if (Object.hasOwn(context.phases, event.name))
              enqueue.sendTo(idOf(event.name), { type: "fact", fact: event.fact });
          }),
        },
        retry: {
          actions: enqueueActions(({ context, event, enqueue }) => {
            if (Object.hasOwn(context.phases, event.name))
              enqueue.sendTo(idOf(event.name), { type: "retry" });
          }),
        },
        "member.moved": { actions: ["note", "grant"] },
        "xstate.done.actor.*": {
          actions: [
            { type: "forget", params: ({ event }: { event: unknown }) => nameOf(event) },
            { type: "succeed", params: ({ event }: { event: unknown }) => nameOf(event) },
            "grant",
          ],
        },
        close: "closing",
      },
    },
    closing: {
      entry: enqueueActions(({ context, enqueue }) => {
        for (const name of Object.keys(context.phases))
          enqueue.sendTo(idOf(name), { type: "leave", forGood: false });
      }),
      always: { guard: "empty", target: "closed" },
      after: { closeTimeout: "closed" },
      on: {
        "member.moved": { actions: "note" },
        "xstate.done.actor.*": {
          actions: { type: "forget", params: ({ event }: { event: unknown }) => nameOf(event) },
        },
      },
    },
    closed: { type: "final" },
  },
});

/** The statechart of a fleet with its effects. It spawns one child actor for each configured server. */
export function fleetMachine(effects: FleetEffects) {
  return chart.provide({
    actors: {
      member: memberMachine.provide({
        actors: {
          start: fromPromise<void, Leaving>(({ input, signal }) => effects.start(input.name, signal)),
          leave: fromPromise<void, Leaving>(({ input }) => effects.leave(input)),
        },
      }),
    },
  });
}
