import type { ClientCapabilities, Implementation } from "@modelcontextprotocol/client";
import { type ActorRefFrom, createActor, waitFor } from "xstate";
import { controllerForMany } from "../base/abort.js";
import { messageOf } from "../base/errors.js";
import type { ServerConfig } from "../config/server.js";
import type { Session, SessionOptions } from "../contract/session.js";
import type { ConnectionEvent, ConnectionStatus } from "../contract/status.js";
import type { Clock } from "../machines/clock.js";
import { type FleetContext, fleetMachine, healthOf } from "../machines/fleet.js";
import type { FleetHealth } from "../machines/fleet-health.js";
import type { MemberPhase } from "../machines/member.js";
import type { ClientTransport } from "../transports/transport.js";
import { Lost } from "../wires/lost.js";
import { askable, type Gateway } from "./gateway.js";
import type { Member } from "./member.js";
import type { ToolRules } from "./transforms.js";

/** One configured server: how it is reached, and what the config says of it. */
export interface ConfiguredServer extends ToolRules {
  readonly name: string;
  /** As the config has it; its transport lives for as long as that does not change. */
  readonly config: ServerConfig;
  readonly transport: ClientTransport;
  readonly timeoutMs: number | undefined;
}

export interface MembersHost {
  clock: Clock;
  name: string;
  maxStarts: number;
  startTimeoutMs: number;
  closeTimeoutMs: number;
  /** Whether one failure is everybody's. */
  strict: boolean;
  /** The configured servers as they are now, in the declared order. */
  configured(): readonly ConfiguredServer[];
  /** The client's handshake, which the servers' follow. */
  clientInfo: Implementation;
  capabilities: ClientCapabilities;
  gateway(): Gateway;
  /** The phases may have changed, and with them the health. */
  onHealth(phases: Readonly<Record<string, MemberPhase>>): void;
}

/** The sessions that one front has on its servers: opened by the fleet, each on its own, and closed together. */
export class Members {
  readonly #fleet: ActorRefFrom<ReturnType<typeof fleetMachine>>;
  readonly #sessions = new Map<string, MemberSession>();

  constructor(private readonly host: MembersHost) {
    const { maxStarts, startTimeoutMs, closeTimeoutMs, clock } = host;
    const machine = fleetMachine({
      start: (name, signal) => this.#start(name, signal),
      leave: (name, forGood) => this.#leave(name, forGood),
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
        signal.removeEventListener("abort", onAbort);
        settle();
      };
      const onAbort = () => done(() => reject(signal.reason));
      const timer = clock.setTimeout(() => done(resolve), startTimeoutMs);
      const watching = this.#fleet.subscribe(check);
      signal.addEventListener("abort", onAbort, { once: true });
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
    this.#sessions.get(name)?.end();
    const member = new MemberSession(server, this.host, {
      fact: (fact) => {
        this.#fleet.send({ type: "server.reported", name, fact });
        if (fact === "failed") this.host.gateway().catalog.drop(name);
        if (fact !== "down") this.host.gateway().changed();
      },
      retry: () => this.retry(name),
    });
    this.#sessions.set(name, member);
    await member.first(signal);
  }

  async #leave(name: string, forGood: boolean): Promise<void> {
    const member = this.#sessions.get(name);
    this.#sessions.delete(name);
    await member?.leave();
    if (!forGood) return;
    await member?.server.transport.close();
    this.host.gateway().catalog.drop(name);
    this.host.gateway().changed();
  }
}

const WAITS = "waits for a person to sign in";
const waitsForPerson = ({ authorizing }: ConnectionStatus) => authorizing?.step === "waiting";

function whyNot(name: string, status: ConnectionStatus): string {
  if (waitsForPerson(status)) return WAITS;
  const [line] = status.lastError?.message.split("\n") ?? [];
  // Some errors begin with the name themselves.
  return line?.replace(`${name}: `, "") ?? "it did not answer in time";
}

interface MemberHooks {
  fact(fact: "up" | "down" | "failed"): void;
  /** Somebody else brought the server back after it had failed for good. */
  retry(): void;
}

/** The session on one server, and what is known of that server meanwhile. */
class MemberSession implements Member {
  session: Session | undefined;
  /** From when a person was asked until what came of it is known. */
  signingIn = false;
  readonly #abort = controllerForMany();
  readonly #opening: Promise<Session>;
  readonly #unsubscribe: () => void;
  #firstFailed: (reason: Error) => void = () => {};

