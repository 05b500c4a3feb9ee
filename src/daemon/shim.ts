import { messageOf } from "../base/errors.js";
import { fieldsOf } from "../base/fields.js";
import { visible } from "../base/visible.js";
import { pause } from "../base/wait.js";
import { systemClock } from "../machines/clock.js";
import { droppedAnswer, droppedRequest, endingAnswer, lostAnswer, unreachedAnswer } from "./answers.js";
import { type Flight, Flights, isId, type Message, parsed } from "./flights.js";
import type { Greeted } from "./greet.js";
import { Host } from "./host.js";
import { Link } from "./link.js";
import { Patience } from "./patience.js";
import { Questions } from "./questions.js";
import { ReplayedSession } from "./replayed-session.js";
import type { ShimOptions } from "./shim-options.js";

/**
 * A host's stdin and stdout at a daemon's socket. It knows of each message only what it needs to go on with another daemon: who
 * answers what, and what may be done twice. It is small, because every window of every host has one.
 */
export class Shim {
  /** Settles when the host is gone, or its last call was answered after `drain`. */
  readonly closed: Promise<void>;
  readonly #host: Host;
  readonly #over = new AbortController();
  readonly #flights = new Flights();
  readonly #questions = new Questions();
  readonly #session = new ReplayedSession();
  readonly #patience = new Patience();
  /** What no daemon has been written yet: notifications and answers; requests are in flight. */
  #waiting: Buffer[] = [];
  #link: Link | undefined;
  #epoch = 0;
  #name: string;
  /** The id of the handshake that is being repeated. */
  #repeating: string | undefined;
  #attaching = false;
  #draining = false;
  #end: () => void = () => {};

