import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Catalog } from "../../src/composite/catalog.js";
import { Claims } from "../../src/composite/claims.js";
import type { ConfiguredServer } from "../../src/composite/configured-server.js";
import { Members } from "../../src/composite/members.js";
import { bare } from "../../src/composite/naming.js";
import { PresentedMembers } from "../../src/composite/presented.js";
import { Gateway } from "../../src/gateway/gateway.js";
import { ScheduledClock } from "../../src/testing/clock.js";
import { runsOf } from "../support/runs.js";
import { type Fate, ScriptedTransport, World } from "../support/scripted-transport.js";

// Each case is a whole fleet, and takes as long as ten connections.
const runs = runsOf(300);

const illness: fc.Arbitrary<Fate> = fc.record(
  {
    start: fc.constantFrom(
      "opens" as const,
      "refused" as const,
      "fatal" as const,
      "hangs" as const,
      "opens late" as const,
    ),
    dropAfter: fc.nat(4),
    zombie: fc.boolean(),
    deaf: fc.boolean(),
    closeHangs: fc.boolean(),
  },
  { requiredKeys: ["start"] },
);
const step = fc.constantFrom(
  "retry" as const,
  "replace" as const,
  "remove" as const,
  "add" as const,
  "close" as const,
);

const fleet = fc.record({
  ill: fc.array(fc.array(illness, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 3 }),
  well: fc.integer({ min: 1, max: 3 }),
  maxStarts: fc.integer({ min: 1, max: 3 }),
  steps: fc.array(fc.tuple(step, fc.nat(2)), { maxLength: 6 }),
});

/** 10: in a fleet, what one child does changes no sibling. */
function fleetProperty(order: "ordered" | "adversarial") {
  return fc
    .asyncProperty(fc.scheduler(), fleet, async (scheduler, { ill, well, maxStarts, steps }) => {
      const clock = new ScheduledClock(scheduler, order);
      const servers = new Map<string, ConfiguredServer>();
      const transports: ScriptedTransport[] = [];
      const worlds: World[] = [];
      let mostStarting = 0;
      const addServer = (name: string, fates: Fate[]) => {
        const world = new World();
        const script = { fates, reconnect: { initial: true }, keepAlive: false };
        const transport = new ScriptedTransport(scheduler, clock, world, script);
        transports.push(transport);
        worlds.push(world);
        servers.set(name, {
          name,
          config: { command: name },
          transport,
          may: () => true,
          timeoutMs: undefined,
        });
        return transport;
      };
      ill.forEach((fates, i) => void addServer(`ill-${i}`, fates));
      const healthy = Array.from({ length: well }, (_, i) => addServer(`well-${i}`, []));
      const lapses: string[] = [];
      healthy.forEach((transport, i) => {
        transport.subscribe((_status, event) => {
          if (event.type !== "transition") return;
          // A slow attempt of its own is all that may hold it up.
          const own = ["lease.acquired", "wire.opened", "attempt.timed-out", "retry.due"];
          if (!own.includes(event.cause) && !closing) lapses.push(`well-${i}: ${event.cause} -> ${event.to}`);
        });
      });
      let closing = false;
      const catalog: Catalog = new Catalog({
        members: () => members.members(),
        member: (name) => members.member(name),
        servers: () => [...servers.keys()],
        rule: bare,
        uriPrefix: true,
        claims: { tools: new Claims(), prompts: new Claims() },
        listWaitMs: 1_000,
        listTimeoutMs: 1_000,
        report: () => {},
        onLate: () => {},
        onSlow: () => {},
      });
      const gateway: Gateway = new Gateway({
        presented: new PresentedMembers(catalog, () => members.members()),
        contextOf: () => undefined,
        report: () => {},
      });
      const members: Members = new Members({
        clock,
        name: "fleet",
        maxStarts,
        startTimeoutMs: 10_000,
        closeTimeoutMs: 60_000,
        strict: false,
        configured: () => [...servers.values()],
        clientInfo: { name: "test", version: "1" },
        capabilities: {},
        gateway: () => gateway,
        onChange: () => gateway.changed(),
        onGone: (name) => catalog.drop(name),
        onHealth: (phases) => {
          const starting = Object.values(phases).filter((phase) => phase === "starting").length;
          mostStarting = Math.max(mostStarting, starting);
        },
      });
      const { task } = scheduler.scheduleSequence(
        steps.map(([name, which], i) => ({
          label: name,
          builder: async () => {
            const target = `ill-${which % ill.length}`;
            if (name === "retry") members.retry(target);
            if (name === "close") void servers.get(target)?.transport.close();
            if (name === "replace" && servers.has(target)) {
              const { transport } = servers.get(target)!;
              addServer(target, [{ start: "opens" }]);
              members.replace(target);
              void transport.close();
            }
            if (name === "remove" && servers.delete(target)) members.remove(target);
            if (name === "add") {
              addServer(`late-${i}`, [{ start: "opens" }]);
              members.add([`late-${i}`]);
            }
          },
        })),
      );
      await scheduler.waitIdle();
      void task;

      expect(lapses).toEqual([]);
      expect(mostStarting).toBeLessThanOrEqual(maxStarts);
      healthy.forEach(({ status }, i) => {
        expect(status, `well-${i}`).toMatchObject({ state: "connected", leases: 1 });
        expect(members.members().find(({ name }) => name === `well-${i}`)?.session?.ended).toBe(false);
      });
      closing = true;
      let closed = false;
      void members.close().then(() => {
        closed = true;
      });
      await scheduler.waitIdle();
      expect(closed).toBe(true);
      expect(members.health).toBe("closed");
      for (const transport of transports) void transport.close();
      await scheduler.waitIdle();
      expect(transports.map(({ status }) => status.state)).toEqual(transports.map(() => "closed"));
      expect([...clock.timers.values()]).toEqual([]);
      for (const world of worlds) {
        expect(world.overlaps).toBe(0);
        expect([...world.open].filter((wire) => !wire.hangs).map(String)).toEqual([]);
      }
    })
    .afterEach(() => new Promise<void>((resolve) => setImmediate(resolve)));
}

describe("in a fleet, what one server does changes no sibling", () => {
  it("with timers that fire in order", () => fc.assert(fleetProperty("ordered"), { numRuns: runs }), 600_000);
  it(
    "with timers that fire in any order",
    () => fc.assert(fleetProperty("adversarial"), { numRuns: runs }),
    600_000,
  );
});
