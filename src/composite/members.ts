import { type ActorRefFrom, createActor, waitFor } from "xstate";
import { whenAborted } from "../base/abort.js";
import { untilAborted, withDeadline } from "../base/wait.js";
import type { ServerChange } from "../contract/status.js";
import type { Clock } from "../machines/clock.js";
import { type FleetContext, fleetMachine, healthOf } from "../machines/fleet.js";
import type { FleetHealth } from "../machines/fleet-health.js";
import type { MemberPhase } from "../machines/member.js";
import { Lost } from "../wires/lost.js";
import type { ConfiguredServer } from "./configured-server.js";
import type { Manifest } from "./manifest.js";
import type { Member } from "./member.js";
import { type MemberClient, type MemberHooks, MemberSession, whyNot } from "./member-session.js";

export interface MembersHost extends MemberClient {
  clock: Clock;
  name: string;
  maxStarts: number;
  startTimeoutMs: number;
  closeTimeoutMs: number;
  /** Whether one failure is everybody's. */
  strict: boolean;
  /** The configured servers as they are now, in the declared order. */
  configured(): readonly ConfiguredServer[];
  /** What they offer together may have changed. */
  onChange(): void;
  /** Without it, all are started at once. */
  lazy?: LazyHost;
  /** A server is gone for good, with all that it offered. */
  onGone(name: string): void;
  /** Their phases may have changed, and with them the health. */
  onHealth(phases: Readonly<Record<string, MemberPhase>>): void;
}

export interface LazyHost {
  /** What is known of a server without it; undefined: it is started now. */
  known(server: ConfiguredServer): Promise<Manifest | undefined> | undefined;
  onKnown(member: Member, known: Manifest): void;
  /** A server that is up is not what was known of it; without a change, nothing was known. */
  onDiffers(member: MemberSession, change: ServerChange | undefined): void;
  /** Settles when what this one offers is kept; undefined: it is not being read. */
  keeping(member: MemberSession): Promise<void> | undefined;
  /** Settles when nothing is being written any more. */
  settled(): Promise<void>;
}

/** The sessions that one gateway has on its servers: opened by the fleet, each on its own, and closed together. */
export class Members {
  readonly #fleet: ActorRefFrom<ReturnType<typeof fleetMachine>>;
  readonly #sessions = new Map<string, MemberSession>();

  constructor(private readonly host: MembersHost) {
    const { maxStarts, startTimeoutMs, closeTimeoutMs, clock } = host;
    const machine = fleetMachine({
      start: (name, signal) => this.#start(name, signal),
      leave: ({ name, forGood }) => (forGood ? this.#remove(name) : this.#leave(name)),
    });
    this.#fleet = createActor(machine, { input: { maxStarts, startTimeoutMs, closeTimeoutMs }, clock });
    this.#fleet.subscribe(({ context: { phases } }) => host.onHealth(phases));
    this.#fleet.start();
    this.add(host.configured().map(({ name }) => name));
  }

  get health(): FleetHealth {
    return healthOf(this.#fleet.getSnapshot().context);
  }

  members(): readonly Member[] {
    return this.host.configured().flatMap(({ name }) => this.#sessions.get(name) ?? []);
  }

  member(name: string): Member | undefined {
    return this.#sessions.get(name);
  }

  add(names: readonly string[]): void {
    this.#fleet.send({ type: "servers.added", names });
  }
  /** The old process is gone before the new one starts. */
  replace(name: string): void {
    this.#fleet.send({ type: "server.replaced", name });
  }
  remove(name: string): void {
    this.#fleet.send({ type: "server.removed", name });
  }
  retry(name: string): void {
    this.#fleet.send({ type: "retry", name });
  }

  /**
   * Settles when every first attempt is over, or after `startTimeoutMs`. Rejects when all failed, or one did and that
   * is everybody's. Where nobody is up, and a person may still sign in somewhere, that is waited for as long, and no failure.
   */
  async started(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const { clock, startTimeoutMs, strict } = this.host;
    await new Promise<void>((resolve, reject) => {
      const check = ({ context }: { context: FleetContext }) => {
        const health = healthOf(context);
        const lacking = health === "down" || (strict && health === "degraded");
        if (health !== "starting" && !(lacking && this.#someoneSignsIn)) done(resolve);
      };
      const done = (settle: () => void) => {
        clock.clearTimeout(timer);
        watching.unsubscribe();
        stop();
        settle();
      };
      const timer = clock.setTimeout(() => done(resolve), startTimeoutMs);
      const watching = this.#fleet.subscribe(check);
      const stop = whenAborted(signal, (reason) => done(() => reject(reason)));
      check(this.#fleet.getSnapshot());
    });
    const { health } = this;
    if (strict ? health !== "ready" : health === "down" && !this.#someoneSignsIn) throw this.#failure();
  }

  get #someoneSignsIn(): boolean {
    return [...this.#sessions.values()].some(({ signingIn }) => signingIn);
  }

  /** Ends the sessions, not the transports: a process that is kept is kept. */
  async close(): Promise<void> {
    this.#fleet.send({ type: "close" });
    await waitFor(this.#fleet, ({ status }) => status !== "active", {
      timeout: Number.POSITIVE_INFINITY,
    }).catch(() => {});
    await this.host.lazy?.settled();
  }

  #failure(): Lost {
    const lines = this.members()
      .filter(({ session }) => session === undefined)
      .map(({ name, status }) => `  ${name}: ${whyNot(name, status())}`);
    const message = `${lines.length} of ${this.members().length} servers could not be reached:\n${lines.join("\n")}`;
    return new Lost("not-sent", { code: "CONNECT_FAILED", message });
  }

  async #start(name: string, signal: AbortSignal): Promise<void> {
    const server = this.host.configured().find((one) => one.name === name);
    if (!server) throw new Error("it is configured no more");
    const reading = this.host.lazy?.known(server);
    const known = reading && (await reading);
    // Race: it was let go, or replaced, while its manifest was read.
    signal.throwIfAborted();
    this.#sessions.get(name)?.end();
    const hooks: MemberHooks = {
      fact: (fact, asKnown = false) => {
        this.#fleet.send({ type: "server.reported", name, fact });
        if (fact === "failed") this.host.onGone(name);
        if (fact !== "down" && !asKnown) this.host.onChange();
      },
      differs: (change) => this.host.lazy?.onDiffers(member, change),
      moved: () => this.host.onHealth(this.#fleet.getSnapshot().context.phases),
      retry: () => this.retry(name),
    };
    const member = new MemberSession(server, this.host, hooks, known);
    this.#sessions.set(name, member);
    if (known) this.host.lazy?.onKnown(member, known);
    await member.first(signal);
  }

  async #leave(name: string): Promise<void> {
    const member = this.#sessions.get(name);
    this.#sessions.delete(name);
    if (member) await this.#kept(member);
    await member?.leave();
  }

  /** What it offers may be on its way, for whoever starts it next; a server that hangs holds nobody up for long. */
  async #kept(member: MemberSession): Promise<void> {
    const { lazy, clock, closeTimeoutMs } = this.host;
    const keeping = lazy?.keeping(member);
    if (!keeping) return;
    const late = new Error("it is still being read");
    const limit = { clock, ms: closeTimeoutMs / 2, expired: () => late };
    await withDeadline(limit, (over) => untilAborted(keeping, over)).catch((error: unknown) => {
      if (error !== late) throw error;
    });
  }

  async #remove(name: string): Promise<void> {
    const member = this.#sessions.get(name);
    await this.#leave(name);
    if (member && !member.server.lent) await member.server.transport.close();
    this.host.onGone(name);
    this.host.onChange();
  }
}
