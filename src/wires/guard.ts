import type {
  JSONRPCMessage,
  JSONRPCRequest,
  RequestId,
  Transport,
  TransportSendOptions,
} from "@modelcontextprotocol/client";
import { runCallback, unheard } from "../base/callback.js";
import { asError, messageOf } from "../base/errors.js";
import { SERVER_ERROR } from "../contract/protocol.js";
import type { Wire } from "../contract/wire.js";
import type { Failure } from "../machines/failure.js";
import type { InvalidAnswer } from "./answers/invalid-answer.js";
import { type CallTag, callIn, traced } from "./call-tag.js";
import { End } from "./end.js";
import { Inbound, type InboundHooks } from "./inbound.js";
import { Entry, Ledger, type OnAnswer } from "./ledger.js";
import { ended, Lost, streamEnded } from "./lost.js";
import { cancelledId } from "./messages.js";
import { RequestStream, type StreamsHost } from "./request-stream.js";
import { UnsentAnswers } from "./unsent-answers.js";

export interface GuardHooks extends InboundHooks {
  /** The wire ended by itself. Called once, before anybody else hears of it. */
  onLost(failure: Failure): void;
}

/**
 * Stands between the SDK's Client and one wire of one epoch. It keeps the ledger of requests in flight, settles
 * them when the wire is lost, and lets nothing through afterwards.
 */
export class Guard implements Transport, StreamsHost {
  onclose?: Transport["onclose"];
  onerror?: Transport["onerror"];
  onmessage?: Transport["onmessage"];
  // Declared only: what the wire lacks must not be there at all, or the SDK takes every wire for stdio.
  declare readonly hasPerRequestStream?: boolean;
  declare readonly setSupportedProtocolVersions?: (versions: string[]) => void;
  declare readonly pid?: number;
  declare readonly stderr?: unknown;
  readonly #ledger = new Ledger();
  readonly #inbound = new Inbound(this, this.#ledger);
  readonly #end = new End();
  readonly #answers: UnsentAnswers;
  /** To close the stream of a request is how it is cancelled, and the server needs no other word. */
  closesStreams = false;
  #closing: Promise<void> | undefined;

  constructor(
    readonly wire: Wire,
    readonly epoch: number,
    readonly hooks: GuardHooks,
  ) {
    this.#answers = new UnsentAnswers(wire, hooks);
    if (wire.hasPerRequestStream) this.hasPerRequestStream = true;
    if (wire.setSupportedProtocolVersions) {
      this.setSupportedProtocolVersions = (versions) => wire.setSupportedProtocolVersions?.(versions);
    }
    // The SDK takes a transport for stdio when both are present, whatever their values.
    if ("pid" in wire && "stderr" in wire) Object.assign(this, { pid: wire.pid, stderr: wire.stderr });
  }

  get sessionId(): string | undefined {
    return this.wire.sessionId;
  }

  get inFlight(): number {
    return this.#ledger.inFlight;
  }

  /** Messages of any kind that came in; heartbeats compare it. */
  get received(): number {
    return this.#inbound.received;
  }

  /** Set once nothing passes any more, with the reason. */
  get down(): Failure | undefined {
    return this.#end.failure;
  }

  /** Settles once nothing passes any more; rejects with the signal's reason. */
  whenDown(signal: AbortSignal): Promise<void> {
    return this.#end.wait(signal);
  }

  setProtocolVersion(version: string): void {
    this.wire.setProtocolVersion?.(version);
  }

  async start(): Promise<void> {
    if (this.down) throw new Lost("not-sent", this.down);
    this.wire.onmessage = (message, extra) => this.#inbound.message(message, extra);
    this.wire.unasked = this.#inbound;
    this.wire.onUnreadable = (answer) => this.#inbound.unreadable(answer);
    this.wire.onParked = (id) => this.#ledger.park(id);
    this.wire.onResumed = (id) => this.#ledger.resume(id);
    this.wire.onSilentSocket = (id) => this.#silent(id);
    this.wire.onerror = (error) => {
      if (!this.down) this.report(error);
    };
    this.wire.onclose = () =>
      this.lose(
        this.wire.failure ?? { code: "CONNECTION_LOST", message: "the server closed the connection" },
      );
    await this.wire.start();
  }

  send(message: JSONRPCMessage, options?: TransportSendOptions): Promise<void> {
    if (this.down) return Promise.reject(new Lost("not-sent", this.down));
    if (!("method" in message)) return this.#answers.send(message, options);
    if (!("id" in message)) {
      const cancelled = cancelledId(message);
      if (cancelled !== undefined) this.#forget(cancelled);
      return this.wire.send(message, options);
    }
    return this.request(message, options);
  }

