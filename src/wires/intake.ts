import type { Allowance, Source } from "./allowance.js";

/** So long frames are dealt with in one turn of the event loop, then others have theirs. */
const TURN_MS = 1;

export interface IntakeHandlers<Frame> {
  /** Deals with one frame: a line, an event, a message of a socket. */
  handle(frame: Frame): void;
  sizeOf(frame: Frame): number;
}

/** What stands between a pipe, a socket or a stream and those who deal with its frames: in order, so many at a time. */
export class Intake<Frame> implements Source {
  #waiting: Frame[] = [];
  #turn: NodeJS.Immediate | undefined;
  #endOfTurn = 0;
  #unasked = 0;
  #stopped = false;

  constructor(
    private readonly source: Source,
    private readonly allowance: Allowance,
    private readonly handlers: IntakeHandlers<Frame>,
  ) {
    allowance.add(this);
  }

  /** Another chunk came in: a turn begins. */
  begin(): void {
    this.#endOfTurn = performance.now() + TURN_MS;
  }

  take(frame: Frame): void {
    if (this.#stopped) return;
    if (this.#waiting.length === 0 && this.#mayHandle()) this.#handle(frame);
    else if (this.#waiting.push(frame) === 1) {
      this.source.pause();
      this.#schedule();
    }
  }

  /** Called while a frame is dealt with: nobody asked for a message of it. */
  unasked(): void {
    this.#unasked++;
  }

  /** So many bytes were read and thrown away. */
  wasted(bytes: number): void {
    this.allowance.spend(0, bytes);
  }

  pause(): void {
    this.source.pause();
  }

  resume(): void {
    // Not in a later turn: until then another source may have spent what there was.
    if (this.#waiting.length > 0) this.#goOn();
    else this.source.resume();
  }

  /** Deals with all that waits, at once. */
  flush(): void {
    for (const frame of this.#waiting.splice(0)) this.#handle(frame);
  }

  /** Nothing is dealt with any more. What still comes is read, so that whoever sends it does not wait for ever. */
  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#waiting = [];
    clearImmediate(this.#turn);
    this.allowance.remove(this);
    this.source.resume();
  }

  #mayHandle(): boolean {
    return !this.#stopped && !this.allowance.resting && performance.now() < this.#endOfTurn;
  }

  #handle(frame: Frame): void {
    this.#unasked = 0;
    this.handlers.handle(frame);
    const bytes = this.handlers.sizeOf(frame);
    if (this.#unasked > 0) this.allowance.spend(this.#unasked, bytes);
    else this.allowance.spendAsked(bytes);
  }

  #schedule(): void {
    if (!this.allowance.resting) this.#turn ??= setImmediate(() => this.#goOn());
  }

  #goOn(): void {
    clearImmediate(this.#turn);
    this.#turn = undefined;
    this.begin();
    let done = 0;
    const waiting = this.#waiting;
    while (done < waiting.length && this.#mayHandle()) this.#handle(waiting[done++]!);
    waiting.splice(0, done);
    if (waiting.length > 0) this.#schedule();
    else if (!this.allowance.resting && !this.#stopped) this.source.resume();
  }
}
