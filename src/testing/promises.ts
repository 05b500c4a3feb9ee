import { ProtocolError } from "@modelcontextprotocol/client";
import { invalid } from "../base/check.js";
import { isHoldfastError, messageOf } from "../base/errors.js";
import { edges } from "../machines/edges.js";
import { isTimeout } from "./asking.js";
import type { FaultKind } from "./faults.js";
import { judgeBackoff, overlaps, SLACK_MS, UNTESTED } from "./judges.js";
import { isAlive } from "./kill.js";
import { endedWrites, type RunRecord, unsafeWrites } from "./record.js";
import { type LifecycleScript, STEPS, type Step } from "./script.js";

/** One thing that a connection promises, whatever happens. */
export interface LifecyclePromise {
  id: string;
  /** As a sentence. */
  text: string;
  /** Stories that put it to the test; they run before those that chance makes. */
  examples: LifecycleScript[];
  /** What broke it in a run, in words; undefined: it was kept; `untested`: the run had no occasion to break it. */
  judge(record: RunRecord): string | undefined | typeof UNTESTED;
}

const story = (
  text: string,
  attempts: LifecycleScript["attempts"] = [],
  { beside = false } = {},
): LifecycleScript => ({ attempts, steps: text.split(" ").map(stepOf), beside });

function stepOf(word: string): Step {
  const step = STEPS.find((known) => known === word);
  if (!step) throw new Error(`${word} is no step of a story`);
  return step;
}
const out = (kind: FaultKind, method: string) => ({ kind, direction: "out" as const, nth: 0, method });
const into = (kind: FaultKind, method: string) => ({ kind, direction: "in" as const, nth: 0, method });

/** After these nobody can know that an answer will not come, and a call may wait until its deadline. */
const SILENT = new Set<FaultKind>(["drop", "delay", "reorder", "truncate", "corrupt", "stall", "half-open"]);

