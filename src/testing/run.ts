import { type JSONRPCMessage, SdkError, SdkErrorCode } from "@modelcontextprotocol/client";
import { whenAborted } from "../base/abort.js";
import { isHoldfastError } from "../base/errors.js";
import { MCPConfigTransport } from "../composite/config-transport.js";
import type { SharedOptions } from "../contract/options.js";
import type { Session } from "../contract/session.js";
import type { ConnectionEvent } from "../contract/status.js";
import type { ClientTransport } from "../transports/transport.js";
import { dice } from "./faults.js";
import { type Injection, inject, type WireRecord } from "./inject.js";
import { aside, leftBehind, pause } from "./leftovers.js";
import type { LifecycleScript, Step } from "./script.js";

/** Makes a transport for one run. It must hand `options` on to the transport that it makes. */
export type MakeTransport = (options: RunOptions) => ClientTransport;

/** The options that a transport under test gets: deadlines that are short enough for many runs. */
export type RunOptions = Required<
  Pick<SharedOptions, "connectTimeoutMs" | "closeTimeoutMs" | "heartbeat" | "keepAlive">
> & { reconnect: { baseMs: number; capMs: number; stableAfterMs: number } };

/** A tool that may be called, with its arguments. */
export interface SafeCall {
  name: string;
  arguments?: Record<string, unknown>;
}

export interface RunSettings {
  options: RunOptions;
  /** The deadline of each call. */
  callMs: number;
  safe: readonly SafeCall[];
  seed: number;
}

export interface CallRecord {
  name: string;
  step: Step;
  startedAt: number;
  settledAt: number | undefined;
  error?: unknown;
  /** Made on a session that had ended. */
  ended: boolean;
}

/** A sibling of the connection under test, as it was before and after. */
export interface Beside {
  name: string;
  before: number;
  after: number | undefined;
  events: string[];
  error?: unknown;
}

/** All that was seen in one run: what the promises are judged by. */
export interface RunRecord {
  script: LifecycleScript;
  settings: RunSettings;
  wires: WireRecord[];
  events: ConnectionEvent[];
  /** Events that came after the last `close()` had settled. */
  eventsAfterClose: ConnectionEvent[];
  calls: CallRecord[];
  /** Words of a wire that had ended, heard by a session or taken for an answer. */
  zombies: string[];
  closeMs: number;
  state: string;
  pids: Set<number>;
  left: string[];
  beside: Beside[];
}

/** The tools that the kit itself answers; no server has them. */
const UNSAFE = "holdfast_unsafe_";
const ENDED = "holdfast_ended_";
const MARK = "holdfast/ended-wire";

/** What a message calls; empty: it calls nothing by a name. */
const calledBy = (message: JSONRPCMessage): string => {
  const name = "params" in message && (message.params as { name?: unknown } | undefined)?.name;
  return typeof name === "string" ? name : "";
};

/** How often each tool with this prefix was called. */
const callsOf = (wires: readonly WireRecord[], prefix: string): Map<string, number> => {
  const counts = new Map<string, number>();
  for (const name of wires.flatMap(({ sent }) => sent.map(calledBy)))
    if (name.startsWith(prefix)) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
};
export const unsafeWrites = (wires: readonly WireRecord[]) => callsOf(wires, UNSAFE);
export const endedWrites = (wires: readonly WireRecord[]) => callsOf(wires, ENDED);

/** Plays one script on a transport of its own. Settles when everything is closed; rejects only where `make` throws. */
export async function play(
  make: MakeTransport,
  script: LifecycleScript,
  settings: RunSettings,
): Promise<RunRecord> {
  const { result, left } = await leftBehind(async () => new Run(make, script, settings).play());
  return { ...result, left: [...result.left, ...left] };
}

class Run {
  readonly #record: RunRecord;
  readonly #transport: ClientTransport;
  readonly #injection: Injection;
  /** What a `kill` ends: in a config with several servers the first of them. */
  readonly #victim: Injection;
  readonly #sessions: Session[] = [];
  readonly #random: () => number;
  #closed = false;

