import type { JSONRPCMessage, RequestId, TransportSendOptions } from "@modelcontextprotocol/client";
import type { Outcome } from "../base/errors.js";
import type { Wire } from "../contract/wire.js";
import type { Failure } from "../machines/failure.js";
import { Lost } from "../wires/lost.js";
import { Delayed } from "./delayed.js";
import type { FaultPlan } from "./faults.js";
import { killProcess } from "./kill.js";
import { said } from "./said.js";

const KILLED: Failure = { code: "CONNECTION_LOST", message: "the test kit ended the connection" };
const REFUSED: Failure = { code: "CONNECTION_LOST", message: "the test kit refused the request" };
/** No answer to anything. */
const CORRUPT = 7;

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
  readonly #delayed = new Delayed();
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
    const id = "id" in message ? message.id : undefined;
    if (method !== undefined && id !== undefined) this.#methods.set(id, method);
    const fault = this.options.plan?.({ direction: "out", method, nth: this.#passed.out++ });
    const answer = this.options.answer?.(message);
    const pass = (content: JSONRPCMessage = message) =>
      answer && content === message && id !== undefined
        ? this.#answer(id, answer)
        : this.inner.send(content, options && this.#streamEnd(options));
    // What a fault does later has nobody to tell; the wire says it by its end.
    const passLater = () => void pass().catch(() => {});
    if (this.#deaf) return Promise.resolve();
    if (this.#delayed.joinsStall(passLater)) return Promise.resolve();
    switch (fault?.kind) {
      case "drop":
      case "truncate":
        return Promise.resolve();
      case "delay":
        this.#delayed.later(fault.ms, passLater);
        return Promise.resolve();
      case "duplicate":
        passLater();
        return pass();
      case "reorder":
        this.#delayed.hold("out", passLater);
        return Promise.resolve();
      case "corrupt":
        return pass({ jsonrpc: "2.0", method: "notifications/\u0000corrupt", params: { "": [null] } });
      case "stall":
        this.#delayed.stall(fault.ms, passLater);
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
        this.#delayed.release("out");
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
    this.#delayed.clear();
  }

  #in(message: JSONRPCMessage, deliver: () => void): void {
    const answered = "method" in message ? undefined : message.id;
    const method = "method" in message ? message.method : this.#methods.get(answered!);
    const fault = this.options.plan?.({ direction: "in", method, nth: this.#passed.in++ });
    const pass = () => {
      if (answered !== undefined) this.#methods.delete(answered);
      deliver();
    };
    if (this.#deaf) return;
    if (this.#delayed.joinsStall(pass)) return;
    switch (fault?.kind) {
      case "drop":
      case "refuse":
        return;
      case "truncate":
        this.inner.onerror?.(new SyntaxError("Unexpected end of JSON input"));
        return;
      case "delay":
        this.#delayed.later(fault.ms, pass);
        return;
      case "duplicate":
        pass();
        pass();
        return;
      case "reorder":
        this.#delayed.hold("in", pass);
        return;
      case "corrupt":
        if (answered === undefined) return;
        this.#methods.delete(answered);
        this.onmessage?.(said({ jsonrpc: "2.0", id: answered, result: CORRUPT }));
        return;
      case "stall":
        this.#delayed.stall(fault.ms, pass);
        return;
      case "half-open":
        this.deafen();
        return;
      case "kill":
        this.kill();
        return;
      default:
        pass();
        this.#delayed.release("in");
    }
  }

  /** The kit's own answer takes the way of every other one. */
  async #answer(id: RequestId, result: object): Promise<void> {
    const message = said({ jsonrpc: "2.0", id, result });
    this.#delayed.later(0, () => this.#in(message, () => this.onmessage?.(message)));
  }

  /** A stream's end must not overtake the answer that a fault holds back. */
  #streamEnd(options: TransportSendOptions): TransportSendOptions {
    const { onRequestStreamEnd } = options;
    if (!onRequestStreamEnd) return options;
    const pass = () => {
      if (!this.#deaf) onRequestStreamEnd();
    };
    const end = () => this.#delayed.after("in", pass);
    return { ...options, onRequestStreamEnd: end };
  }

  #end(): void {
    if (this.ended) return;
    this.ended = true;
    this.clear();
    this.onclose?.();
  }
}

/** The members that the faults change. All others are those of the inner wire. */
const OURS = new Set<PropertyKey>(["send", "outcomeOf", "onclose", "onmessage", "failure"]);

/** A wire to use instead of `inner`, and the faults that it has. */
export function faulty(inner: Wire, options: FaultyWireOptions = {}): { wire: Wire; faults: Faults } {
  const faults = new Faults(inner, options);
  const ownerOf = (key: PropertyKey): object => (OURS.has(key) ? faults : inner);
  // Not a class: what the inner wire leaves out must be left out here too, and its private fields are its own.
  const wire = new Proxy(inner, {
    get(_, key) {
      const owner = ownerOf(key);
      const value = Reflect.get(owner, key);
      return typeof value === "function" && !String(key).startsWith("on") ? value.bind(owner) : value;
    },
    set: (_, key, value) => Reflect.set(ownerOf(key), key, value),
  });
  return { wire, faults };
}
