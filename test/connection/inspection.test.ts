import { describe, expect, it, vi } from "vitest";
import { appearedOf, identityOf, inspectionOf } from "../../src/connection/inspection.js";
import { Subscribers } from "../../src/connection/subscribers.js";
import type { InspectionEvent } from "../../src/contract/inspection.js";
import type { ConnectionEvent, ConnectionStatus } from "../../src/contract/status.js";

const status = (part: Partial<ConnectionStatus> = {}): ConnectionStatus => ({
  name: "files",
  kind: "http",
  state: "connected",
  detail: "steady",
  recovering: false,
  listening: "open",
  suspect: false,
  epoch: 2,
  attempt: 0,
  nextRetryAt: undefined,
  lastError: undefined,
  authorizing: undefined,
  since: 5,
  server: { name: "fixture", version: "1" },
  era: "legacy",
  protocolVersion: "2025-11-25",
  pid: 42,
  sessionId: "0123456789abcdef",
  lastChange: undefined,
  leases: 1,
  inFlight: 0,
  ...part,
});
const error = { code: "CONNECT_FAILED", message: "refused", health: "refused" } as const;
const told = { code: "CONNECT_FAILED", reason: "refused" };
const move = (from: string, to: string, more: object = {}) =>
  ({
    type: "transition",
    at: 9,
    from,
    to,
    cause: "a cause",
    epoch: 2,
    attempt: 1,
    ...more,
  }) as ConnectionEvent;
const identity = {
  server: "fixture",
  version: "1",
  era: "legacy",
  protocol: "2025-11-25",
  pid: 42,
  session: "01234567",
};

describe("what an inspector is told of", () => {
  const transition = (from: string, to: string, more: object = {}) => ({
    type: "transition",
    from,
    to,
    cause: "a cause",
    epoch: 2,
    attempt: 1,
    ...more,
  });

  it("a handshake that is done: who the server is", () => {
    expect(inspectionOf(status(), move("connecting.opening", "connected.steady"))).toEqual([
      transition("connecting.opening", "connected.steady"),
      { type: "wire.opened", epoch: 2, ...identity },
    ]);
  });

  it("a wire that is lost: why", () => {
    const lost = move("connected.probing", "connecting.waiting", { error, delayMs: 0 });
    expect(inspectionOf(status(), lost)).toEqual([
      transition("connected.probing", "connecting.waiting", { delayMs: 0, ...told }),
      { type: "wire.lost", epoch: 2, ...told },
    ]);
    expect(inspectionOf(status(), move("connected.steady", "disconnecting"))).toEqual([
      transition("connected.steady", "disconnecting"),
      { type: "wire.lost", epoch: 2 },
    ]);
  });

  it.each([
    ["connecting.opening", "connecting.waiting", true],
    ["connecting.opening", "disconnecting", true],
    ["disconnecting", "closed", true],
    ["connecting.waiting", "connecting.opening", false],
    ["disconnecting", "idle", false],
    ["connected.steady", "connected.probing", false],
    ["connected.authorizing", "connected.steady", false],
    ["connecting.authorizing", "connected.steady", false],
  ])("%s to %s, with the error where it is news: %s", (from, to, news) => {
    const expected = transition(from, to, news ? told : {});
    expect(inspectionOf(status(), move(from, to, { error }))).toEqual([expected]);
  });

  it("what else there is, in few words", () => {
    const lists = { tools: {}, prompts: {} };
    const at = 1;
    const of = (event: object) => inspectionOf(status(), { at, ...event } as ConnectionEvent);
    expect(of({ type: "listening", epoch: 2, listening: "lost" })).toEqual([
      { type: "listening", listening: "lost" },
    ]);
    const authorizing = { step: "waiting", url: "https://secret.example" };
    expect(of({ type: "authorizing", epoch: 2, authorizing })).toEqual([
      { type: "authorizing", step: "waiting" },
    ]);
    expect(of({ type: "changed", epoch: 2, change: { lists } })).toEqual([
      { type: "changed", what: "tools, prompts" },
    ]);
    expect(of({ type: "changed", epoch: 2, change: { lists: {} } })).toEqual([
      { type: "changed", what: "server" },
    ]);
    const resent = { type: "request.resent", method: "tools/call", outcome: "rejected" };
    expect(of({ ...resent, name: "it" })).toEqual([{ ...resent, name: "it" }]);
    expect(of(resent)).toEqual([resent]);
    expect(of({ type: "warning", message: "odd" })).toEqual([{ type: "warning", message: "odd" }]);
    expect(of({ type: "current" })).toEqual([]);
    expect(of({ type: "request.lost", method: "x", outcome: "unknown", code: "CONNECTION_LOST" })).toEqual(
      [],
    );
  });

  it("how a connection is when it is first seen", () => {
    const base = { type: "appeared", name: "files", kind: "http", since: 5, epoch: 2, attempt: 0 };
    expect(appearedOf(status({ lastError: error }))).toEqual({ ...base, state: "connected.steady" });
    expect(appearedOf(status({ state: "idle", detail: undefined, lastError: error }))).toEqual({
      ...base,
      state: "idle",
      ...told,
    });
    const waiting = status({ state: "connecting", detail: "waiting", nextRetryAt: 77 });
    expect(appearedOf(waiting)).toEqual({ ...base, state: "connecting.waiting", nextRetryAt: 77 });
  });

  it("who a server is: what is known of it", () => {
    expect(identityOf(status())).toEqual(identity);
    const unknown = {
      server: undefined,
      era: undefined,
      protocolVersion: undefined,
      pid: undefined,
      sessionId: undefined,
    };
    expect(identityOf(status(unknown))).toEqual({});
  });
});

