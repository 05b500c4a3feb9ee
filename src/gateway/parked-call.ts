import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import type { Result } from "@modelcontextprotocol/server";
import { controllerForMany, whenAborted } from "../base/abort.js";
import { untilAborted } from "../base/wait.js";
import type { RequestContext } from "./presented.js";

/** What a server asks at once arrives in pieces; it is one round for the client. */
const TOGETHER_MS = 20;

/** A request of a legacy server, waiting for the client to answer it. */
interface Question {
  id: string;
  request: { method: string; params?: Record<string, unknown> };
  resolve(answer: unknown): void;
  reject(reason: unknown): void;
}

/** What a client is told while a call is parked: answer these, then call again with this state. */
export interface InputRequired {
  resultType: "input_required";
  inputRequests: Record<string, unknown>;
  requestState: string;
}

/**
 * One call on its way to a legacy server for a modern client. What the server asks meanwhile cannot be sent to such a
 * client, so the call is parked: the client gets the question as a result, and takes the call up again with its answer.
 */
export class ParkedCall {
  readonly id = randomUUID();
  #round = 0;
  readonly abort = controllerForMany();
  readonly #asks: Question[] = [];
  readonly #asked: Question[] = [];
  #wake = () => {};
  readonly #result: Promise<{ done: Result }>;
  /** Whose it is, where one client stands for several. */
  client: object | undefined;
  /** The request with which the client last came for it. */
  context: RequestContext;

  constructor(
    /** The server that it is on its way to. */
    readonly upstream: string,
    readonly began: RequestContext,
    run: (signal: AbortSignal, current: () => RequestContext) => Promise<Result>,
  ) {
    this.context = began;
    this.#result = run(this.abort.signal, () => this.context).then((done) => ({ done }));
    // Nobody may be waiting when a parked call fails.
    this.#result.catch(() => {});
  }

  /** Under which the client takes it up again: another one in each round, so that an answer is to what was asked last. */
  get state(): string {
    return `${this.id}.${this.#round}`;
  }

  /** The server asks; settles with the client's answer. */
  ask(request: Question["request"], signal: AbortSignal): Promise<unknown> {
    const answer = new Promise((resolve, reject) => {
      const ask = {
        id: `ask-${this.#asks.length + this.#asked.length}-${randomUUID()}`,
        request,
        resolve,
        reject,
      };
      this.#asks.push(ask);
      this.#wake();
    });
    return untilAborted(answer, signal);
  }

  /** The client came back with what it was asked. */
  resume(context: RequestContext): void {
    this.context = context;
    const answers = context.mcpReq.inputResponses ?? {};
    for (const ask of this.#asked.splice(0)) {
      if (ask.id in answers) ask.resolve(answers[ask.id]);
      else ask.reject(new Error("the client did not answer"));
    }
  }

  /** Settles with the result, or with the next questions. The signal ends the call at the server. */
  async next(signal: AbortSignal): Promise<{ done: Result } | { parked: InputRequired }> {
    const stop = whenAborted(signal, (reason) => this.cancel(reason));
    try {
      const asked = new Promise<"asked">((resolve) => {
        this.#wake = () => resolve("asked");
        if (this.#asks.length > 0) resolve("asked");
      });
      const first = await Promise.race([this.#result, asked]);
      if (first !== "asked") return first;
      await pause(TOGETHER_MS);
      // Race: the call was cancelled meanwhile, and its questions with it.
      if (this.#asks.length === 0) return await this.#result;
      this.#asked.push(...this.#asks.splice(0));
      this.#round++;
      const inputRequests = Object.fromEntries(this.#asked.map(({ id, request }) => [id, request]));
      return { parked: { resultType: "input_required", inputRequests, requestState: this.state } };
    } finally {
      stop();
    }
  }

  /** Nobody will come back. */
  cancel(reason: unknown): void {
    this.abort.abort(reason);
    for (const ask of [...this.#asks.splice(0), ...this.#asked.splice(0)]) ask.reject(reason);
  }
}
