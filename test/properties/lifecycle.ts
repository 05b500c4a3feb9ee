import { SdkError, SdkErrorCode } from "@modelcontextprotocol/client";
import fc from "fast-check";
import { expect } from "vitest";
import { isHoldfastError } from "../../src/base/errors.js";
import type { Session } from "../../src/contract/session.js";
import { MAX_DELAY_MS } from "../../src/machines/backoff.js";
import { edges } from "../../src/machines/edges.js";
import { ScheduledClock } from "../../src/testing/clock.js";
import { type Fate, ScriptedTransport, World } from "../support/scripted-transport.js";

const STABLE_MS = 5_000;

type Step =
  | "session"
  | "write"
  | "read"
  | "look"
  | "always"
  | "end"
  | "connect"
  | "disconnect"
  | "retry"
  | "close";

const fate: fc.Arbitrary<Fate> = fc.record(
  {
    start: fc.oneof(
      { weight: 6, arbitrary: fc.constant("opens" as const) },
      fc.constantFrom("refused" as const, "fatal" as const, "hangs" as const, "opens late" as const),
    ),
    dropAfter: fc.nat(6),
    zombie: fc.boolean(),
    deaf: fc.boolean(),
    closeHangs: fc.constantFrom(false, false, false, true),
  },
  { requiredKeys: ["start"] },
);

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.constant("session" as const) },
  { weight: 3, arbitrary: fc.constant("write" as const) },
  { weight: 2, arbitrary: fc.constant("read" as const) },
  { weight: 2, arbitrary: fc.constant("look" as const) },
  { weight: 1, arbitrary: fc.constant("always" as const) },
  { weight: 2, arbitrary: fc.constant("end" as const) },
  fc.constantFrom("connect" as const, "disconnect" as const, "retry" as const, "close" as const),
);

const script = fc.record({
  fates: fc.array(fate, { maxLength: 6 }),
  steps: fc.array(step, { minLength: 1, maxLength: 12 }),
  initial: fc.boolean(),
  keepAlive: fc.boolean(),
  maxAttempts: fc.constantFrom(undefined, 3),
});

/** Every interleaving of timers, attempts, answers, drops and the user's steps; invariants 1 to 9 of the design. */
export function lifecycleProperty(order: "ordered" | "adversarial") {
  const property = fc.asyncProperty(
    fc.scheduler(),
    script,
    async (scheduler, { fates, steps, initial, keepAlive, maxAttempts }) => {
      const clock = new ScheduledClock(scheduler, order);
      const world = new World();
      const transport = new ScriptedTransport(scheduler, clock, world, {
        fates,
        reconnect: { initial, ...(maxAttempts !== undefined && { maxAttempts }) },
        keepAlive,
      });
      const observed = observe(transport, order);
      const run = new Run(transport);
      const { task } = scheduler.scheduleSequence(
        steps.map((name, i) => ({ label: name, builder: async () => run.step(name, i) })),
      );
      await scheduler.waitIdle();
      void task;
      // A call waits for the connection when the close comes: else every timer of a call has fired before.
      run.step("disconnect", steps.length);
      run.step("look", steps.length);
      run.step("close", steps.length);
      // 5: nothing is set any more once the close has settled; later every timer has fired anyway.
      const left = transport.close().then(async () => {
        for (let i = 0; i < 20; i++) await Promise.resolve();
        return [...clock.timers.values()].map(({ due }) => due);
      });
      await scheduler.waitIdle();

      expect(clock.delays.length).toBeLessThan(2_000);
      // 3: each call settled; 7: so did every close, even when the wire hangs.
      expect(run.unsettled()).toEqual([]);
      expect(transport.status.state).toBe("closed");
      // 1 and 5: one wire at a time, and nothing left.
      expect(world.overlaps).toBe(0);
      expect([...world.open].filter((wire) => !wire.hangs).map(String)).toEqual([]);
      expect(await left).toEqual([]);
      // 2 and 8: what has ended touches no wire.
      expect(world.afterEnd).toBe(0);
      await run.checkEndedSessions();
      // 4: what may not be repeated was written once.
      expect([...world.written.keys()].filter((name) => name.startsWith("ended"))).toEqual([]);
      const unsafe = [...world.written].filter(([name]) => name.startsWith("write"));
      for (const [name, count] of unsafe) expect({ name, count }).toEqual({ name, count: 1 });
      // 6: delays stay in bounds.
      for (const delay of clock.delays) expect(delay >= 0 && delay <= MAX_DELAY_MS).toBe(true);
      expect(observed.badDelays).toEqual([]);
      // 9: only edges of the chart, in order, seen as they happen.
      expect(observed.badEdges).toEqual([]);
    },
  );
  return property.afterEach(turn);
}

