import {
  type Client,
  type JSONRPCNotification,
  ProtocolError,
  ProtocolErrorCode,
} from "@modelcontextprotocol/client";
import { describe, expect, it, vi } from "vitest";
import { Router } from "../../src/connection/router.js";
import { ASKING } from "../../src/contract/asking.js";
import { rejection } from "../support/settling.js";

const SAMPLING = "sampling/createMessage";
const ROOTS = "roots/list";

function session(name: string, ...methods: string[]) {
  return {
    name,
    handles: (method: string) => methods.includes(method),
    owner: (): unknown => undefined,
    answer: vi.fn(async (): Promise<object> => ({ from: name })),
    report: vi.fn(),
    deliver: vi.fn(),
    hears: (method: string) => methods.includes(method),
  };
}

type Fake = ReturnType<typeof session>;
type Asking = { call?: { session: object } | "own" };

/** The sessions of a connection, for some of which the server is at work, and the Client of its epoch. */
function connection(sessions: Fake[], working: Fake[] | "unknown" = []) {
  const ambiguous = vi.fn();
  const router = new Router(new Set(sessions) as never, {
    name: "shop",
    onWarning: ambiguous,
    maxServerRequests: 2,
  });
  const handlers = new Map<string, (params: object, ctx: object) => Promise<unknown>>();
  const client = {
    setRequestHandler: (method: string, _schemas: object, handler: never) => {
      if (method === "roots/list") throw new Error("the client does not support roots");
      handlers.set(method, handler);
    },
  } as unknown as Client;
  router.attach(client, {
    working: () =>
      working === "unknown" ? undefined : working.map((asker) => ({ session: asker }) as never),
  });
  const ask = (method: string, asking: Asking = {}) =>
    client.fallbackRequestHandler!({ method } as never, { [ASKING]: asking } as never);
  return { router, client, handlers, ask, ambiguous };
}

const [one, two] = ["one", "two"].map((name) => session(name, SAMPLING, ROOTS)) as [Fake, Fake];

describe("a request of the server", () => {
  it("is refused as busy while others are being answered, and answered when one of them has been", async () => {
    const { router, ask, ambiguous } = connection([one]);
    const settle: { resolve(answer: object): void; reject(error: Error): void }[] = [];
    const later = () => new Promise<object>((resolve, reject) => settle.push({ resolve, reject }));
    one.answer.mockImplementationOnce(later).mockImplementationOnce(later);
    const open = [ask(SAMPLING), ask(SAMPLING)];
    const busy = { error: { code: -32_000, message: expect.stringMatching(/busy: 2 requests/) } };
    expect([router.atOnce(SAMPLING), router.atOnce("ping")]).toEqual([busy, { result: {} }]);
    expect(await rejection(ask(SAMPLING))).toMatchObject({
      code: -32_000,
      message: expect.stringMatching(/busy: 2 requests/),
    });
    expect(ambiguous).toHaveBeenCalledExactlyOnceWith(expect.stringMatching(/refused: 2 requests/));
    settle[0]!.reject(new Error("the handler failed"));
    await expect(open[0]).rejects.toThrow();
    expect(router.atOnce(SAMPLING)).toBeUndefined();
    expect(await rejection(open[0]!)).toMatchObject({ message: "the handler failed" });
    expect(await ask(SAMPLING)).toEqual({ from: "one" });
    settle[1]!.resolve({});
    await open[1];
  });

  it("goes to the session whose call carries it, whoever else is busy", async () => {
    const { ask } = connection([one, two], [one, two]);
    expect(await ask(SAMPLING, { call: { session: one } })).toEqual({ from: "one" });
    expect(await ask(SAMPLING, { call: { session: two } })).toEqual({ from: "two" });
  });

  it.each([
    ["has ended", () => session("gone", SAMPLING)],
    ["cannot answer it", () => session("mute")],
  ])("goes to nobody where the session whose call carries it %s", async (what, make) => {
    const asker = make();
    const open = what === "has ended" ? [one] : [one, asker];
    const error = await rejection(connection(open).ask(SAMPLING, { call: { session: asker } }));
    expect(error).toMatchObject({ code: ProtocolErrorCode.MethodNotFound });
  });

  it("that no call carries goes to the only session for which the server is at work, and to no other one", async () => {
    expect(await connection([one, two], [two]).ask(SAMPLING)).toEqual({ from: "two" });
    const mute = session("mute");
    expect(await rejection(connection([one, mute], [mute]).ask(SAMPLING))).toMatchObject({
      code: ProtocolErrorCode.MethodNotFound,
    });
    // It ended, and the server may be working for it all the same.
    expect(await rejection(connection([one], [two]).ask(SAMPLING))).toMatchObject({
      code: ProtocolErrorCode.MethodNotFound,
    });
  });

  it("that comes while nothing is at work, or in a request of ours, goes to the only session that can answer it", async () => {
    const mute = session("mute");
    expect(await connection([one, mute]).ask(SAMPLING)).toEqual({ from: "one" });
    expect(await connection([one, mute], [mute]).ask(SAMPLING, { call: "own" })).toEqual({ from: "one" });
  });

  it.each([
    ["nothing is at work", []],
    ["the server is at work for both", [one, two]],
    ["it is not known for whom it is at work", "unknown"],
  ] as const)(
    "that could be meant for several is refused, with a warning that says what to do, where %s",
    async (_when, working) => {
      const { ask, ambiguous } = connection([one, two], working as Fake[] | "unknown");
      expect(await rejection(ask(SAMPLING))).toMatchObject({ code: ProtocolErrorCode.InvalidRequest });
      expect(ambiguous).toHaveBeenCalledExactlyOnceWith(
        expect.stringMatching(/^shop asked sampling\/createMessage, .* transport\.fork\(\)/),
      );
    },
  );

  it("goes to nobody while it is not known for whom the server is at work, not to the only one that can answer either", async () => {
    const { ask } = connection([one, session("mute")], "unknown");
    expect(await rejection(ask(SAMPLING))).toMatchObject({ code: ProtocolErrorCode.InvalidRequest });
    expect(await rejection(connection([one, two], "unknown").ask(ROOTS))).toMatchObject({
      code: ProtocolErrorCode.InvalidRequest,
    });
    const own = () => ({});
    const shared = ["a", "b"].map((name) => ({ ...session(name, SAMPLING), owner: () => own }));
    expect(await rejection(connection(shared, "unknown").ask(SAMPLING))).toBeInstanceOf(ProtocolError);
  });

  it("goes to one of several that gave one and the same function to answer it", async () => {
    const own = () => ({});
    const shared = ["a", "b"].map((name) => ({ ...session(name, SAMPLING), owner: () => own }));
    expect(await connection(shared, shared).ask(SAMPLING)).toEqual({ from: "a" });
    expect(await connection(shared).ask(SAMPLING)).toEqual({ from: "a" });
    const other = { ...session("c", SAMPLING), owner: () => () => ({}) };
    expect(await rejection(connection([...shared, other]).ask(SAMPLING))).toMatchObject({
      code: ProtocolErrorCode.InvalidRequest,
    });
  });

  it("for roots that none asks in particular is answered with those of all, as far as they agree", async () => {
    const having = (name: string, ...roots: { uri: string; name?: string }[]) => ({
      ...session(name, ROOTS),
      answer: vi.fn(async () => ({ roots })),
    });
    const [a, b] = [
      having("a", { uri: "file:///a" }, { uri: "file:///x" }),
      having("b", { uri: "file:///x" }),
    ];
    expect(await connection([a, b]).ask(ROOTS)).toEqual({
      roots: [{ uri: "file:///a" }, { uri: "file:///x" }],
    });
    const odd = having("odd", { uri: "file:///x", name: "another name" });
    const { ask, ambiguous } = connection([a, odd]);
    expect(await rejection(ask(ROOTS))).toMatchObject({ code: ProtocolErrorCode.InvalidRequest });
    expect(ambiguous).toHaveBeenCalledOnce();
    // While both are at work it is one of them that is asked.
    expect(await rejection(connection([a, b], [a, b]).ask(ROOTS))).toBeInstanceOf(ProtocolError);
  });

  it("that no open session handles is answered with an error that says so", async () => {
    const error = await rejection(connection([session("one")]).ask(SAMPLING));
    expect(error).toMatchObject({
      code: ProtocolErrorCode.MethodNotFound,
      message: expect.stringContaining(`no open session handles ${SAMPLING}`),
    });
  });

  it("may be embedded in an answer, where the server may ask for such a thing at all", async () => {
    const { handlers } = connection([one]);
    expect([...handlers.keys()]).toEqual([SAMPLING, "elicitation/create"]);
    const ctx = { mcpReq: { id: "q" } };
    expect(await handlers.get(SAMPLING)!({ maxTokens: 1 }, ctx)).toEqual({ from: "one" });
    expect(one.answer).toHaveBeenLastCalledWith(
      { jsonrpc: "2.0", id: "q", method: SAMPLING, params: { maxTokens: 1 } },
      ctx,
    );
  });
});

