import { SdkError, SdkErrorCode } from "@modelcontextprotocol/client";
import { messageOf } from "../base/errors.js";
import { untilAborted } from "../base/wait.js";
import { systemClock } from "../machines/clock.js";
import { isUp, type Member } from "./member.js";
import { type Kind, METHOD_OF, type Offer, readOffer } from "./offer.js";

export interface ReadingHost {
  /** How long anybody waits for a list before it is answered with what is known. */
  listWaitMs: number;
  /** How long one server may take for one list. */
  listTimeoutMs: number;
  report(message: string): void;
  /** A list was read; says whether it is another one than before. */
  onRead(member: Member, offer: Offer): boolean;
  /** A list came after somebody was answered without it, and is another one than was known. */
  onLate(kind: Kind): void;
  /** A server began, or ceased, to keep its lists waiting. */
  onSlow(): void;
}

/** A silent server is asked for its list again after twice the time, and at least so often. */
const MAX_TIMEOUT_MS = 300_000;

interface Read {
  done: Promise<void>;
  over: boolean;
  /** Somebody was answered without it. */
  late: boolean;
}

/** Reads the lists of servers: of each one at a time, and nobody waits long for one that hangs. */
export class Reading {
  readonly #reads = new Map<Member, Map<Kind, Read>>();
  readonly #end = new AbortController();

  constructor(private readonly host: ReadingHost) {}

  /** Whether some server keeps a list waiting for longer than anybody waits. */
  get someoneIsSlow(): boolean {
    return [...this.#reads.values()].some((reads) => [...reads.values()].some(({ late }) => late));
  }

  /** Settles when each of these has answered, or after the bound: at once where that bound was over before. */
  async within(kind: Kind, members: readonly Member[], signal: AbortSignal): Promise<void> {
    const reads = members.map((member) => this.#read(member, kind));
    const fresh = reads.filter(({ late }) => !late);
    const inTime = await this.#bounded(Promise.all(fresh.map(({ done }) => done)), signal);
    if (inTime) return;
    for (const read of fresh) read.late = !read.over;
    this.host.onSlow();
  }

  /** Settles when this one has answered, however long that takes. */
  async of(kind: Kind, member: Member, signal: AbortSignal): Promise<void> {
    await untilAborted(this.#read(member, kind).done, signal);
  }

  /** Nobody asks any more. */
  close(): void {
    this.#end.abort(new Error("the composite was closed"));
  }

  #read(member: Member, kind: Kind): Read {
    const reads = this.#reads.get(member) ?? new Map<Kind, Read>();
    this.#reads.set(member, reads);
    const running = reads.get(kind);
    if (running) return running;
    const read: Read = { late: false, over: false, done: Promise.resolve() };
    reads.set(kind, read);
    read.done = this.#perform(member, kind).then((changed) => {
      read.over = true;
      reads.delete(kind);
      if (reads.size === 0) this.#reads.delete(member);
      if (read.late && changed) this.host.onLate(kind);
      if (read.late) this.host.onSlow();
    });
    return read;
  }

  /** Whether the list is another one than before. A server that is up and silent is asked again, and is slow for as long. */
  async #perform(member: Member, kind: Kind): Promise<boolean> {
    const report = (why: string) => this.host.report(`${member.name}: ${why}`);
    const { signal } = this.#end;
    for (let timeout = this.host.listTimeoutMs; ; timeout = Math.min(2 * timeout, MAX_TIMEOUT_MS)) {
      try {
        return this.host.onRead(member, await readOffer(member, kind, { signal, timeout, report }));
      } catch (error) {
        if (!isUp(member) || signal.aborted) return false;
        if (timeout === this.host.listTimeoutMs)
          report(`${METHOD_OF[kind]} could not be read: ${messageOf(error)}`);
        if (!isTimeout(error)) return false;
      }
    }
  }

  /** False where the bound came first. */
  async #bounded(work: Promise<unknown>, signal: AbortSignal): Promise<boolean> {
    let timer: unknown;
    const bound = new Promise<boolean>((resolve) => {
      timer = systemClock.setTimeout(() => resolve(false), this.host.listWaitMs);
    });
    try {
      return await untilAborted(Promise.race([work.then(() => true), bound]), signal);
    } finally {
      systemClock.clearTimeout(timer);
    }
  }
}

const isTimeout = (error: unknown) => error instanceof SdkError && error.code === SdkErrorCode.RequestTimeout;