describe("those who inspect a connection", () => {
  it("hear how it is, then what happens, each with its time and the connection's id", () => {
    const { inspectors } = new Subscribers(undefined);
    expect(inspectors.present).toBe(false);
    const heard: InspectionEvent[] = [];
    const stop = inspectors.add((event) => heard.push(event), status(), 3);
    expect(inspectors.present).toBe(true);
    const { id } = inspectors;
    expect(id).toMatch(/^c\d+$/);
    expect(heard).toEqual([
      { ...appearedOf(status()), at: 3, id },
      { type: "wire.opened", epoch: 2, ...identity, at: 3, id },
    ]);
    inspectors.announced(status(), move("connected.steady", "disconnecting"));
    expect(heard.slice(2).map(({ type, at }) => [type, at])).toEqual([
      ["transition", 9],
      ["wire.lost", 9],
    ]);
    inspectors.hear({ type: "stderr", line: "x" }, 4);
    expect(heard.at(-1)).toEqual({ type: "stderr", line: "x", at: 4, id });
    stop();
    expect(heard.at(-1)).toMatchObject({ type: "ended", id });
    expect(inspectors.present).toBe(false);
    const { length } = heard;
    stop();
    inspectors.hear({ type: "paused" }, 5);
    expect(heard).toHaveLength(length);
    expect(new Subscribers(undefined).inspectors.id).not.toBe(id);
  });

  it("hear of no open wire where there is none, and the same function twice is two", () => {
    const { inspectors } = new Subscribers(undefined);
    const observer = vi.fn();
    const idle = status({ state: "idle", detail: undefined });
    const stop = inspectors.add(observer, idle, 3);
    expect(observer).toHaveBeenCalledTimes(1);
    inspectors.add(observer, idle, 3);
    stop();
    observer.mockClear();
    inspectors.hear({ type: "paused" }, 5);
    expect(observer).toHaveBeenCalledTimes(1);
  });

  it("disturb nobody where they throw, and the logger hears of it", async () => {
    const logger = { warn: vi.fn() };
    const { inspectors } = new Subscribers(logger);
    inspectors.add(
      () => {
        throw new Error("no window");
      },
      status({ state: "idle" }),
      3,
    );
    const other = vi.fn();
    inspectors.add(other, status({ state: "idle" }), 3);
    inspectors.hear({ type: "paused" }, 5);
    expect(other).toHaveBeenCalledTimes(2);
    expect(logger.warn).toHaveBeenLastCalledWith("an inspector threw: Error: no window");
  });
});

describe("those who subscribe to a connection", () => {
  const event = move("connected.steady", "disconnecting");

  it("hear of what happens with the status of that moment, which is made once and only for them", () => {
    const subscribers = new Subscribers(undefined);
    const make = vi.fn(() => status());
    subscribers.notify(make, event);
    expect(make).not.toHaveBeenCalled();
    const first = vi.fn();
    const stop = subscribers.add(first);
    subscribers.add(first);
    expect(subscribers.size).toBe(2);
    subscribers.notify(make, event);
    expect(make).toHaveBeenCalledTimes(1);
    expect(first).toHaveBeenCalledTimes(2);
    expect(first).toHaveBeenCalledWith(status(), event);
    stop();
    expect(subscribers.size).toBe(1);
    subscribers.notify(make, event);
    expect(first).toHaveBeenCalledTimes(3);
  });

  it("are not needed for an inspector to hear", () => {
    const subscribers = new Subscribers(undefined);
    const observer = vi.fn();
    subscribers.inspectors.add(observer, status({ state: "idle" }), 3);
    subscribers.notify(() => status(), event);
    expect(observer).toHaveBeenCalledTimes(3);
  });

  it("may leave while they are told; one that throws disturbs nobody", () => {
    const logger = { warn: vi.fn() };
    const subscribers = new Subscribers(logger);
    const stop = subscribers.add(() => {
      stop();
      throw new Error("no");
    });
    const other = vi.fn();
    subscribers.add(other);
    subscribers.notify(() => status(), event);
    expect(other).toHaveBeenCalledTimes(1);
    expect(logger.warn).toHaveBeenCalledExactlyOnceWith("a subscriber of files threw: Error: no");
    expect(subscribers.size).toBe(1);
  });

  it("and a warning: the logger hears it, whoever subscribes, and may throw", () => {
    const logger = { warn: vi.fn() };
    const subscribers = new Subscribers(logger);
    subscribers.notify(() => status(), { type: "warning", at: 1, message: "odd" });
    expect(logger.warn).toHaveBeenCalledExactlyOnceWith("odd");
    subscribers.notify(() => status(), event);
    expect(logger.warn).toHaveBeenCalledTimes(1);
    logger.warn.mockImplementation(() => {
      throw new Error("full");
    });
    const heard = vi.fn();
    subscribers.add(heard);
    subscribers.notify(() => status(), { type: "warning", at: 1, message: "odd" });
    expect(heard).toHaveBeenCalledTimes(1);
    new Subscribers(undefined).notify(() => status(), { type: "warning", at: 1, message: "odd" });
  });
});
