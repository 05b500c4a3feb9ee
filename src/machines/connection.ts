import { and } from "xstate";
import { initialContext } from "./reducers.js";
import { type EventType, effectInput, parts } from "./setup.js";

const ignored = {};

/** Makes the compiler require an entry for every event, so that each state says what it does with each event. */
const total = <const T extends Record<EventType, unknown>>(table: T): T => table;

/** Where `disconnecting` leads. */
const onward = [
  { guard: "forGood", target: "closed" },
  { guard: "reopens", target: "connecting" },
  { target: "idle" },
] as const;

/** Where a connected server leads that did not answer a probe, or accepted no token: to a retry if somebody needs it. */
const lost = [
  { guard: and(["needed", "retries"]), target: "#connection.connecting.waiting", actions: "failed" },
  { guard: "needed", target: "#connection.disconnecting", actions: "failed" },
  { target: "#connection.disconnecting", actions: "noteLoss" },
] as const;

/**
 * The statechart of one connection. `reducers.ts` says how the context changes; `setup.ts` defines the names of guards, actions and
 * delays. Leaving a state aborts the attempt, probe or disposal that it began. All connections share this one machine, because a
 * machine takes 54 kB. Each actor gets its effects as input.
 */
export const connectionMachine = parts.createMachine({
  id: "connection",
  context: ({ input }) => initialContext(input),
  initial: "idle",
  states: {
    idle: {
      on: total({
        connect: { target: "connecting", actions: "pin" },
        demand: { target: "connecting", actions: "demand" },
        "demand.withdrawn": ignored,
        "lease.acquired": { target: "connecting", actions: "acquire" },
        "lease.released": { actions: "release" },
        disconnect: ignored,
        close: { target: "closed", actions: "closeForGood" },
        "retry.now": ignored,
        "wire.doubted": ignored,
        "credential.refused": ignored,
        "wire.lost": ignored,
        "idle.elapsed": ignored,
      }),
    },
    connecting: {
      initial: "opening",
      on: total({
        connect: { actions: "pin" },
        demand: { actions: "demand" },
        "demand.withdrawn": [
          { guard: "lastDemand", target: "disconnecting", actions: ["undemand", "leave"] },
          { actions: "undemand" },
        ],
        "lease.acquired": { actions: "acquire" },
        "lease.released": [
          { guard: "lastLease", target: "disconnecting", actions: ["release", "leave"] },
          { actions: "release" },
        ],
        disconnect: { target: "disconnecting", actions: "letGo" },
        close: { target: "disconnecting", actions: "closeForGood" },
        "retry.now": ignored,
        "wire.doubted": ignored,
        "credential.refused": ignored,
        "wire.lost": ignored,
        "idle.elapsed": ignored,
      }),
      states: {
        opening: {
          entry: "beginAttempt",
          invoke: {
            src: "open",
            id: "open",
            input: effectInput,
            onDone: { target: "#connection.connected", actions: "opened" },
            onError: [
              { guard: "authorizes", target: "authorizing", actions: "unauthorized" },
              { guard: "retries", target: "waiting", actions: "failed" },
              { target: "#connection.disconnecting", actions: "failed" },
            ],
          },
          after: {
            connectTimeout: [
              { guard: "retriesTimeout", target: "waiting", actions: "failedTimeout" },
              { target: "#connection.disconnecting", actions: "failedTimeout" },
            ],
          },
          on: {
            // Race: the wire is lost after the handshake was answered and before the machine has taken that step.
            "wire.lost": [
              { guard: and(["ours", "retries"]), target: "waiting", actions: "failed" },
              { guard: "ours", target: "#connection.disconnecting", actions: "failed" },
            ],
          },
        },
        waiting: {
          after: { untilRetry: "opening" },
          on: { "retry.now": "opening" },
        },
        authorizing: {
          invoke: {
            src: "authorize",
            id: "authorize",
            input: effectInput,
            onDone: "opening",
            onError: [
              { guard: "retries", target: "waiting", actions: "failed" },
              { target: "#connection.disconnecting", actions: "failed" },
            ],
          },
          after: { authorizeTimeout: { target: "#connection.disconnecting", actions: "failedNobody" } },
        },
      },
    },
    connected: {
      initial: "steady",
      exit: "stopIdling",
      after: { stableAfter: { actions: "stable" } },
      on: total({
        connect: { actions: ["pin", "stopIdling"] },
        demand: ignored,
        "demand.withdrawn": ignored,
        "lease.acquired": { actions: ["acquire", "stopIdling"] },
        "lease.released": [
          { guard: "lastUnkept", target: "disconnecting", actions: ["release", "leave"] },
          { guard: "idles", actions: ["release", "startIdling"] },
          { actions: "release" },
        ],
        disconnect: { target: "disconnecting", actions: "letGo" },
        close: { target: "disconnecting", actions: "closeForGood" },
        "retry.now": ignored,
        "wire.doubted": ignored,
        "credential.refused": ignored,
        "wire.lost": [
          { guard: and(["ours", "needed", "retries"]), target: "connecting.waiting", actions: "failed" },
          { guard: and(["ours", "needed"]), target: "disconnecting", actions: "failed" },
          { guard: "ours", target: "disconnecting", actions: "noteLoss" },
        ],
        "idle.elapsed": { guard: "unneeded", target: "disconnecting", actions: "letGo" },
      }),
      states: {
        steady: {
          on: {
            "wire.doubted": { guard: "ours", target: "probing" },
            "credential.refused": { guard: "ours", target: "authorizing" },
          },
        },
        probing: {
          invoke: {
            src: "probe",
            id: "probe",
            input: effectInput,
            onDone: "steady",
            onError: lost,
          },
          after: {
            probeTimeout: [
              {
                guard: and(["needed", "retriesUnanswered"]),
                target: "#connection.connecting.waiting",
                actions: "failedUnanswered",
              },
              { guard: "needed", target: "#connection.disconnecting", actions: "failedUnanswered" },
              { target: "#connection.disconnecting", actions: "noteUnanswered" },
            ],
          },
          // A server that refuses the credential is alive, so the probe is over.
          on: { "credential.refused": { guard: "ours", target: "authorizing" } },
        },
        // A sign-in in mid-session: the wire and the epoch stay.
        authorizing: {
          invoke: {
            src: "authorize",
            id: "authorize",
            input: effectInput,
            onDone: "steady",
            onError: lost,
          },
          after: {
            authorizeTimeout: [
              { guard: "needed", target: "#connection.disconnecting", actions: "failedNobody" },
              { target: "#connection.disconnecting", actions: "noteNobody" },
            ],
          },
          on: {
            // Race: the wire is lost while a person signs in. The sign-in goes on.
            "wire.lost": {
              guard: and(["ours", "needed", "retries"]),
              target: "#connection.connecting.authorizing",
              actions: "failed",
            },
          },
        },
      },
    },
    disconnecting: {
      invoke: {
        src: "dispose",
        id: "dispose",
        input: effectInput,
        onDone: onward,
        onError: onward,
      },
      after: { closeTimeout: onward },
      on: total({
        connect: { actions: ["pin", "reopen"] },
        demand: { actions: ["demand", "reopen"] },
        "demand.withdrawn": { actions: "undemand" },
        "lease.acquired": { actions: ["acquire", "reopen"] },
        "lease.released": { actions: "releaseLeaving" },
        disconnect: { actions: "letGoAgain" },
        close: { actions: "closeForGood" },
        "retry.now": ignored,
        "wire.doubted": ignored,
        "credential.refused": ignored,
        "wire.lost": ignored,
        "idle.elapsed": ignored,
      }),
    },
    closed: { type: "final" },
  },
});
