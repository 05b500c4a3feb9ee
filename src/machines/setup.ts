import { assign, cancel, fromPromise, raise, setup } from "xstate";
import { clampDelay } from "./backoff.js";
import type { ConnectionEffects } from "./effects.js";
import type { Failure } from "./failure.js";
import * as reduce from "./reducers.js";

/** The events of a connection. Commands are verbs, facts are in the past tense. */
export type ConnectionMachineEvent =
  | { type: "connect" }
  | { type: "disconnect" }
  | { type: "close" }
  | { type: "retry.now" }
  | { type: "demand" }
  | { type: "demand.withdrawn" }
  | { type: "lease.acquired" }
  | { type: "lease.released" }
  | { type: "wire.doubted"; epoch: number }
  | { type: "credential.refused"; epoch: number }
  | { type: "wire.lost"; epoch: number; failure: Failure }
  | { type: "idle.elapsed" };

export type EventType = ConnectionMachineEvent["type"];

/** The input of each invoked effect. */
export const effectInput = ({ context: { epoch, effects } }: { context: reduce.ConnectionContext }) => ({
  epoch,
  effects,
});

const effect = (name: keyof ConnectionEffects) =>
  fromPromise<void, ReturnType<typeof effectInput>>(({ input, signal }) =>
    input.effects[name](input.epoch, signal),
  );

const failureOf = (event: unknown): Failure => {
  const { error, failure } = event as { error?: Failure; failure?: Failure };
  return failure ?? error ?? { code: "CONNECT_FAILED", message: "the attempt failed" };
};
const timeoutOf = (context: reduce.ConnectionContext): Failure => ({
  code: "CONNECT_TIMEOUT",
  message: `not ready within ${context.policy.connectTimeoutMs} ms`,
});
const unanswered: Failure = { code: "CONNECTION_LOST", message: "the server did not answer a probe" };
const nobodyOf = (context: reduce.ConnectionContext): Failure => ({
  code: "AUTH_REQUIRED",
  message: `nobody signed in within ${Math.round(context.policy.authorizeTimeoutMs / 1000)} s`,
  hint: "Connect again to be asked again",
  fatal: true,
});
const retriable = (context: reduce.ConnectionContext, failure: Failure) =>
  reduce.judge(context, failure) === "retry";

/** The named guards, actions, delays and effects that the chart in `connection.ts` is made of. */
export const parts = setup({
  types: {} as {
    context: reduce.ConnectionContext;
    events: ConnectionMachineEvent;
    input: reduce.ConnectionInput;
  },
  actors: {
    open: effect("open"),
    probe: effect("probe"),
    authorize: effect("authorize"),
    dispose: effect("dispose"),
  },
  delays: {
    connectTimeout: ({ context }) => clampDelay(context.policy.connectTimeoutMs),
    closeTimeout: ({ context }) => clampDelay(context.policy.closeTimeoutMs),
    authorizeTimeout: ({ context }) => clampDelay(context.policy.authorizeTimeoutMs),
    probeTimeout: ({ context }) => clampDelay(context.policy.probeTimeoutMs),
    stableAfter: ({ context }) => clampDelay(context.policy.stableAfterMs),
    untilRetry: ({ context }) => clampDelay((context.nextRetryAt ?? 0) - context.now()),
    idleTimeout: ({ context }) => clampDelay(context.policy.idleTimeoutMs),
  },
  guards: {
    needed: ({ context }) => reduce.needed(context),
    unneeded: ({ context }) => !reduce.needed(context),
    lastDemand: ({ context }) => reduce.lastDemand(context),
    lastLease: ({ context }) => reduce.lastLease(context),
    lastUnkept: ({ context }) => reduce.lastLease(context) && !context.policy.keepAlive,
    idles: ({ context }) => reduce.lastLease(context) && Number.isFinite(context.policy.idleTimeoutMs),
    ours: ({ context, event }) => "epoch" in event && event.epoch === context.epoch,
    retries: ({ context, event }) => retriable(context, failureOf(event)),
    authorizes: ({ context, event }) => reduce.authorizes(context, failureOf(event)),
    retriesTimeout: ({ context }) => retriable(context, timeoutOf(context)),
    retriesUnanswered: ({ context }) => retriable(context, unanswered),
    forGood: ({ context }) => context.leaving !== "idle",
    reopens: ({ context }) => context.reopen,
  },
  actions: {
    pin: assign(() => reduce.pin()),
    demand: assign(() => reduce.demand()),
    undemand: assign(({ context }) => reduce.undemand(context)),
    acquire: assign(({ context }) => reduce.acquire(context)),
    release: assign(({ context }) => reduce.release(context)),
    reopen: assign(({ context }) => reduce.reopen(context)),
    releaseLeaving: assign(({ context }) => reduce.releaseLeaving(context)),
    leave: assign(() => reduce.leave()),
    letGo: assign(() => reduce.letGo()),
    letGoAgain: assign(({ context }) => reduce.letGoAgain(context)),
    closeForGood: assign(() => reduce.closeForGood()),
    beginAttempt: assign(({ context }) => reduce.beginAttempt(context)),
    opened: assign(() => reduce.opened()),
    stable: assign(() => reduce.stable()),
    failed: assign(({ context, event }) => reduce.failed(context, failureOf(event))),
    failedTimeout: assign(({ context }) => reduce.failed(context, timeoutOf(context))),
    failedUnanswered: assign(({ context }) => reduce.failed(context, unanswered)),
    unauthorized: assign(({ context, event }) => reduce.unauthorized(context, failureOf(event))),
    failedNobody: assign(({ context }) => reduce.failed(context, nobodyOf(context))),
    noteNobody: assign(({ context }) => reduce.lostUnneeded(nobodyOf(context))),
    noteLoss: assign(({ event }) => reduce.lostUnneeded(failureOf(event))),
    noteUnanswered: assign(() => reduce.lostUnneeded(unanswered)),
    startIdling: raise({ type: "idle.elapsed" }, { delay: "idleTimeout", id: "idle" }),
    stopIdling: cancel("idle"),
  },
});
