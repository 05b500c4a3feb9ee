import { once } from "node:events";
import { describe, expect, it, onTestFinished } from "vitest";
import { stopTime } from "../support/fake-timers.js";
import {
  doesNothing,
  expectGone,
  failureOf,
  refuseLastToken,
  signsIn,
  until,
  withPerson,
} from "../support/person.js";
import { eventually } from "../support/settling.js";

const echo = { name: "echo", arguments: { message: "hi" } };
const echoed = { content: [{ type: "text", text: "Echo: hi" }] };

/** A sign-in that has come to the person. */
const waiting = (transport: Parameters<typeof until>[0]) =>
  until(transport, ({ authorizing }) => authorizing?.step === "waiting");

describe("a sign-in that is given up while a person is waited for", () => {
  it("by disconnect()", async () => {
    const { transport, asked } = await withPerson(doesNothing);
    const opening = failureOf(transport.connectSession());
    await waiting(transport);
    stopTime();
    await transport.disconnect();
    expect(await opening).toMatchObject({ code: "CONNECTION_LOST", outcome: "not-sent" });
    expect(transport.status).toMatchObject({ state: "idle", authorizing: undefined });
    await aborted(asked[0]!.context.signal);
    await gone(asked[0]!.context.redirectUrl);
  });

  it("by close()", async () => {
    const { transport, asked } = await withPerson(doesNothing);
    const opening = failureOf(transport.connectSession());
    await waiting(transport);
    stopTime();
    await transport.close();
    expect(await opening).toMatchObject({
      code: "TRANSPORT_CLOSED",
      message: "files: the transport was closed",
    });
    expect(transport.status).toMatchObject({ state: "closed", authorizing: undefined });
    await aborted(asked[0]!.context.signal);
    await gone(asked[0]!.context.redirectUrl);
  });

  it("by the signal of the one who opens", async () => {
    const { transport, asked } = await withPerson(doesNothing);
    const controller = new AbortController();
    const opening = failureOf(transport.connectSession({ signal: controller.signal }));
    await waiting(transport);
    const reason = new Error("enough");
    controller.abort(reason);
    expect(await opening).toBe(reason);
    await until(transport, ({ state }) => state === "idle");
    await aborted(asked[0]!.context.signal);
    await gone(asked[0]!.context.redirectUrl);
  });

  it("by the deadline of a call, in mid-session: it is not sent later", async () => {
    const { transport, server, auth, asked, person } = await withPerson();
    const session = await transport.connectSession();
    let letIn = () => {};
    const wanted = new Promise<void>((resolve) => {
      letIn = resolve;
    });
    person.does = async (url, context, world) => {
      await wanted;
      await signsIn(url, context, world);
    };
    refuseLastToken(server);
    auth.revokeRefreshTokens();
    const write = (name: string, timeout: number) =>
      session.callTool({ name: "write", arguments: { name } }, { timeout });
    const late = failureOf(write("late", 300));
    await waiting(transport);
    const patient = write("patient", 60_000);
    expect((await late).message).toMatch(/write|tools\/call|timed out/i);
    expect(transport.status).toMatchObject({ state: "connected", detail: "authorizing" });
    letIn();
    await patient;
    await session.callTool(echo);
    expect([...server.counts.writes]).toEqual([["patient", 1]]);
    expect(asked).toHaveLength(2);
  });

  it("by the signal of a call, in mid-session: it is not sent later", async () => {
    const { transport, server, auth, person } = await withPerson();
    const session = await transport.connectSession();
    let letIn = () => {};
    const wanted = new Promise<void>((resolve) => {
      letIn = resolve;
    });
    person.does = async (...about) => {
      await wanted;
      await signsIn(...about);
    };
    refuseLastToken(server);
    auth.revokeRefreshTokens();
    const controller = new AbortController();
    const { signal } = controller;
    const call = failureOf(session.callTool({ name: "write", arguments: { name: "w" } }, { signal }));
    await waiting(transport);
    controller.abort(new Error("enough"));
    await call;
    letIn();
    await session.callTool(echo);
    expect(server.counts.writes.size).toBe(0);
  });
});

describe("several who need the same sign-in", () => {
  it("sessions and transports ask the person once", async () => {
    const { transport, asked, auth } = await withPerson();
    const fork = transport.fork();
    onTestFinished(() => fork.close());
    const sessions = await Promise.all([transport, transport, fork, fork].map((one) => one.connectSession()));
    for (const session of sessions) expect(await session.callTool(echo)).toMatchObject(echoed);
    expect(asked).toHaveLength(1);
    expect(auth.counts.token).toMatchObject({ authorization_code: 1, refresh_token: 0 });
    expect(auth.counts.registrations).toBe(1);
  });

  it("in mid-session too", async () => {
    const { transport, server, asked, auth } = await withPerson();
    const fork = transport.fork();
    onTestFinished(() => fork.close());
    const sessions = await Promise.all([transport, transport, fork].map((one) => one.connectSession()));
    refuseLastToken(server);
    auth.revokeRefreshTokens();
    const calls = sessions.flatMap((session) => [session.callTool(echo), session.callTool(echo)]);
    for (const result of await Promise.all(calls)) expect(result).toMatchObject(echoed);
    expect(asked).toHaveLength(2);
    expect(auth.counts.token.authorization_code).toBe(2);
    expect(server.counts.calls).toBe(6);
  });

  it("one that gives up does not end it for the others", async () => {
    let letIn = () => {};
    const wanted = new Promise<void>((resolve) => {
      letIn = resolve;
    });
    const { transport, asked } = await withPerson(async (...about) => {
      await wanted;
      await signsIn(...about);
    });
    const fork = transport.fork();
    onTestFinished(() => fork.close());
    const first = failureOf(transport.connectSession());
    const second = fork.connectSession();
    await Promise.all([waiting(transport), waiting(fork)]);
    await transport.close();
    await first;
    letIn();
    expect(await (await second).callTool(echo)).toMatchObject(echoed);
    expect(asked).toHaveLength(1);
  });
});

function aborted(signal: AbortSignal): Promise<unknown> {
  return signal.aborted ? Promise.resolve() : once(signal, "abort");
}

/** The listener ends a turn or two after the signal. */
async function gone(url: string): Promise<void> {
  await eventually(() => expectGone(url));
}
