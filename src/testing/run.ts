import { whenAborted } from "../base/abort.js";
import { fieldsOf } from "../base/fields.js";
import type { Session } from "../contract/session.js";
import type { ClientTransport } from "../transports/transport.js";
import { hasTools, read } from "./asking.js";
import { firstOf, isComposite, openBeside } from "./beside.js";
import { dice } from "./faults.js";
import { type Injection, inject, type WireRecord } from "./inject.js";
import { aside, leftBehind, pause } from "./leftovers.js";
import {
  type CallRecord,
  calledBy,
  ENDED,
  MARK,
  type MakeTransport,
  type RunRecord,
  type RunSettings,
  UNSAFE,
} from "./record.js";
import type { LifecycleScript, Step } from "./script.js";

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
    const endBeside = this.script.beside ? await openBeside(transport, this.make, record) : async () => {};
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
        const mark = fieldsOf(params)[MARK];
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
    if (tools)
      void this.#track("unsafe", `ended ${i}`, session.callTool({ name: `${ENDED}${i}` }), { ended: true });
    void this.#track("read", `ended read ${i}`, session.ping(), { ended: true });
  }

  /** After a close everything that was open has ended with it. */
  async #checkEnded(): Promise<void> {
    if (this.#transport.status.state !== "closed") return;
    for (const [i, session] of this.#sessions.entries())
      void this.#track("read", `after close ${i}`, session.ping(), { ended: true });
    await this.#settle();
  }

  /** `ended`: the call is on a session that had ended. */
  #track(
    step: Step,
    name: string,
    work: Promise<unknown> | undefined,
    { ended = false } = {},
  ): Promise<void> {
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
        faults.onmessage?.({ jsonrpc: "2.0", id, result: { content: [], tools: [], [MARK]: epoch } });
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