/** A run is microtasks only, and what a `WeakRef` answered with stays in memory until a turn of the loop ends. */
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

const isTimeout = (error: unknown) => error instanceof SdkError && error.code === SdkErrorCode.RequestTimeout;

class Run {
  readonly #sessions: Session[] = [];
  readonly #pending = new Map<string, unknown>();
  #wrong: unknown[] = [];

  constructor(private readonly transport: ScriptedTransport) {}

  step(name: Step, i: number): void {
    const { transport } = this;
    const session = this.#sessions.at(-1);
    if (name === "session") this.#track(`session ${i}`, this.#openSession());
    else if (name === "write") this.#track(`write ${i}`, session?.callTool({ name: `write ${i}` }));
    else if (name === "read") this.#track(`read ${i}`, session?.listTools());
    // Listed as one that only reads, or vouched for by its caller: these may be written twice, and settle once.
    else if (name === "look") this.#track(`look ${i}`, session?.callTool({ name: "look" }));
    else if (name === "always")
      this.#track(`always ${i}`, session?.callTool({ name: `always ${i}` }, { replay: "always" }));
    else if (name === "end") this.#end(i);
    else if (name === "connect") this.#track(`connect ${i}`, transport.connect());
    else if (name === "disconnect") this.#track(`disconnect ${i}`, transport.disconnect());
    else if (name === "retry") transport.retryNow();
    else this.#track(`close ${i}`, transport.close());
  }

  async #openSession(): Promise<void> {
    const { transport } = this;
    const session = await transport.connectSession({
      // 8: what a wire of an old epoch says reaches nobody.
      onNotification: ({ params }) => {
        const epoch = (params as { data: number }).data;
        if (epoch !== transport.status.epoch)
          this.#wrong.push(`epoch ${epoch} spoke in epoch ${transport.status.epoch}`);
      },
    });
    this.#sessions.push(session);
  }

  /** 2: an ended session does nothing any more, though its connection lives on. */
  #end(i: number): void {
    const session = this.#sessions.shift();
    this.#track(`end ${i}`, session?.close());
    session?.callTool({ name: `ended ${i}` }).then(
      () => this.#wrong.push(`a call of an ended session was answered`),
      (error) => isHoldfastError(error, "CONNECTION_LOST") && this.#wrong.push(error),
    );
  }

  /** As text: a failure is printed, and an error's references reach the whole run. */
  unsettled(): string[] {
    return [...this.#pending.keys(), ...this.#wrong.map(String)];
  }

  async checkEndedSessions(): Promise<void> {
    for (const session of this.#sessions) {
      const error = await session.listTools().catch((reason: unknown) => reason);
      expect(isHoldfastError(error, "SESSION_CLOSED") || isHoldfastError(error, "TRANSPORT_CLOSED")).toBe(
        true,
      );
    }
  }

  #track(name: string, work: Promise<unknown> | undefined): void {
    if (!work) return;
    this.#pending.set(name, work);
    const settle = (error?: unknown) => {
      if (!this.#pending.delete(name)) this.#wrong.push(`${name} settled twice`);
      if (error !== undefined && !isHoldfastError(error) && !isTimeout(error)) this.#wrong.push(error);
    };
    work.then(() => settle(), settle);
  }
}

function observe(transport: ScriptedTransport, order: "ordered" | "adversarial") {
  const badEdges: string[] = [];
  const badDelays: unknown[] = [];
  let last = "idle";
  // The rule of the counter, told apart from the machine: attempts in a row without a connection that held 5 s.
  let row = 0;
  let connectedAt = 0;
  transport.subscribe((_status, event) => {
    if (event.type !== "transition") return;
    // A transport that was closed begins anew with another actor.
    const from = last === "closed" ? "idle" : last;
    if (event.from !== from || !edges.has(`${event.from} -> ${event.to}`))
      badEdges.push(`${last}: ${event.from} -> ${event.to}`);
    last = event.to;
    if (event.to === "closed") row = 0;
    if (event.to === "connected.steady" && event.from === "connecting.opening") connectedAt = event.at;
    if (event.from.startsWith("connected") && !event.to.startsWith("connected")) {
      const held = event.at - connectedAt;
      if (order === "ordered" && held < STABLE_MS && event.attempt !== row) badDelays.push({ row, event });
      if (held > STABLE_MS || event.attempt === 0) row = 0;
    }
    if (event.to === "connecting.opening") row++;
    if (event.to !== "connecting.waiting") return;
    const bound = Math.min(30_000, 250 * 2 ** Math.max(0, event.attempt - 2));
    if (!(event.delayMs! >= 0 && event.delayMs! <= (event.attempt <= 1 ? 0 : bound))) badDelays.push(event);
  });
  return { badEdges, badDelays };
}