describe("what else the server says", () => {
  it("goes to every session", () => {
    const sessions = [session("one"), session("two")];
    const notification = { method: "notifications/message" } as JSONRPCNotification;
    connection(sessions).router.notify(notification);
    for (const { deliver } of sessions) expect(deliver).toHaveBeenCalledExactlyOnceWith(notification);
  });

  it("of a call's log goes to the session of that call alone", () => {
    const sessions = [session("one"), session("two")] as [Fake, Fake];
    const { router } = connection(sessions);
    const log = { method: "notifications/message" } as JSONRPCNotification;
    router.notify(log, { session: sessions[1] } as never);
    expect(sessions.map(({ deliver }) => deliver.mock.calls.length)).toEqual([0, 1]);
    router.notify({ method: "notifications/tools/list_changed" } as never, { session: sessions[1] } as never);
    router.notify(log, "own");
    expect(sessions.map(({ deliver }) => deliver.mock.calls.length)).toEqual([2, 3]);
  });

  it.each(["progress", "cancelled", "subscriptions/acknowledged"])(
    "is kept from the sessions where it is about one call: %s",
    (kind) => {
      const one = session("one");
      connection([one]).router.notify({ method: `notifications/${kind}` } as JSONRPCNotification);
      expect(one.deliver).not.toHaveBeenCalled();
    },
  );

  it.each([
    ["notifications/message", true, false],
    ["notifications/of-the-server", false, false],
    ["notifications/messages", false, false],
    ["notifications/progress", true, true],
    ["notifications/cancelled", true, true],
    ["notifications/tools/list_changed", true, true],
    ["notifications/resources/updated", true, true],
    ["notifications/subscriptions/acknowledged", true, true],
    ["notifications/tasks", true, true],
    ["notifications/tasks/status", true, true],
  ])("%s is heard by a session that listens to logs: %s; by nobody's: %s", (method, listening, alone) => {
    const sessions = [session("one"), session("two", "notifications/message")];
    expect([
      connection(sessions).router.isHeard(method),
      connection([session("one")]).router.isHeard(method),
    ]).toEqual([listening, alone]);
  });

  it("wrongly is reported to every session", () => {
    const sessions = [session("one"), session("two")];
    const error = new Error("what was that?");
    connection(sessions).client.onerror!(error);
    for (const { report } of sessions) expect(report).toHaveBeenCalledExactlyOnceWith(error);
  });
});
