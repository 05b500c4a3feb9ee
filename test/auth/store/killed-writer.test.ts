import { readdirSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { expect, it } from "vitest";
import { fileStore } from "../../../src/auth/store/file.js";
import { startWriter } from "../../support/credential-writer.js";
import { credential, numberOf, SERVER, temporaryDirectory } from "../../support/credentials.js";
import { stopTime } from "../../support/fake-timers.js";

const KILLS = 100;
/** Most updates take about 3 ms; a few longer ones are to be hit as well. */
const LATEST_KILL_MS = 25;

it("a writer killed at any moment leaves the old credential or the new one, and its turn to the next", async () => {
  const directory = temporaryDirectory();
  const warnings: string[] = [];
  const store = fileStore({ directory, onWarning: (message) => warnings.push(message) });
  const start = () => startWriter(directory, SERVER, "endless");
  const left = { locks: 0, temporaries: 0 };
  // Whoever waits for a turn would wait for ever.
  stopTime();
  // The next ones start while this one is killed: to start takes longest.
  const writers = [start(), start()];
  for (let kill = 0, before = 0; kill < KILLS; kill++) {
    const writer = writers.shift()!;
    if (writers.length + kill + 1 < KILLS) writers.push(start());
    await writer.ready;
    writer.go();
    // From its first save on: on a busy machine it may be long in coming.
    await writer.saves;
    await pause(Math.random() * LATEST_KILL_MS);
    writer.kill();
    const { began, saved } = await writer.end;
    const names = readdirSync(directory);
    if (names.some((name) => name.includes(".lock-"))) left.locks++;
    if (names.some((name) => name.includes(".tmp-"))) left.temporaries++;

    const old = saved.at(-1) ?? before;
    expect(began.at(-1) ?? old).toBeLessThanOrEqual(old + 1);
    const [found] = await store.list(SERVER);
    const number = numberOf(found ? [found] : []);
    expect([old, began.at(-1) ?? old]).toContain(number);
    // Whole, and of one save.
    if (number !== before) expect(found?.tokens?.refresh_token).toBe(`${number}.`.repeat(2_000));

    await store.update(SERVER, async ({ stored, save }) => {
      expect(numberOf(stored)).toBe(number);
      await save([credential(number + 1)]);
    });
    before = number + 1;
    expect(readdirSync(directory)).toStrictEqual([
      expect.stringMatching(/^mcp\.example-[0-9a-f]{16}\.json$/),
    ]);
  }
  expect(warnings).toEqual([]);
  // Else the kills hit no update, and this test tells nothing.
  expect(left.locks).toBeGreaterThan(KILLS / 4);
  expect(left.temporaries).toBeGreaterThan(0);
}, 600_000);

it("four programs that count up fifty times each come to two hundred", async () => {
  const directory = temporaryDirectory();
  const writers = [1, 2, 3, 4].map(() => startWriter(directory, SERVER, 50));
  await Promise.all(writers.map((writer) => writer.ready));
  for (const writer of writers) writer.go();
  const ends = await Promise.all(writers.map((writer) => writer.end));
  expect(ends.map(({ code }) => code)).toEqual([0, 0, 0, 0]);
  // Each number was saved once.
  expect(ends.flatMap(({ saved }) => saved).sort((a, b) => a - b)).toEqual(
    Array.from({ length: 200 }, (_, i) => i + 1),
  );
  expect(numberOf(await fileStore({ directory }).list(SERVER))).toBe(200);
  expect(readdirSync(directory)).toHaveLength(1);
});
