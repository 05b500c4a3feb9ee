import type { JSONRPCMessage, RequestId, TransportSendOptions } from "@modelcontextprotocol/client";
import type { Outcome } from "../base/errors.js";
import type { Wire } from "../contract/wire.js";
import type { Failure } from "../machines/failure.js";
import { Lost } from "../wires/lost.js";
import type { Direction, FaultPlan } from "./faults.js";
import { killProcess } from "./kill.js";

const KILLED: Failure = { code: "CONNECTION_LOST", message: "the test kit ended the connection" };
const REFUSED: Failure = { code: "CONNECTION_LOST", message: "the test kit refused the request" };
const DEFAULT_MS = 20;
/** Until a message that waits for the next one goes alone. */
const REORDER_MS = 50;

export interface FaultyWireOptions {
  plan?: FaultPlan;
  /** Told of each message that the client hands over, before any fault. */
  onsent?(message: JSONRPCMessage): void;
  /** Answers a request instead of the server; undefined: it goes to the server. */
  answer?(message: JSONRPCMessage): object | undefined;
}

/**
 * A wire with faults: everything that `inner` is and has, with a plan that decides what becomes of each message. Made
 * by `faulty(wire)`; to be used instead of it.
 */
export class Faults {
  ended = false;
  onclose: Wire["onclose"];
  onmessage: Wire["onmessage"];
  readonly #methods = new Map<RequestId, string>();
  readonly #passed = { out: 0, in: 0 };
  readonly #timers = new Set<NodeJS.Timeout>();
  /** What comes after the message that it waits for, by direction. */
  readonly #held: Record<Direction, (() => void)[]> = { out: [], in: [] };
  /** While nothing passes: what waits, in order. */
  #stalled: (() => void)[] | undefined;
  #deaf = false;
  #failure: Failure | undefined;

  /** @internal */
  constructor(
    readonly inner: Wire,
    private readonly options: FaultyWireOptions,
  ) {
    inner.onmessage = (message, extra) => this.#in(message, () => this.onmessage?.(message, extra));
    inner.onclose = () => this.#end();
  }

  /** Why the wire ended, if it was the kit that ended it. */
  get failure(): Failure | undefined {
    return this.#failure ?? this.inner.failure;
  }

