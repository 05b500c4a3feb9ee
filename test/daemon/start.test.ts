import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { startDaemon } from "../../src/daemon/start.js";
import { stopTime } from "../support/fake-timers.js";
import { lives, rejection, until } from "../support/fixtures.js";
import { temporary } from "../support/temporary.js";

/** Starts a program in the place of a daemon. */
function starting(script: string) {
  const directory = temporary();
  const log = join(directory, "log");
  const started = startDaemon({ key: "0123456789abcdef", args: ["-e", script], cwd: directory, log });
  return { started, said: () => readFileSync(log, "utf8") };
}

it("a daemon that ends before it stands is told, with its log", async () => {
  const { started, said } = starting("console.error('why'); process.exit(3)");
  expect(await rejection(started)).toMatchObject({
    message: expect.stringMatching(/^the daemon ended before it stood \(exit code 3\); see .*log$/),
  });
  expect(said()).toBe("why\n");
});

it("one that does not say that it stands is ended after a minute: who starts it holds the lock", async () => {
  const pass = stopTime();
  const { started, said } = starting("console.error(process.pid); setInterval(() => {}, 1000)");
  const failed = rejection(started);
  await until(() => said().endsWith("\n"));
  await pass(60_000);
  expect(await failed).toMatchObject({
    message: expect.stringMatching(/^the daemon did not stand within 60 s; see .*log$/),
  });
  await until(() => !lives(Number(said())));
});
