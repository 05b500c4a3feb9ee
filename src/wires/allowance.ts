import { DEFAULTS } from "../contract/options.js";
import type { UnaskedRule } from "../contract/wire.js";
import { type Clock, systemClock } from "../machines/clock.js";

/** What is read of a server, and can be left unread for a while: the server waits then, and costs nothing. */
export interface Source {
  pause(): void;
  resume(): void;
}

/** After a rest so many units may come at once: to begin costs something, too. A unit is a message, or 4 KiB. */
const SLICE = 8;
const UNIT_BYTES = 4_096;
const MAX_REST_MS = 2_000;
/** A flood is over when nothing was heard of it for so long. */
const OVER_MS = 5_000;

/** Those that sent more than they may, in the whole program, and when they last did: they share what one of them may send. */
const floods = new Map<Allowance, number>();

/**
 * What one connection's server may send that nobody asked for: notifications, requests, answers to nobody, what is no message, and
 * stderr. Beyond it nothing at all is read of that server until it has rested: its pipe or socket fills, and it waits. Messages and
 * bytes count, and no time, so that nobody is held up because the machine is busy.
 */
export class Allowance {
  /** What it may still send at once; undefined: it has sent nothing yet. */
  #left: number | undefined;
  #at = 0;
  #timer: unknown;
  #lifted = false;
  readonly #sources = new Set<Source>();

  constructor(
    readonly rule: () => UnaskedRule | undefined,
    private readonly clock: Clock = systemClock,
  ) {}

  /** Whether nothing may be read at the moment. */
  get resting(): boolean {
    return this.#timer !== undefined;
  }

  /** What is left unread during a rest. */
  add(source: Source): void {
    this.#sources.add(source);
    if (this.resting) source.pause();
  }

  remove(source: Source): void {
    this.#sources.delete(source);
  }

  /** Something came that nobody asked for. */
  spend(messages: number, bytes = 0): void {
    if (!this.#overspends(messages + bytes / UNIT_BYTES)) return;
    for (const [flood, at] of floods) if (this.#at - at > OVER_MS) floods.delete(flood);
    floods.set(this, this.#at);
    this.#rest();
    this.rule()?.onFlood();
  }

  /** Something came that was asked for. Of a server that floods it counts, too: a large answer costs the others what a flood does. */
  spendAsked(bytes: number): void {
    const at = floods.get(this);
    if (at === undefined || this.clock.now() - at > OVER_MS) return;
    if (this.#overspends(bytes / UNIT_BYTES)) this.#rest();
  }

  /** The server has ended, or is let go: what it still says is read at once. */
  lift(): void {
    this.#lifted = true;
    floods.delete(this);
    if (this.resting) this.#rested();
  }

  #overspends(units: number): boolean {
    if (this.#lifted) return false;
    this.#left = this.#refilled() - units;
    return this.#left < 0 && !this.resting;
  }

  #rest(): void {
    const ms = Math.min(MAX_REST_MS, Math.ceil((SLICE - this.#left!) / this.#perMs));
    this.#timer = this.clock.setTimeout(() => this.#rested(), ms);
    for (const source of this.#sources) source.pause();
  }

  #rested(): void {
    this.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    const [first, ...others] = this.#sources;
    if (!first) return;
    // One that floods spends all at once: each time another one is the first.
    this.#sources.delete(first);
    this.#sources.add(first);
    for (const source of [first, ...others]) if (!this.resting) source.resume();
  }

  #refilled(): number {
    const now = this.clock.now();
    const burst = this.#perSecond / 2;
    const left = this.#left === undefined ? burst : this.#left + (now - this.#at) * this.#perMs;
    this.#at = now;
    return Math.min(burst, left);
  }

  get #perSecond(): number {
    return this.rule()?.perSecond ?? DEFAULTS.maxUnaskedPerSecond;
  }

  get #perMs(): number {
    return this.#perSecond / 1_000 / Math.max(1, floods.size);
  }
}