  constructor(private readonly options: ShimOptions) {
    this.#name = options.name;
    this.closed = new Promise((resolve) => {
      this.#end = resolve;
    });
    this.#host = new Host(options.input, options.output, {
      onLine: (line) => this.#fromClient(line),
      onEnd: () => this.close(),
      onTooLarge: (id, bytes) => {
        if (id !== undefined) this.#toClient(droppedRequest(this.#name, id, bytes));
        else options.say(`a notification or an answer of the client was dropped: it has ${bytes} bytes`);
      },
    });
  }

  close(): void {
    this.#over.abort(new Error("the host is gone"));
    this.#link?.close();
    this.#host.close();
    this.#end();
  }

  /** What runs comes to its end; what is new is refused. */
  drain(): void {
    this.#draining = true;
    if (this.#flights.size === 0) this.close();
  }

  #fromClient(line: Buffer): void {
    const message = parsed(line);
    if (!message) this.#pass(line);
    else if (message.method === undefined) this.#answered(message, line);
    else if (!isId(message.id)) this.#notified(message, line);
    else if (this.#draining) this.#toClient(endingAnswer(message.id));
    else this.#send(this.#flights.begin(message.id, message, line));
  }

  /** The client answers a question. */
  #answered(message: Message, line: Buffer): void {
    const answer = this.#questions.answer(message, this.#epoch);
    // A daemon that is being left still waits for it.
    if (answer) this.#write(answer === message ? line : JSON.stringify(answer));
  }

  #notified(message: Message, line: Buffer): void {
    if (message.method === "notifications/cancelled") {
      const flight = this.#flights.end(fieldsOf(message.params)["requestId"]);
      if (flight?.epoch === this.#epoch) this.#write(line);
      this.#afterAnswer();
      return;
    }
    this.#session.noteNotification(message);
    this.#pass(line);
  }

  #send(flight: Flight): void {
    if (!this.#ready) return void this.#attach();
    flight.sent++;
    flight.epoch = this.#epoch;
    this.#write(flight.line);
  }

  /** Passes on what has no answer. */
  #pass(line: Buffer): void {
    if (this.#ready) this.#write(line);
    else {
      this.#waiting.push(line);
      void this.#attach();
    }
  }

  /** A daemon has the session, and takes messages. */
  get #ready(): boolean {
    return this.#link?.open === true && this.#repeating === undefined;
  }

  #write(line: Buffer | string): void {
    if (this.#link) this.#host.pass(line, this.#link);
  }

  async #attach(): Promise<void> {
    const { signal } = this.#over;
    if (this.#attaching || this.#link || signal.aborted) return;
    this.#attaching = true;
    try {
      await pause(systemClock, this.#patience.delayMs, signal);
      const greeted = await this.options.attach(signal);
      if (signal.aborted) return void greeted.socket.destroy();
      this.#take(greeted);
    } catch (error) {
      if (!signal.aborted) this.#unreached(messageOf(error));
    } finally {
      this.#attaching = false;
    }
  }

  #take(greeted: Greeted): void {
    this.#epoch++;
    this.#name = greeted.welcome.name;
    this.#patience.began();
    const link = new Link(greeted, {
      onLine: (line) => this.#fromDaemon(line),
      onTooLarge: (id, bytes) => {
        const asked = this.#flights.all().filter((flight) => flight.id === id);
        this.#settle(asked, (server, flight) => droppedAnswer(server, flight, bytes));
        if (asked.length === 0)
          this.options.say(`a message of the daemon was dropped: it has ${bytes} bytes`);
      },
      onLeave: () => this.#afterAnswer(),
      onClose: () => this.#lost(link),
    });
    this.#link = link;
    if (this.#session.exists) {
      this.#repeating = `holdfast-${this.#epoch}`;
      this.#write(JSON.stringify(this.#session.handshake(this.#repeating)));
    } else this.#flush();
  }

  /** Everything that has waited for a daemon, the requests that may go once more first. */
  #flush(): void {
    for (const flight of this.#flights.all()) this.#send(flight);
    for (const line of this.#waiting.splice(0)) this.#pass(line);
  }

  #fromDaemon(line: Buffer): void {
    const message = parsed(line);
    if (!message) return;
    if (message.method !== undefined) this.#said(message, line);
    else if (this.#repeating !== undefined && message.id === this.#repeating) this.#repeated(message);
    else this.#answeredBy(message, line);
  }

  /** A question or a notification of a server. */
  #said(message: Message, line: Buffer): void {
    const shown = isId(message.id)
      ? this.#questions.ask(message, this.#epoch)
      : message.method === "notifications/cancelled"
        ? this.#questions.takenBack(message, this.#epoch)
        : message;
    this.#toClient(shown === message ? line : JSON.stringify(shown));
  }

  #answeredBy({ id, result, error }: Message, line: Buffer): void {
    const flight = this.#flights.end(id);
    if (!flight) return;
    if (error === undefined) {
      this.#session.noteAnswered(flight, result);
      if (flight.method === "tools/list") this.#flights.learn(result);
    }
    this.#toClient(line);
    this.#afterAnswer();
  }

  /** Another daemon has the session now, or has said why not. */
  #repeated({ error }: Message): void {
    const id = this.#repeating!;
    this.#repeating = undefined;
    if (error !== undefined) {
      this.#unreached(String(fieldsOf(error)["message"]));
      this.#link?.close();
      return;
    }
    for (const message of this.#session.rest(id)) this.#write(JSON.stringify(message));
    this.#flush();
    for (const message of this.#session.news()) this.#toClient(JSON.stringify(message));
  }

  #lost(link: Link): void {
    if (this.#link !== link) return;
    this.#link = undefined;
    this.#repeating = undefined;
    if (this.#over.signal.aborted) return;
    const asked = link.leaving;
    this.#patience.ended(asked !== undefined);
    for (const message of this.#questions.takeAllBack("the daemon that asked is gone"))
      this.#toClient(JSON.stringify(message));
    const lost = this.#flights.all().filter((flight) => !this.#flights.mayGoAgain(flight));
    this.#settle(lost, lostAnswer);
    const wanted = this.#waiting.length > 0 || this.#flights.isAwaited(undefined, asked !== "rest");
    if (wanted || (asked !== "rest" && this.#session.exists)) void this.#attach();
  }

  /** There is no daemon. Whoever waits hears why; the next message tries again. */
  #unreached(why: string): void {
    // Why may be told in words of a server's.
    this.options.say(visible(`${this.#name}: ${why}`));
    this.#waiting = [];
    this.#settle(this.#flights.all(), (server, flight) => unreachedAnswer(server, flight, why));
  }

  /** Answers what no daemon answers any more. */
  #settle(flights: readonly Flight[], answer: (server: string, flight: Flight) => string): void {
    for (const flight of flights) {
      this.#flights.end(flight.id);
      this.#toClient(answer(this.#name, flight));
    }
    this.#afterAnswer();
  }

  #toClient(line: Buffer | string): void {
    this.#host.write(line, this.#link);
  }

  /** Nothing is on its way: a daemon that wants to be left is left, and who ends may end. */
  #afterAnswer(): void {
    if (this.#link?.leaving !== undefined && !this.#flights.isAwaited(this.#epoch)) this.#link.close();
    if (this.#draining && this.#flights.size === 0) this.close();
  }
}
