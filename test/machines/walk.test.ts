import { describe, expect, it } from "vitest";
import { createActor } from "xstate";
import { connectionMachine } from "../../src/machines/connection.js";
import type { Failure } from "../../src/machines/failure.js";
import type { ConnectionContext, ConnectionPolicy } from "../../src/machines/reducers.js";

/** The machine with effects that settle when the walk says so, and a clock that moves when it says so. */
class Rig {
  readonly #timers = new Map<number, { due: number; fn: () => void }>();
  readonly #effects = new Map<string, { resolve(): void; reject(failure: Failure): void }>();
  readonly taken = new Set<string>();
  readonly actor;
  #now = 0;
  #next = 0;

  constructor(policy: ConnectionPolicy) {
    const effect = (name: string) => () =>
      new Promise<void>((resolve, reject) => this.#effects.set(name, { resolve, reject }));
    const effects = {
      open: effect("open"),
      probe: effect("probe"),
      authorize: effect("authorize"),
      dispose: effect("dispose"),
    };
    this.actor = createActor(connectionMachine, {
      input: { policy, epoch: 0, now: () => this.#now, random: () => 0.5, effects },
      clock: {
        setTimeout: (fn: () => void, ms: number) => {
          this.#timers.set(++this.#next, { due: this.#now + ms, fn });
          return this.#next;
        },
        clearTimeout: (id: number) => void this.#timers.delete(id),
      },
      inspect: (event) => {
        if (event.type !== "@xstate.microstep" || event.actorRef !== this.actor) return;
        for (const transition of event._transitions) this.taken.add(nameOf(transition));
      },
    });
    this.actor.start();
  }

  get context(): ConnectionContext {
    return this.actor.getSnapshot().context;
  }

  /** Whether the act could change anything: an effect that runs, a timer that is set. */
  can(name: string): boolean {
    const [kind, what] = name.split(":") as [string, string?];
    if (kind === "timer") return this.#timers.size > 0;
    const running = Object.values(this.actor.getSnapshot().children).map(
      (child) => (child as { id: string }).id,
    );
    return (
      what === undefined ||
      !["open", "probe", "authorize", "dispose"].includes(what) ||
      running.includes(what)
    );
  }

  async act(name: string): Promise<void> {
    const { epoch } = this.context;
    const failure: Failure = { code: "CONNECT_FAILED", message: "refused" };
    const [kind, what] = name.split(":") as [string, string];
    if (kind === "send") this.actor.send({ type: what, epoch, failure } as never);
    else if (kind === "stale") this.actor.send({ type: what, epoch: epoch - 1, failure } as never);
    else if (kind === "fatal")
      this.actor.send({ type: what, epoch, failure: { ...failure, fatal: true } } as never);
    else if (kind === "done") this.#effects.get(what)?.resolve();
    else if (kind === "error") this.#effects.get(what)?.reject(failure);
    else if (kind === "wanted")
      this.#effects.get(what)?.reject({ ...failure, fatal: true, authorizable: true });
    else if (kind === "fatal-error") this.#effects.get(what)?.reject({ ...failure, fatal: true });
    else this.#fire();
    // Effects settle in promises.
    for (let i = 0; i < 5; i++) await Promise.resolve();
  }

  /** What distinguishes one state from another for the guards. */
  key(): string {
    const { status, value } = this.actor.getSnapshot();
    const { leases, pinned, demanded, reached, leaving, reopen, attempt } = this.context;
    return JSON.stringify([
      status,
      value,
      Math.min(leases, 2),
      pinned,
      demanded,
      reached,
      leaving,
      reopen,
      Math.min(attempt, 3),
    ]);
  }

  #fire(): void {
    const [first] = [...this.#timers.entries()].sort(([, a], [, b]) => a.due - b.due);
    if (!first) return;
    this.#timers.delete(first[0]);
    this.#now = Math.max(this.#now, first[1].due);
    first[1].fn();
  }
}

type Transition = {
  source: { id: string };
  eventType: string;
  target?: readonly { id: string }[] | undefined;
  guard?: unknown;
};
const nameOf = ({ source, eventType, target, guard }: Transition) =>
  `${source.id} on ${eventType} ${JSON.stringify(guard ?? "")} to ${target?.map((t) => t.id).join() ?? "itself"}`;

function allTransitions(node: typeof connectionMachine.root, into = new Set<string>()): Set<string> {
  for (const transitions of node.transitions.values())
    for (const transition of transitions) into.add(nameOf(transition));
  for (const child of Object.values(node.states)) allTransitions(child as typeof node, into);
  return into;
}

const ACTS = [
  ...[
    "connect",
    "demand",
    "demand.withdrawn",
    "lease.acquired",
    "lease.released",
    "disconnect",
    "close",
    "retry.now",
    "wire.doubted",
    "credential.refused",
    "wire.lost",
  ].map((type) => `send:${type}`),
  "stale:wire.lost",
  "stale:wire.doubted",
  "stale:credential.refused",
  "wanted:open",
  "fatal:wire.lost",
  "send:idle.elapsed",
  ...["open", "probe", "authorize", "dispose"].flatMap((effect) => [
    `done:${effect}`,
    `error:${effect}`,
    `fatal-error:${effect}`,
  ]),
  "timer",
];

const POLICY: ConnectionPolicy = {
  baseMs: 250,
  capMs: 30_000,
  maxAttempts: 2,
  maxElapsedMs: Number.POSITIVE_INFINITY,
  initial: false,
  connectTimeoutMs: 30_000,
  closeTimeoutMs: 5_000,
  probeTimeoutMs: 5_000,
  authorizeTimeoutMs: 300_000,
  stableAfterMs: 20_000,
  idleTimeoutMs: 60_000,
  keepAlive: false,
};

/** Breadth first over everything that can happen, each path replayed on an actor of its own. */
async function walk(policy: ConnectionPolicy, depth: number) {
  const taken = new Set<string>();
  const seen = new Map<string, string[]>();
  let frontier: string[][] = [[]];
  for (let level = 0; level <= depth && frontier.length > 0; level++) {
    const next: string[][] = [];
    for (const path of frontier) {
      const rig = new Rig(policy);
      for (const act of path) await rig.act(act);
      for (const transition of rig.taken) taken.add(transition);
      const snapshot = rig.actor.getSnapshot();
      expect(snapshot.status, path.join(", ")).not.toBe("error");
      const key = rig.key();
      const known = seen.has(key);
      const acts = ACTS.filter((act) => rig.can(act));
      if (!known) seen.set(key, path);
      rig.actor.stop();
      if (!known && snapshot.status === "active") next.push(...acts.map((act) => [...path, act]));
    }
    frontier = next;
  }
  return { taken, seen };
}

describe("the exhaustive walk of the chart", () => {
  it("takes every transition, from every state that can be reached", async () => {
    const policies = [POLICY, { ...POLICY, initial: true }, { ...POLICY, keepAlive: true }];
    const walks = [];
    for (const policy of policies) walks.push(await walk(policy, 12));
    const taken = new Set(walks.flatMap((w) => [...w.taken]));
    const missing = [...allTransitions(connectionMachine.root)].filter(
      (transition) => !taken.has(transition),
    );
    console.log(
      `${walks.map((w) => w.seen.size).join(" + ")} states, ${taken.size} transitions taken, ${missing.length} missing`,
    );
    expect(missing).toEqual([]);
  }, 600_000);
});