  /** Requests that the client waits for. */
  get unanswered(): RequestId[] {
    return [...this.#methods.keys()];
  }

  /** Ends the wire as a crash of the server would; a process is killed. */
  kill(): void {
    if (this.ended) return;
    // From here on nothing is heard, though the end of a process takes its time to be known.
    this.deafen();
    const { pid } = this.inner;
    this.#failure = pid === undefined ? KILLED : undefined;
    if (pid === undefined || !killProcess(pid)) {
      void this.inner.close().catch(() => {});
      this.#end();
    }
  }

  /** Lets nothing pass in either direction any more, and tells nobody. */
  deafen(): void {
    this.#deaf = true;
  }

  send(message: JSONRPCMessage, options?: TransportSendOptions): Promise<void> {
    this.options.onsent?.(message);
    const method = "method" in message ? message.method : undefined;
    if (method !== undefined && "id" in message) this.#methods.set(message.id as RequestId, method);
    const fault = this.options.plan?.({ direction: "out", method, nth: this.#passed.out++ });
    const answer = this.options.answer?.(message);
    const pass = (content: JSONRPCMessage = message) =>
      answer && content === message && "id" in message
        ? this.#answer(message.id as RequestId, answer)
        : this.inner.send(content, options && this.#streamEnd(options));
    // What a fault does later has nobody to tell; the wire says it by its end.
    const passLater = () => void pass().catch(() => {});
    if (this.#deaf) return Promise.resolve();
    if (this.#stalled) {
      this.#stalled.push(passLater);
      return Promise.resolve();
    }
    switch (fault?.kind) {
      case "drop":
      case "truncate":
        return Promise.resolve();
      case "delay":
        this.#later(fault.ms, passLater);
        return Promise.resolve();
      case "duplicate":
        passLater();
        return pass();
      case "reorder":
        this.#hold("out", passLater);
        return Promise.resolve();
      case "corrupt":
        return pass({ jsonrpc: "2.0", method: "notifications/\u0000corrupt", params: { "": [null] } });
      case "stall":
        this.#stall(fault.ms).push(passLater);
        return Promise.resolve();
      case "half-open":
        this.deafen();
        return Promise.resolve();
      case "refuse":
        return Promise.reject(new Lost("rejected", REFUSED));
      case "kill": {
        // Written first, as a real crash finds it; a server in this program could answer before it is over.
        const sent = pass();
        this.deafen();
        const kill = () => this.kill();
        sent.then(kill, kill);
        return sent;
      }
      default: {
        const sent = pass();
        this.#release("out");
        return sent;
      }
    }
  }

  outcomeOf(error: unknown): Outcome | undefined {
    if (error instanceof Lost) return error.outcome;
    return this.inner.outcomeOf ? this.inner.outcomeOf(error) : "unknown";
  }

  /** Ends what the kit itself has open. */
  clear(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    this.#stalled = undefined;
  }

  #in(message: JSONRPCMessage, deliver: () => void): void {
    const method = "method" in message ? message.method : this.#methods.get(message.id as RequestId);
    const fault = this.options.plan?.({ direction: "in", method, nth: this.#passed.in++ });
    const pass = () => {
      if (!("method" in message)) this.#methods.delete(message.id as RequestId);
      deliver();
    };
    if (this.#deaf) return;
    if (this.#stalled) {
      this.#stalled.push(pass);
      return;
    }
    switch (fault?.kind) {
      case "drop":
      case "refuse":
        return;
      case "truncate":
        this.inner.onerror?.(new SyntaxError("Unexpected end of JSON input"));
        return;
      case "delay":
        this.#later(fault.ms, pass);
        return;
      case "duplicate":
        pass();
        pass();
        return;
      case "reorder":
        this.#hold("in", pass);
        return;
      case "corrupt":
        if ("method" in message) return;
        this.#methods.delete(message.id as RequestId);
        this.onmessage?.({ jsonrpc: "2.0", id: message.id, result: "corrupt" } as never);
        return;
      case "stall":
        this.#stall(fault.ms).push(pass);
        return;
      case "half-open":
        this.deafen();
        return;
      case "kill":
        this.kill();
        return;
      default:
        pass();
        this.#release("in");
    }
  }

  /** The kit's own answer takes the way of every other one. */
  async #answer(id: RequestId, result: object): Promise<void> {
    const message = { jsonrpc: "2.0", id, result } as JSONRPCMessage;
    this.#later(0, () => this.#in(message, () => this.onmessage?.(message)));
  }

  /** A stream's end must not overtake the answer that a fault holds back. */
  #streamEnd(options: TransportSendOptions): TransportSendOptions {
    const { onRequestStreamEnd } = options;
    if (!onRequestStreamEnd) return options;
    const end = () => {
      if (this.#deaf) return;
      if (this.#stalled) this.#stalled.push(end);
      else if (this.#held.in.length > 0) this.#held.in.push(onRequestStreamEnd);
      else if (this.#timers.size > 0) this.#later(DEFAULT_MS, end);
      else onRequestStreamEnd();
    };
    return { ...options, onRequestStreamEnd: end };
  }

  #later(ms = DEFAULT_MS, run: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      if (!this.ended) run();
    }, ms);
    timer.unref();
    this.#timers.add(timer);
  }

  #hold(direction: Direction, pass: () => void): void {
    this.#held[direction].push(pass);
    this.#later(REORDER_MS, () => this.#release(direction));
  }

  #release(direction: Direction): void {
    for (const pass of this.#held[direction].splice(0)) pass();
  }

  #stall(ms?: number): (() => void)[] {
    const waiting: (() => void)[] = [];
    this.#stalled = waiting;
    this.#later(ms, () => {
      this.#stalled = undefined;
      for (const pass of waiting) pass();
    });
    return waiting;
  }

  #end(): void {
    if (this.ended) return;
    this.ended = true;
    this.clear();
    this.onclose?.();
  }
}

/** The members that the kit has its hand in; everything else is the inner wire's. */
const OURS = new Set<PropertyKey>(["send", "outcomeOf", "onclose", "onmessage", "failure"]);

/** A wire to be used instead of `inner`, and the hand that is in it. */
export function faulty(inner: Wire, options: FaultyWireOptions = {}): { wire: Wire; faults: Faults } {
  const faults = new Faults(inner, options);
  const ours = faults as unknown as Record<PropertyKey, unknown>;
  const theirs = inner as unknown as Record<PropertyKey, unknown>;
  // Not a class: what the inner wire leaves out must be left out here too, and its private fields are its own.
  const wire = new Proxy(inner, {
    get(_, key) {
      const [owner, value] = OURS.has(key) ? [ours, ours[key]] : [theirs, theirs[key]];
      return typeof value === "function" && !String(key).startsWith("on") ? value.bind(owner) : value;
    },
    set(_, key, value) {
      (OURS.has(key) ? ours : theirs)[key] = value;
      return true;
    },
  });
  return { wire, faults };
}