  constructor(
    readonly server: ConfiguredServer,
    private readonly host: MembersHost,
    private readonly hooks: MemberHooks,
  ) {
    this.#opening = this.#open();
    this.#opening.catch(() => {});
    this.#unsubscribe = server.transport.subscribe((status, event) => this.#watch(status, event));
  }

  get name() {
    return this.server.name;
  }
  get tools() {
    return this.server.tools;
  }
  get includeTags() {
    return this.server.includeTags;
  }
  get excludeTags() {
    return this.server.excludeTags;
  }
  get timeoutMs() {
    return this.server.timeoutMs;
  }

  status = () => this.server.transport.status;

  /** The first attempt only; the transport goes on by itself. */
  async first(signal: AbortSignal): Promise<void> {
    const failed = new Promise<never>((_, reject) => {
      this.#firstFailed = reject;
      signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    });
    await Promise.race([this.#opening, failed]);
  }

  async opened(signal: AbortSignal): Promise<Session> {
    const given = new Promise<never>((_, reject) =>
      signal.addEventListener("abort", () => reject(this.#unreached(signal.reason)), { once: true }),
    );
    return Promise.race([this.#opening, given]);
  }

  async leave(): Promise<void> {
    this.end();
    await this.session?.close();
  }

  end(): void {
    this.#unsubscribe();
    this.#abort.abort(new Error("the composite let it go"));
  }

  async #open(): Promise<Session> {
    const { clientInfo } = this.host;
    const gateway = this.host.gateway();
    const { sampling, elicitation, roots } = askable(this.host.capabilities);
    const ask =
      (method: string) =>
      (params: unknown, { signal }: { signal: AbortSignal }) =>
        gateway.ask(
          this,
          { method, ...(params !== undefined && { params: params as Record<string, unknown> }) },
          signal,
        );
    const options: SessionOptions = {
      clientInfo,
      timeoutMs: 0,
      signal: this.#abort.signal,
      capabilities: askable(this.host.capabilities),
      ...(sampling && { sampling: ask("sampling/createMessage") as never }),
      ...(elicitation && { elicitation: ask("elicitation/create") as never }),
      onNotification: (notification) => gateway.heard(this, notification as never),
      onError: () => {},
      ...(gateway.level && { logLevel: gateway.level }),
    };
    try {
      const session = await this.server.transport.connectSession(options);
      if (roots)
        session.setRequestHandler(
          "roots/list",
          (_request, ctx) => gateway.ask(this, { method: "roots/list" }, ctx.mcpReq.signal) as never,
        );
      this.session = session;
      this.signingIn = false;
      session.onclose = () => {
        this.session = undefined;
        if (!this.#abort.signal.aborted) this.hooks.fact("failed");
      };
      this.hooks.fact("up");
      return session;
    } catch (error) {
      this.signingIn = false;
      if (!this.#abort.signal.aborted) this.hooks.fact("failed");
      throw error;
    }
  }

  #watch(status: ConnectionStatus, event: ConnectionEvent): void {
    const asks = (event.type === "authorizing" || event.type === "current") && waitsForPerson(status);
    // Nobody waits for a person; who signs in later joins later. Not at once: the crew may not know this hand yet.
    if (asks)
      queueMicrotask(() => {
        if (this.session || this.#abort.signal.aborted) return;
        this.signingIn = true;
        this.#firstFailed(new Error(WAITS));
        this.hooks.fact("down");
      });
    if (event.type !== "transition") return;
    if (event.to === "connecting.waiting" || event.to === "idle") {
      this.signingIn = false;
      this.#firstFailed(new Error(event.error?.message ?? "it was let go"));
      this.hooks.fact("down");
    }
    if (event.to !== "connected.steady" || event.from !== "connecting.opening") return;
    if (this.session) this.hooks.fact("up");
    else if (this.#abort.signal.aborted === false) void this.#opening.catch(() => this.hooks.retry());
  }

  #unreached(reason: unknown): Error {
    const status = this.status();
    if (waitsForPerson(status)) return new Error(`${this.name} ${WAITS} (${messageOf(reason)})`);
    const { state, detail, attempt, lastError } = status;
    const why = lastError ? `: ${lastError.message}` : "";
    return new Error(`${this.name} was ${detail ?? state}, attempt ${attempt}${why} (${messageOf(reason)})`);
  }
}
