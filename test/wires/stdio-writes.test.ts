import { describe, expect, it } from "vitest";
import { Guard } from "../../src/wires/guard.js";
import type { Lost } from "../../src/wires/lost.js";
import { request } from "../support/hand-made-wire.js";
import { rejection, until } from "../support/settling.js";
import { says, shell } from "../support/stdio-wire.js";

const MIB = 1024 * 1024;
const large = (id: number) => ({ ...request(id), params: { text: "x".repeat(MIB) } }) as never;
const cancelled = (requestId: number) =>
  ({ jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId } }) as never;
/** Reads nothing before it is told to by a signal; then says what it is sent. */
const SLEEPER = `trap 'exec cat' USR1; ${says("ready")}; while :; do sleep 0.01; done`;

async function sleeper(options: Parameters<typeof shell>[1] = {}) {
  const made = shell(SLEEPER, { maxMessageBytes: 2 * MIB, ...options });
  await made.wire.start();
  await until(() => made.heard.length === 1);
  return { ...made, wake: () => process.kill(made.wire.pid!, "SIGUSR1") };
}

describe("a server that does not read", () => {
  it("never sees a request that was cancelled while it waited, nor its cancelling", async () => {
    const { wire, heard, wake } = await sleeper();
    const first = wire.send(large(1));
    const second = rejection(wire.send(request(2)));
    const third = wire.send(request(3));
    await wire.send(cancelled(2));
    expect(await second).toMatchObject({ outcome: "not-sent" });
    wake();
    await Promise.all([first, third]);
    await wire.send(cancelled(3));
    await until(() => heard.length === 4);
    expect(heard.map(({ id, method }) => id ?? method)).toEqual(["ready", 1, 3, "notifications/cancelled"]);
  });

  it("refuses what there is no room for, by name, and takes it when there is", async () => {
    const { wire, wake, heard } = await sleeper({ name: "deaf", maxWaitingBytes: 10_000 });
    const sent = [wire.send(large(0))];
    let refused: unknown;
    for (let id = 1; refused === undefined; id++) {
      const sending = wire.send(request(id));
      refused = await Promise.race([sending.catch((error: unknown) => error), settledSoon()]);
      if (refused === undefined) sent.push(sending);
    }
    expect(refused).toMatchObject({ code: "QUEUE_FULL", server: "deaf", maxQueued: sent.length - 1 });
    expect((refused as Error).message).toMatch(
      /^deaf: the server does not read its stdin: \d+ messages wait/,
    );
    // It is no loss of a connection, which would be sent again at once.
    expect(wire.outcomeOf(refused)).toBeUndefined();
    wake();
    await Promise.all(sent);
    await wire.send(request(99));
    await until(() => heard.some(({ id }) => id === 99));
  });

  it("that ends has not been sent what waited, and may have done what was written", async () => {
    const { wire } = await sleeper();
    const answers: { id?: unknown; error?: { data: Lost } }[] = [];
    const guard = new Guard(wire, 1, { onLost: () => {} });
    guard.onmessage = (message) => void answers.push(message as never);
    await guard.start();
    const sent = [guard.send(large(1)), guard.send(request(2))];
    process.kill(-wire.pid!, "SIGKILL");
    await Promise.allSettled(sent);
    await until(() => answers.length === 2);
    expect(answers.map(({ id, error }) => [id, error!.data.outcome])).toEqual([
      [1, "unknown"],
      [2, "not-sent"],
    ]);
  });
});

const settledSoon = () => new Promise<undefined>((resolve) => setImmediate(() => resolve(undefined)));
