import { describe, expect, it } from "vitest";
import { FakeServer } from "../../src/testing/fake-server.js";
import type { ClientTransport } from "../../src/transports/transport.js";
import { closing } from "../support/fixtures.js";

const does = {
  opens: (transport: ClientTransport) => transport.connectSession(),
  uses: (transport: ClientTransport) => transport.withSession(() => {}),
  connects: (transport: ClientTransport) => transport.connect(),
  disconnects: (transport: ClientTransport) => transport.disconnect(),
};
type Step = keyof typeof does;

const microtasks = async (count: number) => {
  for (let i = 0; i < count; i++) await Promise.resolve();
};

describe("a closed connection", () => {
  const stories: Step[][] = [
    ["opens", "opens", "disconnects"],
    ["opens", "disconnects", "opens"],
    ["opens", "disconnects", "disconnects"],
    ["uses", "opens", "opens"],
    ["uses", "disconnects", "uses"],
    ["connects", "disconnects", "opens"],
    ["connects", "opens", "disconnects"],
  ];
  // Each wait is another interleaving of the machine's steps, the handshake's and the callers'.
  const waits = [5, 10, 30, 60].flatMap((first) => [0, 3, 8, 20].map((second) => [first, second]));

  it.each(stories)("holds no session, whoever was about to get one: %s, %s, %s", async (...story) => {
    for (const [first, second] of waits) {
      const transport = closing(new FakeServer([{ name: "echo" }]).transport());
      const ends: Promise<unknown>[] = [];
      for (const [i, step] of (story as Step[]).entries()) {
        ends.push(does[step](transport));
        ends.at(-1)!.catch(() => {});
        await microtasks([first!, second!, 0][i]!);
      }
      await transport.close();
      await Promise.allSettled(ends);
      await transport.close();
      expect(transport.status, `${first}, ${second}`).toMatchObject({ state: "closed", leases: 0 });
    }
  });

  it("counts each open session before that", async () => {
    const transport = closing(new FakeServer([{ name: "echo" }]).transport());
    const [first] = await Promise.all([transport.connectSession(), transport.connectSession()]);
    expect(transport.status.leases).toBe(2);
    await first.close();
    expect(transport.status.leases).toBe(1);
  });
});