  constructor(
    private readonly make: MakeTransport,
    private readonly script: LifecycleScript,
    private readonly settings: RunSettings,
  ) {
    this.#random = dice(settings.seed);
    this.#transport = make(settings.options);
    this.#injection = inject(this.#transport, {
      attempts: script.attempts,
      answer: (message) => {
        const name = calledBy(message);
        return name.startsWith(UNSAFE) || name.startsWith(ENDED)
          ? { content: [], resultType: "complete" }
          : undefined;
      },
      onwire: (wire) => this.#haunt(wire),
    });
    this.#victim = isComposite(this.#transport) ? inject(firstOf(this.#transport)) : this.#injection;
    this.#record = {
      script,
      settings,
      wires: this.#injection.wires,
      events: [],
      eventsAfterClose: [],
      calls: [],
      zombies: [],
      closeMs: 0,
      state: "",
      pids: new Set(),
      left: [],
      beside: [],
    };
  }

  async play(): Promise<RunRecord> {
    const transport = this.#transport;
    const record = this.#record;
    const unsubscribe = transport.subscribe((status, event) => {
      if (event.type === "current") return;
      record.events.push(event);
      if (this.#closed) record.eventsAfterClose.push(event);
      if (status.pid !== undefined) record.pids.add(status.pid);
    });
    const endBeside = this.script.beside ? await this.#beside() : async () => {};
    for (const [i, step] of this.script.steps.entries()) await this.#step(step, i);
    await this.#settle();
    await endBeside();
    await this.#checkEnded();
    const before = performance.now();
    await Promise.all([transport.close(), transport.close()]);
    record.closeMs = performance.now() - before;
    this.#closed = true;
    record.state = transport.status.state;
    // A moment in which nothing may happen any more.
    await pause(10);
    unsubscribe();
    for (const session of this.#sessions) await session.close();
    return record;
  }

  async #step(step: Step, i: number): Promise<void> {
    const transport = this.#transport;
    const session = this.#sessions.at(-1);
    const name = `${step} ${i}`;
    switch (step) {
      case "session":
        // Awaited for as long as one attempt may take, so that the next step has something to work on.
        await within(this.settings.options.connectTimeoutMs, this.#track(step, name, this.#open()));
        return;
      case "read":
        void this.#track(step, name, session && read(session));
        break;
      case "call": {
        const safe = this.settings.safe[Math.floor(this.#random() * this.settings.safe.length)];
        const work = safe ? session?.callTool({ ...safe }) : session && read(session);
        void this.#track(step, name, work);
        break;
      }
      case "unsafe":
        if (session && hasTools(session))
          void this.#track(step, name, session.callTool({ name: `${UNSAFE}${i}` }));
        break;
      case "end":
        await this.#end(i);
        break;
      case "connect":
        void this.#track(step, name, transport.connect());
        break;
      case "disconnect":
        void this.#track(step, name, transport.disconnect());
        break;
      case "retry":
        transport.retryNow();
        break;
      case "kill":
        this.#victim.kill();
        break;
      case "close":
        void this.#track(step, name, transport.close());
        break;
      case "rest":
        await this.#settle();
        await pause(this.settings.options.reconnect.stableAfterMs + 100);
        return;
      case "settle":
        await this.#settle();
        return;
    }
    // The step begins its work; what it leads to is not waited for.
    await pause(0);
  }

  async #open(): Promise<void> {
    const session = await this.#transport.connectSession({
      timeoutMs: this.settings.callMs,
      onNotification: ({ params }) => {
        const mark = (params as { [MARK]?: number } | undefined)?.[MARK];
        if (mark !== undefined)
          this.#record.zombies.push(`a notification of epoch ${mark} was heard after its end`);
      },
    });
    this.#sessions.push(session);
  }

  async #end(i: number): Promise<void> {
    const session = this.#sessions.shift();
    if (!session) return;
    const tools = hasTools(session);
    await this.#track("end", `end ${i}`, session.close());
    if (tools) void this.#track("unsafe", `ended ${i}`, session.callTool({ name: `${ENDED}${i}` }), true);
    void this.#track("read", `ended read ${i}`, session.ping(), true);
  }

  /** After a close everything that was open has ended with it. */
  async #checkEnded(): Promise<void> {
    if (this.#transport.status.state !== "closed") return;
    for (const [i, session] of this.#sessions.entries())
      void this.#track("read", `after close ${i}`, session.ping(), true);
    await this.#settle();
  }

  #track(step: Step, name: string, work: Promise<unknown> | undefined, ended = false): Promise<void> {
    if (!work) return Promise.resolve();
    const call: CallRecord = { name, step, startedAt: Date.now(), settledAt: undefined, ended };
    this.#record.calls.push(call);
    const settle = (): void => {
      call.settledAt = Date.now();
    };
    return work.then(
      (value) => {
        settle();
        if (JSON.stringify(value ?? null).includes(MARK))
          this.#record.zombies.push(`${name} was answered by a wire that had ended`);
      },
      (error: unknown) => {
        call.error = error;
        settle();
      },
    );
  }

  /** Until no call is pending, or each has passed its deadline by far. */
  async #settle(): Promise<void> {
    const { callMs, options } = this.settings;
    const longest = Math.max(callMs, options.connectTimeoutMs + options.closeTimeoutMs * 2) + 1_500;
    const until = Date.now() + longest;
    while (Date.now() < until && this.#record.calls.some(({ settledAt }) => settledAt === undefined))
      await pause(2);
  }

  /** Speaks for a wire after its end, as a server does that has not noticed; nobody may listen. */
  #haunt({ epoch, faults, signal }: WireRecord): void {
    const speak = () => {
      const unanswered = faults.unanswered;
      for (const id of unanswered.length > 0 ? unanswered : [0, 1, 2])
        faults.onmessage?.({
          jsonrpc: "2.0",
          id,
          result: { content: [], tools: [], [MARK]: epoch },
        } as never);
      faults.onmessage?.({
        jsonrpc: "2.0",
        method: "notifications/message",
        params: { level: "info", logger: "holdfast/testing", data: "late", [MARK]: epoch },
      });
    };
    const { inner } = faults;
    const ended = inner.onclose;
    inner.onclose = () => {
      ended?.();
      speak();
      aside(() => setTimeout(speak, 20).unref());
    };
    whenAborted(signal, () => queueMicrotask(speak));
  }

  /** Opens what must not notice this run: the siblings in a config, or a second transport of the same kind. */
  async #beside(): Promise<() => Promise<void>> {
    const own = this.#transport;
    if (isComposite(own)) return this.#siblings(own);
    const transport = this.make(this.settings.options);
    let session: Session;
    try {
      session = await transport.connectSession({ timeoutMs: this.settings.callMs });
    } catch {
      // Too slow once: there is nobody beside this story.
      await transport.close();
      return async () => {};
    }
    const finish = watch(transport, this.#record);
    return async () => {
      await finish(() => read(session));
      await transport.close();
    };
  }

  async #siblings(own: MCPConfigTransport): Promise<() => Promise<void>> {
    // The script's faults are for the transport under test; these are opened past it.
    const opened = await Promise.allSettled(
      Object.keys(own.servers).map((name) =>
        own.server(name).connectSession({ timeoutMs: this.settings.callMs }),
      ),
    );
    // Who closes a config closes its servers: that is no word on siblings.
    const others = this.script.steps.includes("close") ? [] : Object.keys(own.servers).slice(1);
    const up = others.filter((name) => own.server(name).status.state === "connected");
    const finishes = up.map((name) => watch(own.server(name), this.#record));
    return async () => {
      for (const finish of finishes) await finish(async () => {});
      for (const each of opened) if (each.status === "fulfilled") await each.value.close();
    };
  }
}

