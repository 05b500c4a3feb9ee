import * as fc from "fast-check";
import { expect, it } from "vitest";
import { A, connection } from "../support/fake-subscriptions.js";
import { runsOf } from "../support/runs.js";
import { settled } from "../support/settling.js";

const RUNS = runsOf(1_000);

it("whatever crosses on its way, who was told to be subscribed is, at the server too, until the last one goes", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.scheduler(),
      fc.array(
        fc.record({
          who: fc.integer({ min: 0, max: 2 }),
          does: fc.constantFrom("subscribe" as const, "unsubscribe" as const, "end" as const),
        }),
        { minLength: 1, maxLength: 8 },
      ),
      async (scheduler, steps) => {
        const { subscriptions, session, client, subscribeResource, unsubscribeResource } = connection();
        let atServer = false;
        // The server does what it is asked when the request comes in, and says so when its answer arrives.
        const server = (wanted: boolean) => async () => {
          await scheduler.schedule(Promise.resolve(), "request");
          atServer = wanted;
          await scheduler.schedule(Promise.resolve(), "answer");
          return {};
        };
        subscribeResource.mockImplementation(server(true));
        unsubscribeResource.mockImplementation(server(false) as never);
        const sessions = [session(), session(), session()];
        const wants = new Map<number, boolean>();
        const ended = new Set<number>();
        const told: Promise<unknown>[] = [];
        scheduler.scheduleSequence(
          steps.map(({ who, does }) => async () => {
            if (ended.has(who)) return;
            const one = sessions[who]!;
            if (does === "end") {
              ended.add(who);
              wants.delete(who);
              (one as { ended: boolean }).ended = true;
              subscriptions.drop(one);
            } else {
              wants.set(who, does === "subscribe");
              told.push(subscriptions[does](one, A, client, {}));
            }
          }),
        );
        await scheduler.waitIdle();
        await Promise.all(told);
        await settled();
        await scheduler.waitIdle();
        expect(atServer).toBe([...wants.values()].includes(true));
      },
    ),
    { numRuns: RUNS },
  );
});
