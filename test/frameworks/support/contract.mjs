// What each framework gets from holdfast, asked of each in the same words.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { makeWorld, until } from "./world.mjs";

const QUESTIONS = "answers a question of its own call";

/**
 * @typedef {object} Client What the suite does with a framework.
 * @property {() => Promise<string[]>} tools the names of the tools
 * @property {(name: string, args: object, options?: { signal?: AbortSignal, onprogress?: (progress: number) => void })
 *   => Promise<string>} call the text of the answer; rejects where the framework throws or shows an error
 * @property {() => Promise<void>} close
 */

/**
 * @param {string} name of the framework
 * @param {(world: object, wanted: { asks: boolean, answer: () => object, onChanged: () => void }) => Promise<Client>} open
 * @param {(error: unknown) => object} lossIn the framework's words of a lost call: `code` and `outcome`
 * @param {{ progress?: string, abort?: string, questions?: string, changes?: string }} cannot what its interface has no word
 *   for, and why
 */
export function contract(name, open, lossIn, cannot = {}) {
  describe(name, () => {
    const test = (title, run, skip) =>
      it(title, skip === undefined ? {} : { skip }, async () => {
        const world = makeWorld();
        const heard = { changes: 0, questions: 0 };
        const client = await open(world, {
          asks: title === QUESTIONS,
          answer: () => {
            heard.questions++;
            return { name: "a person" };
          },
          onChanged: () => {
            heard.changes++;
          },
        });
        try {
          await run(client, world, heard);
        } finally {
          await client.close();
          await world.end();
        }
        assert.deepEqual(world.alive(), []);
      });
    const answers = async (client) => assert.equal(await client.call("echo", { message: "hé" }), "Echo: hé");

    test("connects, lists and calls", async (client) => {
      assert.ok((await client.tools()).includes("echo"));
      await answers(client);
    });

    test(
      "hears of progress",
      async (client) => {
        await client.tools();
        const steps = [];
        const over = new AbortController();
        const options = { signal: over.signal, onprogress: (progress) => steps.push(progress) };
        // Its answer never comes: what comes together with an answer is lost in a client of SDK 1.
        const called = assert.rejects(client.call("count", { steps: 1_000_000, ms: 20 }, options));
        await until(() => steps.length > 0);
        over.abort();
        await called;
        assert.equal(steps[0], 1);
      },
      cannot.progress,
    );

    test(
      "aborts a call on its server",
      async (client, world) => {
        await client.tools();
        const over = new AbortController();
        const called = assert.rejects(client.call("never", {}, { signal: over.signal }));
        await until(() => world.count("never begun") === 1);
        over.abort();
        await called;
        await until(() => world.count("never cancelled") === 1);
        await answers(client);
      },
      cannot.abort,
    );

    test(
      QUESTIONS,
      async (client, _world, heard) => {
        await client.tools();
        const said = JSON.parse(await client.call("ask", { what: "elicitation" }));
        assert.deepEqual(said, { action: "accept", content: { name: "a person" } });
        assert.equal(heard.questions, 1);
      },
      cannot.questions,
    );

    test(
      "hears that the tools changed",
      async (client, _world, heard) => {
        await client.tools();
        await client.call("grow", {});
        await until(() => heard.changes > 0);
        assert.ok((await client.tools()).some((tool) => tool.startsWith("grown")));
      },
      cannot.changes,
    );

    test("does not notice that the idle server is killed", async (client, world) => {
      await client.tools();
      await answers(client);
      assert.ok((await world.kill()) > 0);
      await client.call("look", {});
      await answers(client);
      assert.ok(world.starts() > 1);
    });

    test("gets the answer of a safe call in which the server is killed", async (client, world) => {
      await client.tools();
      const called = client.call("linger", {});
      await until(() => world.count("linger") === 1);
      assert.ok((await world.kill()) > 0);
      assert.equal(await called, "seen");
    });

    test("is told what became of an unsafe call in which the server is killed", async (client, world) => {
      await client.tools();
      const called = assert.rejects(client.call("never", {}), (error) => {
        const { code, outcome } = lossIn(error);
        assert.deepEqual({ code, outcome }, { code: "CONNECTION_LOST", outcome: "unknown" });
        return true;
      });
      await until(() => world.count("never begun") === 1);
      assert.ok((await world.kill()) > 0);
      await called;
      assert.equal(world.count("never begun"), 1);
      await answers(client);
    });
  });
}
