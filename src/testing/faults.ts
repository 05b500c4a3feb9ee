import { createHash } from "node:crypto";

/** What can be done to a message, or to the wire at that message. */
export const FAULT_KINDS = [
  "drop",
  "delay",
  "duplicate",
  "reorder",
  "truncate",
  "corrupt",
  "stall",
  "half-open",
  "kill",
  "refuse",
] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

/** `out`: from the client to the server. */
export type Direction = "out" | "in";

/** One fault of one wire. It happens once. */
export interface Fault {
  /**
   * `drop`: the message is lost. `delay`: it comes `ms` later. `duplicate`: it comes twice. `reorder`: it comes after the
   * next one, or after 50 ms. `truncate`: half of it comes, which no reader can use. `corrupt`: it comes with another
   * content. `stall`: from here on nothing passes for `ms`, then all of it. `half-open`: nothing passes any more, and
   * nobody is told. `kill`: it passes on its way out, or is lost on its way in, and the wire ends (a process is
   * killed). `refuse`: a request is refused before anything is done; an answer is lost.
   */
  kind: FaultKind;
  direction: Direction;
  /** Which message of this direction, from 0; with `method`, which of those. */
  nth: number;
  /** Only requests and notifications of this method, and answers to it. */
  method?: string;
  /** Of `delay` and `stall`. Default 20. */
  ms?: number;
}

/** A message on its way, as a plan sees it. */
export interface Passing {
  direction: Direction;
  /** Of the message itself, or of the request that it answers. */
  method: string | undefined;
  /** How many of this direction passed on this wire before. */
  nth: number;
}

/** Says what happens to each message of one wire. */
export type FaultPlan = (passing: Passing) => Pick<Fault, "kind" | "ms"> | undefined;

/** The faults of a list, each where it says. */
export function scripted(faults: readonly Fault[]): FaultPlan {
  const left = faults.map((fault) => ({ fault, toCome: fault.nth }));
  return ({ direction, method }) => {
    for (const [i, entry] of left.entries()) {
      const { fault } = entry;
      if (fault.direction !== direction || (fault.method !== undefined && fault.method !== method)) continue;
      if (entry.toCome-- > 0) continue;
      left.splice(i, 1);
      return fault;
    }
    return undefined;
  };
}

export interface RandomFaultOptions {
  /** The same seed gives the same faults for the same messages. */
  seed: number;
  /** Of a fault at each message, 0 to 1. Default 0.05. */
  probability?: number;
  /** Default: all. */
  kinds?: readonly FaultKind[];
  /** The longest delay or stall. Default 50. */
  maxMs?: number;
}

/** Faults by chance. Call it once and use the plan for every wire: each goes on where the last one stopped. */
export function random({
  seed,
  probability = 0.05,
  kinds = FAULT_KINDS,
  maxMs = 50,
}: RandomFaultOptions): FaultPlan {
  const next = dice(seed);
  return () => {
    if (next() >= probability) return undefined;
    return { kind: kinds[Math.floor(next() * kinds.length)]!, ms: Math.ceil(next() * maxMs) };
  };
}

/** Numbers from 0 up to 1; the same ones for the same seed. */
export function dice(seed: number): () => number {
  let drawn = 0;
  return () => createHash("sha256").update(`${seed}:${drawn++}`).digest().readUInt32BE() / 2 ** 32;
}
