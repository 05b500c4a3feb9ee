import type { JSONRPCMessage } from "@modelcontextprotocol/client";
import { asError } from "../../base/errors.js";
import type { Allowance } from "../allowance.js";
import { Intake, type IntakeHandlers } from "../intake.js";
import { Receiving } from "../receiving.js";
import type { HttpAnswer } from "./answer.js";
import { type EventStreamHandlers, EventStreamReader, type StreamEvent } from "./event-stream.js";

/** What keeps a stream alive costs so much of a message. */
const COMMENT = 0.1;

/** What the wire of a stream knows of it. */
export interface EventsHost {
  readonly maxMessageBytes: number;
  readonly allowance: Allowance;
  /** Whether somebody waits for a message. */
  isAsked(message: JSONRPCMessage): boolean;
}

/**
 * The events of one stream, in order and so many at a time. One that brings more than it may of what nobody asked for is left
 * unread for a while.
 */
export class Events implements EventStreamHandlers, IntakeHandlers<StreamEvent> {
  readonly #reader: EventStreamReader;
  readonly #intake: Intake<StreamEvent>;
  readonly #receiving: Receiving;
  #commented = false;
  /** The event that is dealt with holds a message. */
  #noted = false;

  constructor(
    private readonly answer: HttpAnswer,
    private readonly host: EventsHost,
    private readonly handlers: Pick<EventStreamHandlers, "event" | "retry">,
  ) {
    this.#receiving = new Receiving(host.allowance.rule, host.maxMessageBytes);
    this.#intake = new Intake(answer, host.allowance, this);
    this.#reader = new EventStreamReader(this, host.maxMessageBytes);
  }

  // What its reader finds.

  event(event: StreamEvent): void {
    this.#receiving.release();
    this.#intake.take(event);
  }

  retry(ms: number): void {
    this.host.allowance.spend(COMMENT);
    this.handlers.retry?.(ms);
  }

  comment(): void {
    this.#commented = true;
    this.#receiving.release();
    this.host.allowance.spend(COMMENT);
  }

  // What its intake lets through.

  handle(event: StreamEvent): void {
    this.#noted = false;
    try {
      this.handlers.event(event);
      if (!this.#noted) this.#intake.unasked();
    } catch (error) {
      // Perhaps in a turn of its own, where nobody would catch it.
      this.answer.giveUp(asError(error));
    }
  }

  sizeOf({ data }: StreamEvent): number {
    return data.length;
  }

  /** Called while an event is dealt with, for each message in it. */
  note(message: JSONRPCMessage): void {
    this.#noted = true;
    if (!this.host.isAsked(message)) this.#intake.unasked();
  }

  /**
   * Settles when all events were dealt with, rejects where the stream breaks off.
   * @param heard told of each chunk, and whether a line was in it that only keeps the stream alive
   */
  async read(heard: (bytes: Buffer, commented: boolean) => void): Promise<void> {
    try {
      await this.answer.read((bytes) => {
        this.#commented = false;
        this.#intake.begin();
        if (!this.#receiving.add(bytes.length)) throw this.#receiving.error;
        this.#reader.feed(bytes);
        heard(bytes, this.#commented);
      });
      this.#reader.end();
    } finally {
      this.#intake.flush();
      this.#intake.stop();
      this.#receiving.end();
    }
  }
}
