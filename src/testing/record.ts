import type { JSONRPCMessage } from "@modelcontextprotocol/client";
import { fieldsOf } from "../base/fields.js";
import type { SharedOptions } from "../contract/options.js";
import type { ConnectionEvent } from "../contract/status.js";
import type { ClientTransport } from "../transports/transport.js";
import type { WireRecord } from "./inject.js";
import type { LifecycleScript, Step } from "./script.js";

/** Makes a transport for one run. It must hand `options` on to the transport that it makes. */
export type MakeTransport = (options: RunOptions) => ClientTransport;

/** The options that a transport under test gets: deadlines that are short enough for many runs. */
export type RunOptions = Required<
  Pick<SharedOptions, "connectTimeoutMs" | "closeTimeoutMs" | "heartbeat" | "keepAlive">
> & { reconnect: { baseMs: number; capMs: number; stableAfterMs: number } };

/** A tool that may be called, with its arguments. */
export interface SafeCall {
  name: string;
  arguments?: Record<string, unknown>;
}

export interface RunSettings {
  options: RunOptions;
  /** The deadline of each call. */
  callMs: number;
  safe: readonly SafeCall[];
  seed: number;
}

export interface CallRecord {
  name: string;
  step: Step;
  startedAt: number;
  settledAt: number | undefined;
  error?: unknown;
  /** Made on a session that had ended. */
  ended: boolean;
}

/** A sibling of the connection under test, as it was before and after. */
export interface Beside {
  name: string;
  before: number;
  after: number | undefined;
  events: string[];
  error?: unknown;
}

/** All that was seen in one run: what the promises are judged by. */
export interface RunRecord {
  script: LifecycleScript;
  settings: RunSettings;
  wires: WireRecord[];
  events: ConnectionEvent[];
  /** Events that came after the last `close()` had settled. */
  eventsAfterClose: ConnectionEvent[];
  calls: CallRecord[];
  /** Words of a wire that had ended, heard by a session or taken for an answer. */
  zombies: string[];
  closeMs: number;
  state: string;
  pids: Set<number>;
  left: string[];
  beside: Beside[];
}

/** The tools that the kit itself answers; no server has them. */
export const UNSAFE = "holdfast_unsafe_";
export const ENDED = "holdfast_ended_";
/** The field that tells the words of a wire that has ended. */
export const MARK = "holdfast/ended-wire";

/** What a message calls; empty: it calls nothing by a name. */
export function calledBy(message: JSONRPCMessage): string {
  const { name } = fieldsOf("params" in message && message.params);
  return typeof name === "string" ? name : "";
}

/** How often each tool with this prefix was called. */
const callsOf = (wires: readonly WireRecord[], prefix: string): Map<string, number> => {
  const counts = new Map<string, number>();
  for (const name of wires.flatMap(({ sent }) => sent.map(calledBy)))
    if (name.startsWith(prefix)) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
};
export const unsafeWrites = (wires: readonly WireRecord[]) => callsOf(wires, UNSAFE);
export const endedWrites = (wires: readonly WireRecord[]) => callsOf(wires, ENDED);
