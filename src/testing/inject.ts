import type { JSONRPCMessage } from "@modelcontextprotocol/client";
import { whenAborted } from "../base/abort.js";
import type { AttemptContext, Wire } from "../contract/wire.js";
import { INTERNALS } from "../transports/internals.js";
import type { ClientTransport } from "../transports/transport.js";
import { Lost } from "../wires/lost.js";
import { type Fault, type FaultPlan, scripted } from "./faults.js";
import { type Faults, faulty } from "./faulty-wire.js";

/** What one attempt meets. */
export interface AttemptScript {
  /**
   * `refused`: nothing is opened. `hangs`: opening never ends by itself. `late`: it opens, and says so only after the
   * attempt was given up. Default: it opens.
   */
  opens?: "refused" | "hangs" | "late";
  /** The wire never says that it is closed. */
  closeHangs?: boolean;
  faults?: Fault[];
}

/** One wire of a transport under test, with everything that happened to it. Times are epoch ms. */
export interface WireRecord {
  readonly epoch: number;
  readonly signal: AbortSignal;
  readonly wire: Wire;
  readonly faults: Faults;
  script: AttemptScript;
  startedAt: number | undefined;
  /** How often the runtime closed it. */
  closes: number;
  closingAt: number | undefined;
  /** Closed, or ended by itself. */
  endedAt: number | undefined;
  /** What was handed to it, in order. */
  sent: JSONRPCMessage[];
  /** What was handed to it after its end. */
  sentLate: JSONRPCMessage[];
}

export interface InjectOptions {
  /** By the number of the wire, from 1. Those that are not named meet nothing. */
  attempts?: readonly AttemptScript[];
  /** A plan for the wires that no script names. */
  plan?: FaultPlan;
  /** Answers a request instead of the server. */
  answer?(message: JSONRPCMessage): object | undefined;
  onwire?(record: WireRecord): void;
}

/** The faults in a transport, and what it did. */
export interface Injection {
  readonly wires: WireRecord[];
  /** Ends the wire that is open, as a crash would; false if there is none. */
  kill(): boolean;
  /** Lets the transport open its wires as before. */
  stop(): void;
}

/**
 * Puts faults into every wire that `transport` opens from now on. The transport, its class and its server stay what
 * they are.
 */
export function inject(transport: ClientTransport, options: InjectOptions = {}): Injection {
  const internals = transport[INTERNALS];
  const { open } = internals;
  const wires: WireRecord[] = [];
  let count = 0;
  let stopped = false;
  internals.open = async (attempt) => {
    if (stopped) return open(attempt);
    const script = options.attempts?.[count++] ?? {};
    if (script.opens === "refused") throw new Lost("not-sent", REFUSED);
    if (script.opens === "hangs") await aborted(attempt.signal);
    const inner = await open(attempt);
    const record = recorded(inner, attempt, script, options);
    wires.push(record);
    options.onwire?.(record);
    return record.wire;
  };
  return {
    wires,
    kill() {
      const last = wires.findLast(
        ({ startedAt, endedAt }) => startedAt !== undefined && endedAt === undefined,
      );
      last?.faults.kill();
      return last !== undefined;
    },
    stop() {
      // Not taken out: another injection may stand on it.
      stopped = true;
    },
  };
}

const REFUSED = { code: "CONNECT_FAILED", message: "the test kit refused the connection" } as const;

function recorded(
  inner: Wire,
  { epoch, signal }: AttemptContext,
  script: AttemptScript,
  { plan, answer }: InjectOptions,
): WireRecord {
  const { wire, faults } = faulty(inner, {
    ...(script.faults ? { plan: scripted(script.faults) } : plan && { plan }),
    onsent: (message) => {
      record.sent.push(message);
      if (record.endedAt !== undefined || record.closingAt !== undefined) record.sentLate.push(message);
    },
    ...(answer && { answer }),
  });
  const record: WireRecord = {
    epoch,
    signal,
    faults,
    script,
    startedAt: undefined,
    closes: 0,
    closingAt: undefined,
    endedAt: undefined,
    sent: [],
    sentLate: [],
    wire: new Proxy(wire, {
      get(target, key) {
        if (key === "start") return start;
        if (key === "close") return close;
        return Reflect.get(target, key);
      },
      set(target, key, value) {
        if (key !== "onclose") return Reflect.set(target, key, value);
        return Reflect.set(target, key, () => {
          record.endedAt ??= Date.now();
          value?.();
        });
      },
    }),
  };
  const start = async () => {
    record.startedAt = Date.now();
    await wire.start();
    if (script.opens === "late") await aborted(signal);
  };
  const close = async () => {
    record.closes++;
    record.closingAt ??= Date.now();
    await wire.close();
    faults.clear();
    record.endedAt ??= Date.now();
    if (script.closeHangs) await new Promise(() => {});
  };
  return record;
}

const aborted = (signal: AbortSignal) => new Promise<void>((resolve) => whenAborted(signal, () => resolve()));
