import { describe, expect, it } from "vitest";
import type { SdkTransport } from "../../src/contract/door.js";
import type { ClientTransport } from "../../src/transports/transport.js";
import { type AnyClient, CLIENTS } from "./clients.js";
import { lives, rejection, stdioFixture, until } from "./fixtures.js";

/** Gives the transports by which clients reach what serves `target`. */
export type OpenDoor = (
  target: ClientTransport,
  server: ServerCommand,
) => Promise<() => Promise<SdkTransport> | SdkTransport>;

/** The server behind the door as a command line, and where it notes what it did. */
export interface ServerCommand {
  args: string[];
  env: Record<string, string>;
}

const SERVER = "lingering-server.mjs";

async function world(open: OpenDoor) {
  const { transport, did, log } = stdioFixture({ server: SERVER });
  const connect = await open(transport, { args: [SERVER], env: { FIXTURE_LOG: log } });
  const pids = () => did().flatMap((line) => (line.startsWith("start ") ? [Number(line.slice(6))] : []));
  const killAll = async () => {
    const alive = pids().filter(lives);
    expect(alive).not.toEqual([]);
    for (const pid of alive) process.kill(pid, "SIGKILL");
    await until(() => !alive.some(lives));
  };
  const count = (word: string) => did().filter((line) => line === word).length;
  return { connect, did, pids, killAll, count };
}

const answers = async (client: AnyClient) =>
  expect(await client.call("echo", { message: "hé" })).toBe("Echo: hé");

/** What a client of any SDK may expect of any door of ours, in front of a server of the SDK 1 that is a real process. */
export function doorContract(name: string, open: OpenDoor): void {
  describe.each(Object.entries(CLIENTS))(`${name}, a client of the %s`, (kind, client) => {
    it("lists, calls, and hears of progress", async () => {
      const { connect } = await world(open);
      const one = await client(await connect());
      expect(await one.tools()).toContain("echo");
      await answers(one);
      const steps: number[] = [];
      const counted = one.call(
        "count",
        { steps: 3, ms: 100 },
        { onprogress: ({ progress }) => steps.push(progress) },
      );
      expect(await counted).toBe("counted");
      // What comes together with the answer is lost in a client of the SDK 1.
      expect(steps[0]).toBe(1);
    });

    it("cancels a call on its server", async () => {
      const { connect, count } = await world(open);
      const one = await client(await connect());
      const over = new AbortController();
      const called = rejection(one.call("never", {}, { signal: over.signal }));
      await until(() => count("never begun") === 1);
      over.abort(new Error("enough"));
      await called;
      await until(() => count("never cancelled") === 1);
      await answers(one);
    });

    it("is asked what its own call makes the server ask, and nobody else is", async () => {
      const { connect } = await world(open);
      const one = await client(await connect(), { asks: "one" });
      const two = await client(await connect(), { asks: "two" });
      const said = await Promise.all([one, two].map((each) => each.call("ask", { what: "elicitation" })));
      expect(said.map((text) => JSON.parse(text).content.name)).toEqual(["one", "two"]);
      expect([one.asked, two.asked]).toEqual([["who?"], ["who?"]]);
    });

    it("is asked in the call that runs, also after one that it gave up, which its server never answers", async () => {
      const { connect, count } = await world(open);
      const one = await client(await connect(), { asks: "one" });
      const over = new AbortController();
      const called = rejection(one.call("never", {}, { signal: over.signal }));
      await until(() => count("never begun") === 1);
      over.abort(new Error("enough"));
      await called;
      await until(() => count("never cancelled") === 1);
      expect(JSON.parse(await one.call("ask", { what: "elicitation" })).content.name).toBe("one");
    });

    it("hears that the tools are other ones", async () => {
      const { connect } = await world(open);
      const one = await client(await connect());
      await answers(one);
      await one.call("grow");
      await until(() => one.changes() > 0);
      expect((await one.tools()).some((tool) => tool.startsWith("grown-"))).toBe(true);
    });

    it("goes on when the server is killed idle", async () => {
      const { connect, killAll, pids } = await world(open);
      const one = await client(await connect());
      await answers(one);
      const before = pids().length;
      await killAll();
      // A call that is not safe to repeat may still be written to the pipe of a process that is dead.
      expect(await one.tools()).toContain("echo");
      await answers(one);
      expect(pids().length).toBeGreaterThan(before);
      expect(one.closed()).toBe(false);
    });

    it.each([{}, { asks: "one" }])(
      "gets the answer of a safe call in which the server is killed: %o",
      async (wanted) => {
        const { connect, killAll, count } = await world(open);
        const one = await client(await connect(), wanted);
        await one.tools();
        const called = one.call("linger");
        await until(() => count("linger") === 1);
        await killAll();
        expect(await called).toBe("seen");
      },
    );

    it("hears of a lost call what became of it, which is no failure of the tool, and goes on", async () => {
      const { connect, killAll, count } = await world(open);
      const one = await client(await connect());
      await one.tools();
      const called = rejection(one.call("never"));
      await until(() => count("never begun") === 1);
      await killAll();
      expect(await called).toMatchObject({
        data: { holdfast: { code: "CONNECTION_LOST", outcome: "unknown", server: expect.any(String) } },
      });
      expect(count("never begun")).toBe(1);
      await answers(one);
    });

    it("ends alone", async () => {
      const { connect } = await world(open);
      const [one, two] = [await client(await connect()), await client(await connect())];
      await Promise.all([answers(one), answers(two)]);
      await one.close();
      await answers(two);
      expect(kind && two.closed()).toBe(false);
    });
  });
}
