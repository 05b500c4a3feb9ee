import type { JSONRPCMessage } from "@modelcontextprotocol/client";
import type fc from "fast-check";
import { HoldfastError, type Outcome } from "../../src/base/errors.js";
import type { ReconnectOptions, SharedOptions } from "../../src/contract/options.js";
import type { AttemptContext, Wire } from "../../src/contract/wire.js";
import type { Clock } from "../../src/machines/clock.js";
import { ClientTransport } from "../../src/transports/transport.js";
import { Lost } from "../../src/wires/lost.js";

/** What one attempt meets. */
export interface Fate {
  start: "opens" | "refused" | "fatal" | "hangs" | "opens late";
  /** The server goes away after so many answers; undefined: never. */
  dropAfter?: number;
  /** Answers come also after the wire is gone. */
  zombie?: boolean;
  /** A probe of a doubtful wire is not answered. */
  deaf?: boolean;
  /** The wire never ends when it is closed. */
  closeHangs?: boolean;
}

/** Everything that happened to the servers of a run: what the invariants are checked against. */
export class World {
  readonly open = new Set<ScriptedWire>();
  /** How often each call was written to a wire, by its name. */
  readonly written = new Map<string, number>();
  /** Wires that were open beside another one. */
  overlaps = 0;
  /** Messages that a wire took after its end. */
  afterEnd = 0;
}

const CLOSE_TIMEOUT_MS = 5_000;
const gone = { code: "CONNECTION_LOST", message: "the scripted server went away" };

type Scheduler = Pick<fc.Scheduler, "schedule">;

/** A wire to a server that exists only in the script of a run: every step is a task of the scheduler. */
export class ScriptedWire implements Wire {
  onclose?: Wire["onclose"];
  onerror?: Wire["onerror"];
  onmessage?: Wire["onmessage"];
  onDoubt?: Wire["onDoubt"];
  readonly failure = gone;
  get hangs(): boolean {
    return this.fate.closeHangs === true;
  }
  #answers = 0;
  #ended = false;
  #closingSince: number | undefined;

  constructor(
    private readonly scheduler: Scheduler,
    private readonly clock: Clock,
    private readonly world: World,
    private readonly fate: Fate,
    private readonly attempt: AttemptContext,
  ) {}

  toString(): string {
    return `the wire of epoch ${this.attempt.epoch}`;
  }

  async start(): Promise<void> {
    const { start } = this.fate;
    if (start === "hangs") return new Promise(() => {});
    await this.scheduler.schedule(Promise.resolve(), `open ${this.attempt.epoch}`);
    if (this.#ended) throw new Lost("not-sent", gone);
    if (start === "refused") throw new Lost("not-sent", { code: "CONNECT_FAILED", message: "refused" });
    if (start === "fatal") throw new HoldfastError("SPAWN_FAILED", "no such command", {});
    // A wire that was closed while it opened stays closed.
    if (this.#closingSince !== undefined || start === "opens late") return;
    this.connect();
  }

  /** There is a connection to the server from here on. */
  connect(): void {
    if (this.#inTime() && [...this.world.open].some((other) => other.#inTime())) this.world.overlaps++;
    this.world.open.add(this);
    if (this.fate.dropAfter === 0) this.#dropSoon();
  }

  async send(message: JSONRPCMessage): Promise<void> {
    if (this.#ended || this.attempt.signal.aborted) {
      this.world.afterEnd++;
      throw new Lost("not-sent", gone);
    }
    const { method, id, params } = message as { method?: string; id?: unknown; params?: { name?: string } };
    if (method === "tools/call")
      this.world.written.set(params!.name!, (this.world.written.get(params!.name!) ?? 0) + 1);
    if (id === undefined || method === undefined) return;
    if (method === "ping" && this.fate.deaf) return;
    void this.scheduler.schedule(Promise.resolve(), `answer ${method} ${this.attempt.epoch}`).then(() => {
      if (this.#ended && !this.fate.zombie) return;
      // Each answer follows a word of its own, which says from which epoch it comes.
      const data = this.attempt.epoch;
      if (method !== "initialize")
        this.onmessage?.({
          jsonrpc: "2.0",
          method: "notifications/message",
          params: { level: "info", data },
        });
      this.onmessage?.({ jsonrpc: "2.0", id, result: resultOf(method) } as never);
      if (++this.#answers === this.fate.dropAfter) this.#dropSoon();
    });
  }

  outcomeOf(error: unknown): Outcome {
    return error instanceof Lost ? error.outcome : "unknown";
  }

  async close(): Promise<void> {
    this.#closingSince ??= this.clock.now();
    if (this.fate.closeHangs) return new Promise(() => {});
    await this.scheduler.schedule(Promise.resolve(), `close ${this.attempt.epoch}`);
    this.#end();
  }

  /** Open, or being closed within the deadline for that. One that connected after its attempt was given up is no fault. */
  #inTime(): boolean {
    if (this.attempt.signal.aborted && this.fate.start === "opens late") return false;
    return this.#closingSince === undefined || this.clock.now() - this.#closingSince < CLOSE_TIMEOUT_MS;
  }

  #dropSoon(): void {
    void this.scheduler.schedule(Promise.resolve(), `drop ${this.attempt.epoch}`).then(() => this.#end());
    void this.scheduler
      .schedule(Promise.resolve(), `doubt ${this.attempt.epoch}`)
      .then(() => this.onDoubt?.(new Error("cut")));
  }

  #end(): void {
    this.world.open.delete(this);
    if (this.#ended) return;
    this.#ended = true;
    this.onclose?.();
  }
}

function resultOf(method: string): object {
  if (method === "initialize") {
    return {
      protocolVersion: "2025-11-25",
      capabilities: { tools: {} },
      serverInfo: { name: "scripted", version: "1" },
    };
  }
  if (method === "tools/list")
    return {
      tools: [{ name: "look", inputSchema: { type: "object" }, annotations: { readOnlyHint: true } }],
    };
  if (method === "tools/call") return { content: [] };
  return {};
}

export interface ScriptOptions {
  fates: Fate[];
  reconnect: ReconnectOptions;
  keepAlive: boolean;
  replay?: SharedOptions["replay"];
  random?: () => number;
}

/** A transport whose servers follow a script; attempts after its end meet the last fate that opens. */
export class ScriptedTransport extends ClientTransport {
  constructor(
    private readonly scheduler: Scheduler,
    private readonly clock: Clock,
    readonly world: World,
    private readonly script: ScriptOptions,
  ) {
    const { reconnect, keepAlive, random } = script;
    super(
      {
        era: "legacy",
        reconnect,
        keepAlive,
        connectTimeoutMs: 30_000,
        closeTimeoutMs: CLOSE_TIMEOUT_MS,
        idleTimeoutMs: 60_000,
      },
      { kind: "scripted", name: "scripted", clock, random: random ?? (() => 0.5) },
    );
  }

  protected override async openWire(attempt: AttemptContext): Promise<Wire> {
    const { epoch } = attempt;
    const fate = this.script.fates[epoch - 1] ?? { start: "opens" };
    const wire = new ScriptedWire(this.scheduler, this.clock, this.world, fate, attempt);
    if (fate.start !== "opens late") return wire;
    // Connects while it is being made, and comes back however late: nobody may use it then, and somebody must close it.
    await this.scheduler.schedule(Promise.resolve(), `make ${epoch}`);
    wire.connect();
    await this.scheduler.schedule(Promise.resolve(), `made ${epoch}`);
    return wire;
  }

  override fork(): ScriptedTransport {
    return new ScriptedTransport(this.scheduler, this.clock, this.world, this.script);
  }
}