  /** Sends a request. With `onAnswer` its answer goes there, and not to the Client. */
  request(message: JSONRPCRequest, options?: TransportSendOptions, onAnswer?: OnAnswer): Promise<void> {
    if (this.down) return Promise.reject(new Lost("not-sent", this.down));
    const { id } = message;
    const call = callIn(options);
    // Race: the session ended between the call and its sending; there would be nobody to answer.
    if (call?.ended.aborted)
      return Promise.reject(new Lost("not-sent", { ...ended, message: "the session ended" }));
    const entry = new Entry(message, call, onAnswer);
    this.#ledger.add(id, entry);
    if (call) call.written++;
    try {
      const sent = this.hasPerRequestStream ? this.#streamOf(id, entry, options) : options;
      return this.wire
        .send(traced(message, call, this.epoch), sent)
        .catch((error: unknown) => this.#sendFailed(id, call, error));
    } catch (error) {
      // What cannot be put into JSON is thrown before anything is sent.
      this.#ledger.remove(id);
      return Promise.reject(error);
    }
  }

  #sendFailed(id: RequestId, call: CallTag | undefined, error: unknown): never {
    if (!this.#ledger.has(id)) throw error;
    const outcome = this.wire.outcomeOf ? this.wire.outcomeOf(error) : "unknown";
    if (outcome !== undefined && outcome !== "unknown" && call) call.written--;
    if (error instanceof Lost && error.ends === "now") {
      // Answered before the wire goes down, or it would be lost with the others and not refused.
      this.settle(id, error);
      this.lose(error.failure);
    }
    if (outcome === "unknown") this.#ledger.abandon(id);
    else this.#ledger.remove(id);
    if (outcome === undefined || error instanceof Lost) throw error;
    throw new Lost(outcome, { code: "CONNECTION_LOST", message: messageOf(error), error });
  }

  /**
   * Ends the epoch from our side: nothing passes in either direction afterwards. Settles when the wire has ended. The
   * wire is closed once, however many ask.
   */
  close(): Promise<void> {
    this.shut(ended);
    this.#closing ??= (async () => this.wire.close())();
    return this.#closing;
  }

  /** The wire was lost: says so, then answers everything in flight with what became of it. */
  lose(failure: Failure): void {
    // Down before anybody hears of it: what they do then must not find another reason for the loss.
    if (!this.#end.comes(failure)) return;
    this.hooks.onLost(failure);
    this.#settleAll(failure);
  }

  /** Lets nothing through any more, and answers everything in flight with what became of it. */
  shut(failure: Failure): void {
    if (this.#end.comes(failure)) this.#settleAll(failure);
  }

  /** Answers one request in our own words; false if it was not in flight. */
  settle(id: RequestId, why: Lost | InvalidAnswer): boolean {
    // What was lost may still be done; an answer that cannot be read is one.
    const entry = why instanceof Lost ? this.#ledger.abandon(id) : this.#ledger.remove(id);
    if (!entry) return false;
    const error = { code: SERVER_ERROR, message: why.message, data: why };
    const message = { jsonrpc: "2.0" as const, id, error };
    entry.onAnswer ? entry.onAnswer(message, undefined) : this.onmessage?.(message);
    return true;
  }

  /** Takes the requests of an ended session back: the ids of those that the server is still to be told about. */
  withdraw(session: object, failure: Failure): RequestId[] {
    const stillToCancel: RequestId[] = [];
    for (const [id, { stream }] of this.#ledger.of(session)) {
      this.settle(id, new Lost("unknown", failure));
      stream?.abort();
      if (!stream || !this.closesStreams) stillToCancel.push(id);
    }
    return stillToCancel;
  }

  /** The calls that the server has not answered, cancelled or not; undefined: too many were given up to know. */
  working(): ReturnType<Ledger["working"]> {
    return this.#ledger.working();
  }

  #settleAll(failure: Failure): void {
    for (const [id, { parked, call, stream }] of this.#ledger) {
      const outcome = parked ? "rejected" : this.wire.isWaiting?.(id) ? "not-sent" : "unknown";
      // Race: the wire is closed a while later; until then it would send what is told as not sent.
      if (outcome !== "unknown") stream?.abort();
      if (outcome !== "unknown" && call) call.written--;
      this.settle(id, new Lost(outcome, failure));
    }
    this.onclose?.();
    this.#end.wake();
  }

  report(error: unknown): void {
    // Whoever hears of errors and throws has nobody left to tell.
    runCallback(() => this.onerror?.(asError(error)), unheard);
  }

  /** Its call goes again where it may be done twice; else somebody is told, and it may yet be answered. */
  #silent(id: RequestId): void {
    const { call, method, stream } = this.#ledger.get(id) ?? {};
    if (!call) return;
    const message = `the socket of ${method} gives no sign, while the server answers on another`;
    if (!call.repeatable) this.report(new Error(`${message}: it may have been done`));
    else if (this.settle(id, new Lost("unknown", { code: "CONNECTION_LOST", message }))) stream?.abort();
  }

  #forget(id: RequestId): void {
    const stream = this.#ledger.get(id)?.stream;
    if (this.#ledger.abandon(id)) stream?.abort();
  }

  streamEnded(id: RequestId): void {
    const lost = new Lost("unknown", streamEnded);
    if (this.settle(id, lost)) this.wire.onDoubt?.(lost);
  }

  streamCancelled(id: RequestId): void {
    // Whoever cancels has others to cancel, and a wire of the user's may throw.
    runCallback(
      () => this.#forget(id),
      (error) => this.report(error),
    );
  }

  #streamOf(id: RequestId, entry: Entry, options?: TransportSendOptions): TransportSendOptions {
    const stream = new RequestStream(this, id, options);
    entry.stream = stream;
    if (options?.requestSignal) this.closesStreams = true;
    return stream;
  }
}