/** What holdfast promises of every connection: the ten invariants of its design in their order, and that it comes back. */
export const PROMISES: readonly LifecyclePromise[] = [
  {
    id: "one-wire",
    text: "at most one wire is open, and one that opens late is closed once and never used",
    examples: [
      story("connect disconnect settle session read settle", [{ opens: "late" }]),
      story("session kill read settle kill read settle"),
    ],
    judge: ({ wires, settings }) => {
      for (const wire of wires) {
        const other = wires.find(
          (next) => next !== wire && overlaps(wire, next, settings.options.closeTimeoutMs),
        );
        if (other) return `the wires of epochs ${wire.epoch} and ${other.epoch} were open at the same time`;
        if (wire.endedAt === undefined && wire.closes === 0)
          return `the wire of epoch ${wire.epoch} was never closed`;
        if (wire.closes > 1) return `the wire of epoch ${wire.epoch} was closed ${wire.closes} times`;
      }
      return wires.length === 0 ? UNTESTED : undefined;
    },
  },
  {
    id: "scope",
    text: "a session works only between its opening and its end",
    examples: [story("session session read settle end end settle"), story("session read close settle")],
    judge: ({ calls, wires }) => {
      const [written] = endedWrites(wires).keys();
      if (written) return "a call of an ended session was written to a wire";
      const ended = calls.filter((call) => call.ended);
      for (const { error, settledAt, name } of ended) {
        if (settledAt === undefined) return `${name}: a call of an ended session never settled`;
        if (!isHoldfastError(error, "SESSION_CLOSED") && !isHoldfastError(error, "TRANSPORT_CLOSED"))
          return `${name}: a call of an ended session ${error ? `rejected with ${String(error)}` : "was answered"}`;
      }
      return ended.length === 0 ? UNTESTED : undefined;
    },
  },
  {
    id: "settles",
    text: "each call settles once, at its deadline at the latest, and at once when its wire is lost",
    examples: [
      story("session unsafe settle read settle", [{ faults: [out("kill", "tools/call")] }]),
      story("session read settle read settle", [{ faults: [into("kill", "tools/list")] }]),
      story("session unsafe read disconnect settle"),
    ],
    judge: ({ calls, script, settings }) => {
      const silent = script.attempts.some(
        ({ opens, closeHangs, faults = [] }) =>
          opens ||
          closeHangs ||
          faults.some(({ kind, direction }) => SILENT.has(kind) || (kind === "refuse" && direction === "in")),
      );
      for (const { name, step, startedAt, settledAt, error, ended } of calls) {
        if (ended) continue;
        if (settledAt === undefined) return `${name} never settled`;
        const isCall = step === "read" || step === "call" || step === "unsafe";
        const late = settledAt - startedAt - settings.callMs;
        if (isCall && late > SLACK_MS) return `${name} settled ${late} ms after its deadline`;
        if (isCall && !silent && isTimeout(error))
          return `${name} had no answer within ${settings.callMs} ms, though no fault kept it back`;
      }
      return calls.length === 0 ? UNTESTED : undefined;
    },
  },
  {
    id: "no-repeat",
    text: "a call that is not safe to repeat is written to a wire at most once",
    examples: [
      story("session unsafe settle read settle", [{ faults: [out("kill", "tools/call")] }]),
      story("session unsafe kill settle unsafe kill settle"),
    ],
    judge: ({ wires }) => {
      const written = unsafeWrites(wires);
      for (const [, count] of written) if (count > 1) return `an unsafe call was written ${count} times`;
      return written.size === 0 ? UNTESTED : undefined;
    },
  },
  {
    id: "nothing-left",
    text: "after its end no process, socket or timer is left",
    examples: [story("session read unsafe kill read settle"), story("session read settle end")],
    judge: ({ left, pids, state }) => {
      if (state !== "closed") return `it is ${state} after close()`;
      if (left.length > 0) return `left behind: ${left.slice(0, 3).join("; ")}`;
      const alive = [...pids].filter(isAlive);
      return alive.length > 0 ? `a process is still running: ${alive.join(", ")}` : undefined;
    },
  },
  {
    id: "backoff",
    text: "delays stay in bounds, and failures are forgotten only after a connection that held",
    examples: [
      story("session kill settle retry read settle kill retry read settle kill retry read settle"),
      story("session kill read settle rest kill read settle"),
    ],
    judge: judgeBackoff,
  },
  {
    id: "closing-ends",
    text: "a disconnect or close ends within its deadline, even when the wire hangs",
    examples: [
      story("session read settle close", [{ closeHangs: true }]),
      story("connect disconnect settle"),
    ],
    judge: ({ events, closeMs, settings, calls }) => {
      const { closeTimeoutMs } = settings.options;
      let since: number | undefined;
      let seen = false;
      for (const event of events) {
        if (event.type !== "transition") continue;
        if (since !== undefined && event.at - since > closeTimeoutMs + SLACK_MS)
          return `disconnecting took ${event.at - since} ms; its deadline is ${closeTimeoutMs} ms`;
        since = event.to === "disconnecting" ? event.at : undefined;
        seen ||= event.to === "disconnecting";
      }
      if (since !== undefined) return "disconnecting never ended";
      // A close may find an attempt that itself waits for an old wire.
      if (closeMs > 2 * closeTimeoutMs + SLACK_MS) return `close() took ${Math.round(closeMs)} ms`;
      const hung = calls.find(({ step, settledAt }) => step === "close" && settledAt === undefined);
      if (hung) return `${hung.name} never settled`;
      return seen ? undefined : UNTESTED;
    },
  },
  {
    id: "epochs",
    text: "nothing of one epoch reaches the next",
    examples: [story("session read kill read settle read settle kill read settle")],
    judge: ({ zombies, wires }) => {
      if (zombies.length > 0) return zombies[0];
      const late = wires.find(({ sentLate }) => sentLate.length > 0);
      if (late) return `something was written to the wire of epoch ${late.epoch} after its end`;
      return wires.length > 1 ? undefined : UNTESTED;
    },
  },
  {
    id: "edges",
    text: "only edges of the chart are taken, observers see them in order, and nothing after the end",
    examples: [story("connect disconnect settle session read kill read settle close")],
    judge: ({ events, eventsAfterClose }) => {
      let last = "idle";
      for (const event of events) {
        if (event.type !== "transition" || eventsAfterClose.includes(event)) continue;
        // A transport that was closed begins anew with another actor.
        const from = last === "closed" ? "idle" : last;
        if (event.from !== from) return `${event.from} -> ${event.to} was seen after ${last}`;
        if (!edges.has(`${event.from} -> ${event.to}`))
          return `${event.from} -> ${event.to} is no edge of the chart`;
        last = event.to;
      }
      if (eventsAfterClose.length > 0)
        return `after close() observers still heard: ${eventsAfterClose[0]!.type}`;
      return last === "idle" ? UNTESTED : undefined;
    },
  },
  {
    id: "siblings",
    text: "what happens to one connection changes no other",
    examples: [story("session read settle kill read settle", [], { beside: true })],
    judge: ({ beside }) => {
      for (const { name, before, after, events, error } of beside) {
        if (error) return `${name}, beside it, failed: ${String(error)}`;
        if (after !== before || events.length > 0)
          return `${name}, beside it, took part: ${events.join(", ")}`;
      }
      return beside.length === 0 ? UNTESTED : undefined;
    },
  },
  {
    id: "recovers",
    text: "after a crash the server is reached again, and calls that may be repeated are answered",
    examples: [
      story("session read settle kill read settle read settle"),
      story("session read kill settle read kill settle read settle"),
    ],
    judge: ({ calls, script }) => {
      const { attempts, steps } = script;
      const onlyCrashes = attempts.every((attempt) => Object.keys(attempt).length === 0);
      if (!onlyCrashes || !steps.includes("kill") || steps.some((step) => ENDS.has(step))) return UNTESTED;
      for (const { name, step, error, ended } of calls) {
        if (ended || (step !== "read" && step !== "session")) continue;
        // The server's own answer, though it is no.
        if (error && !(error instanceof ProtocolError)) return `${name} failed: ${messageOf(error)}`;
      }
      return undefined;
    },
  },
];

/**
 * Those with these ids, or all.
 * @throws HoldfastError `CONFIG_INVALID` for an id that is none
 */
export function promisesOf(only: readonly string[] | undefined): readonly LifecyclePromise[] {
  if (!only) return PROMISES;
  const known = PROMISES.map(({ id }) => id);
  const unknown = only.find((id) => !known.includes(id));
  if (unknown !== undefined)
    throw invalid("only", `there is no promise ${JSON.stringify(unknown)}; there are: ${known.join(", ")}`);
  return PROMISES.filter(({ id }) => only.includes(id));
}

/** After these nobody has to be answered any more. */
const ENDS = new Set<Step>(["end", "disconnect", "close"]);
