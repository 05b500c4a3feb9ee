import { type Client, type JSONRPCNotification, ProtocolErrorCode } from "@modelcontextprotocol/client";
import { describe, expect, it, vi } from "vitest";
import { Router } from "../../src/connection/router.js";
import type { SessionView } from "../../src/session/session.js";
import { rejection } from "../support/settling.js";

const SAMPLING = "sampling/createMessage";

function session(name: string, ...methods: string[]) {
  return {
    name,
    handles: (method: string) => methods.includes(method),
    answer: vi.fn(async () => ({ from: name })),
    report: vi.fn(),
    deliver: vi.fn(),
  };
}

type Fake = ReturnType<typeof session>;

/** The sessions of a connection, of which some have a call in flight, and the Client of its epoch. */
function connection(sessions: Fake[], busy: Fake[] = []) {
  const router = new Router(new Set(sessions) as never as Set<SessionView>);
  const handlers = new Map<string, (request: object, ctx: object) => Promise<unknown>>();
  const client = {
    setRequestHandler: (method: string, handler: never) => {
      if (method === "roots/list") throw new Error("the client does not support roots");
      handlers.set(method, handler);
    },
  } as unknown as Client;
  router.attach(client, () => ({ serves: (one: unknown) => busy.includes(one as Fake) }) as never);
  const ask = (method: string) => client.fallbackRequestHandler!({ method } as never, { ctx: 1 } as never);
  return { router, client, handlers, ask };
}

describe("a request of the server", () => {
  it("goes to the only session that has a call in flight", async () => {
    const [one, two] = [session("one", SAMPLING), session("two", SAMPLING)];
    expect(await connection([one, two], [one]).ask(SAMPLING)).toEqual({ from: "one" });
    expect(one.answer).toHaveBeenCalledExactlyOnceWith({ method: SAMPLING }, { ctx: 1 });
  });

  it.each([
    ["nobody is busy", []],
    ["two are busy", ["one", "two"]],
  ])("goes to the newest session with that handler where %s", async (_when, names) => {
    const sessions = [session("one", SAMPLING), session("two", SAMPLING), session("three", "roots/list")];
    const busy = sessions.filter(({ name }) => (names as string[]).includes(name));
    expect(await connection(sessions, busy).ask(SAMPLING)).toEqual({ from: "two" });
  });

  it("does not go to a busy session without that handler", async () => {
    const [able, unable] = [session("able", SAMPLING), session("unable")];
    expect(await connection([able, unable], [unable]).ask(SAMPLING)).toEqual({ from: "able" });
  });

  it("that no open session handles is answered with an error that says so", async () => {
    const error = await rejection(connection([session("one")]).ask(SAMPLING));
    expect(error).toMatchObject({
      code: ProtocolErrorCode.MethodNotFound,
      message: expect.stringContaining(`no open session handles ${SAMPLING}`),
    });
  });

  it("finds its way also where there is no wire any more", async () => {
    const router = new Router(new Set([session("one", SAMPLING)]) as never);
    const client = { setRequestHandler: vi.fn() } as unknown as Client;
    router.attach(client, () => undefined);
    expect(await client.fallbackRequestHandler!({ method: SAMPLING } as never, {} as never)).toEqual({
      from: "one",
    });
  });

  it("may be embedded in an answer, where the server may ask for such a thing at all", async () => {
    const { handlers } = connection([session("one", SAMPLING)]);
    expect([...handlers.keys()]).toEqual([SAMPLING, "elicitation/create"]);
    expect(await handlers.get(SAMPLING)!({ method: SAMPLING }, {})).toEqual({ from: "one" });
  });
});

describe("what else the server says", () => {
  it("goes to every session", () => {
    const sessions = [session("one"), session("two")];
    const notification = { method: "notifications/message" } as JSONRPCNotification;
    connection(sessions).router.notify(notification);
    for (const { deliver } of sessions) expect(deliver).toHaveBeenCalledExactlyOnceWith(notification);
  });

  it.each(["progress", "cancelled", "subscriptions/acknowledged"])(
    "is kept from the sessions where it is about one call: %s",
    (kind) => {
      const one = session("one");
      connection([one]).router.notify({ method: `notifications/${kind}` } as JSONRPCNotification);
      expect(one.deliver).not.toHaveBeenCalled();
    },
  );

  it("wrongly is reported to every session", () => {
    const sessions = [session("one"), session("two")];
    const error = new Error("what was that?");
    connection(sessions).client.onerror!(error);
    for (const { report } of sessions) expect(report).toHaveBeenCalledExactlyOnceWith(error);
  });
});