const isComposite = (transport: ClientTransport): transport is MCPConfigTransport =>
  transport instanceof MCPConfigTransport && Object.keys(transport.servers).length > 1;

const firstOf = (transport: MCPConfigTransport) => transport.server(Object.keys(transport.servers)[0]!);

function watch(
  transport: ClientTransport,
  record: RunRecord,
): (check: () => Promise<unknown>) => Promise<void> {
  const beside: Beside = {
    name: transport.name,
    before: transport.status.epoch,
    after: undefined,
    events: [],
  };
  record.beside.push(beside);
  const stop = transport.subscribe((_status, event) => {
    // A look whether it is still there is its own business.
    if (event.type !== "transition" || event.to.startsWith("connected")) return;
    beside.events.push(`${event.from} -> ${event.to} (${event.cause})`);
  });
  return async (check) => {
    await check().catch((error: unknown) => {
      beside.error = error;
    });
    stop();
    beside.after = transport.status.epoch;
  };
}

/** Settles with the work, or after so long. */
async function within(ms: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const time = new Promise<void>((resolve) => {
    timer = aside(() => setTimeout(resolve, ms));
  });
  await Promise.race([work, time]);
  clearTimeout(timer);
}

/** A call that any server answers and that changes nothing. */
const read = (session: Session): Promise<unknown> =>
  hasTools(session) ? session.listTools() : session.ping();

export const hasTools = (session: Session) => session.getServerCapabilities()?.tools !== undefined;

export const isTimeout = (error: unknown) =>
  (error instanceof SdkError && error.code === SdkErrorCode.RequestTimeout) ||
  isHoldfastError(error, "CONNECT_TIMEOUT");
