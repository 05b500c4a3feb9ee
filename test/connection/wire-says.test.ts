import { describe, expect, it } from "vitest";
import { HoldfastError } from "../../src/base/errors.js";
import type { AuthorizationStep, Credential, Refusal } from "../../src/contract/credential.js";
import type { Wire } from "../../src/contract/wire.js";
import { FakeServer } from "../../src/testing/index.js";
import { ClientTransport } from "../../src/transports/transport.js";
import { Lost } from "../../src/wires/lost.js";
import { MemoryWire } from "../../src/wires/memory.js";
import { holding } from "../support/credential.js";
import { stopTime } from "../support/fake-timers.js";
import { closing, recorded, rejection } from "../support/fixtures.js";
import { isPending, quiet, settled } from "../support/settling.js";

const never = () => new Promise(() => {});

/** A transport whose wires say what a test makes them say. */
class Telling extends ClientTransport {
  readonly wires: Wire[] = [];
  constructor(
    readonly server: FakeServer,
    private readonly credential?: Credential,
    private readonly part: Partial<Wire> = {},
  ) {
    super(
      { era: "legacy", reconnect: { baseMs: 1_000 } },
      { kind: "telling", name: "telling", ...(credential && { credential }) },
    );
  }
  protected override openWire(): Wire {
    const wire = Object.assign(new MemoryWire((side) => this.server.serve(side)), this.part);
    this.wires.push(wire);
    return wire;
  }
  override fork(): Telling {
    return new Telling(this.server, this.credential);
  }
}

async function connected(credential?: Credential, part: Partial<Wire> = {}) {
  const server = new FakeServer([{ name: "read" }]);
  const transport = closing(new Telling(server, credential, part));
  const pass = stopTime();
  const events = recorded(transport);
  const heard: string[] = [];
  const session = await transport.connectSession({ onNotification: ({ method }) => heard.push(method) });
  const moves = () =>
    events.flatMap((event) => (event.type === "transition" ? [`${event.from} > ${event.to}`] : []));
  return { server, transport, events, heard, session, moves, pass, wire: transport.wires[0]! };
}

const refusal: Refusal = {
  status: 401,
  token: "old",
  scope: undefined,
  resourceMetadataUrl: undefined,
  challenge: undefined,
};

describe("a wire that says", () => {
  it("that the server may be gone has it asked", async () => {
    const { server, transport, session, wire } = await connected();
    await session.listTools();
    let answer = () => {};
    server.on("ping", () => new Promise((resolve) => (answer = () => resolve({}))));
    wire.onDoubt!("silence");
    expect(transport.status).toMatchObject({ detail: "probing", suspect: true });
    await quiet();
    answer();
    await quiet();
    expect(transport.status).toMatchObject({ detail: "steady", suspect: false, epoch: 1 });
    // It is the same server: nothing is read again.
    expect(server.received.at(-1)).toMatchObject({ method: "ping" });
  });

  it("that the network shows life keeps a silent connection with calls, under suspicion until it is heard", async () => {
    const { server, transport, session, wire, pass } = await connected(undefined, {
      alive: async () => true,
    });
    server.on("ping", never).on("holdfast/alive", never).on("tools/call", never);
    const call = session.callTool({ name: "read" }, { timeout: 1_000_000 });
    await quiet();
    wire.onDoubt!("silence");
    while (transport.status.detail === "probing") await pass(100);
    expect(transport.status).toMatchObject({ detail: "steady", suspect: true, epoch: 1 });
    expect(await isPending(call)).toBe(true);
    server.notify("notifications/message", { level: "info", data: "still at it" });
    await pass(5_000);
    expect(transport.status).toMatchObject({ detail: "steady", suspect: false, epoch: 1 });
    await session.close();
    expect(await rejection(call)).toMatchObject({ code: "SESSION_CLOSED" });
  });

  it("that it could not send while the server is being asked has the call wait for the verdict, and go again", async () => {
    const { server, transport, session, wire } = await connected();
    server.on("tools/call", () => ({ content: [] }));
    let answer = () => {};
    server.on("ping", () => new Promise((resolve) => (answer = () => resolve({}))));
    const send = wire.send.bind(wire);
    const failure = { code: "CONNECTION_LOST", message: "there is no room" };
    wire.send = (message, options) =>
      "method" in message && message.method === "tools/call"
        ? Promise.reject(new Lost("not-sent", failure))
        : send(message, options);
    wire.onDoubt!("there is no room");
    const call = session.callTool({ name: "read" });
    expect(await isPending(call)).toBe(true);
    expect(transport.status.detail).toBe("probing");
    wire.send = send;
    answer();
    expect(await call).toEqual({ content: [] });
    expect(transport.status).toMatchObject({ detail: "steady", epoch: 1 });
  });

  it("that notifications were missed has the lists read again; of an older wire it means nothing", async () => {
    const { server, transport, heard, events, session, pass, wire } = await connected();
    await session.listTools();
    (server.tools as { name: string }[]).push({ name: "fresh" });
    wire.onMissed!();
    await quiet();
    expect(heard).toEqual(["notifications/tools/list_changed"]);
    const changes = () => events.filter(({ type }) => type === "changed");
    expect(changes()).toMatchObject([{ epoch: 1, change: { lists: { tools: { added: ["fresh"] } } } }]);
    await server.drop();
    await pass.through(transport.waitFor("connected"));
    await quiet();
    (server.tools as { name: string }[]).push({ name: "fresher" });
    const asked = server.received.length;
    wire.onMissed!();
    await quiet();
    expect(server.received).toHaveLength(asked);
    expect(changes()).toHaveLength(1);
  });

  it("whether the server can speak first is believed, and shown", async () => {
    const { events, wire } = await connected();
    wire.onListening!("lost");
    wire.onListening!("open");
    expect(events.filter(({ type }) => type === "listening")).toMatchObject([
      { epoch: 1, listening: "lost" },
      { epoch: 1, listening: "open" },
    ]);
  });
});

describe("a wire that is refused", () => {
  const signIn = () => {
    let settle = { done: () => {}, fail: (_error: Error) => {} };
    let progress: (step: AuthorizationStep) => void = () => {};
    const credential = holding(() => "old", {
      obtain: (_refusal, authorization) => {
        progress = authorization.progress;
        return new Promise<void>((done, fail) => (settle = { done, fail }));
      },
    });
    return {
      credential,
      says: (step: AuthorizationStep) => progress(step),
      done: () => settle.done(),
      fails: (error: Error) => settle.fail(error),
    };
  };

  it("waits for another credential, with what is being done for it, and goes on", async () => {
    const { credential, says, done } = signIn();
    const { transport, events, moves, pass, wire } = await connected(credential);
    const waiting = wire.onRefused!(refusal);
    expect(transport.status).toMatchObject({
      state: "connected",
      detail: "authorizing",
      authorizing: { step: "discovering" },
    });
    const { since, until } = transport.status.authorizing!;
    expect(until).toBeGreaterThan(since);
    await pass(10);
    says({ step: "waiting", todo: "Open the page", url: "https://login.example/" });
    const authorizing = {
      step: "waiting",
      todo: "Open the page",
      url: "https://login.example/",
      since,
      until,
    };
    expect(transport.status.authorizing).toEqual(authorizing);
    expect(events.filter(({ type }) => type === "authorizing")).toMatchObject([{ epoch: 1, authorizing }]);
    expect(await isPending(waiting)).toBe(true);
    done();
    await waiting;
    expect(transport.status).toMatchObject({ detail: "steady", epoch: 1, authorizing: undefined });
    expect(moves().slice(-2)).toEqual([
      "connected.steady > connected.authorizing",
      "connected.authorizing > connected.steady",
    ]);
  });

  it("between the handshake's answer and the connection's next step is heard of with that step", async () => {
    const obtained: Refusal[] = [];
    const credential = holding(() => "old", { obtain: async (refusal) => void obtained.push(refusal) });
    const transport = closing(new Telling(new FakeServer(), credential));
    // Refused at every moment until it is connected: one of them is that between the two.
    let parked = 0;
    const ask = (wire: Wire | undefined) => {
      const refused = () => transport.status.state === "connecting" && wire?.onRefused?.(refusal);
      void Promise.resolve(refused()).then(
        (asked) => asked === undefined && parked++,
        () => {},
      );
    };
    const opening = transport.connectSession();
    while (transport.status.state !== "connected") {
      for (let moment = 0; moment < 200; moment++) {
        ask(transport.wires[0]);
        await Promise.resolve();
      }
      await settled();
    }
    await opening;
    await quiet();
    expect(obtained).toEqual([refusal]);
    expect(parked).toBeGreaterThan(0);
    expect(transport.status).toMatchObject({ state: "connected", detail: "steady", epoch: 1 });
  });

  it("for good ends with its calls, which are told why, and the connection with it", async () => {
    const { credential, fails } = signIn();
    const { server, transport, session, wire } = await connected(credential);
    server.on("tools/call", never);
    const call = rejection(session.callTool({ name: "read" }));
    await quiet();
    const waiting = rejection(wire.onRefused!(refusal));
    await quiet();
    fails(new HoldfastError("AUTH_REQUIRED", "nobody signed in", {}));
    expect(await waiting).toMatchObject({ failure: { message: "nobody signed in" } });
    expect(await call).toMatchObject({ message: expect.stringContaining("nobody signed in") });
    await transport.waitFor("closed");
    expect(transport.status.lastError).toMatchObject({ message: "nobody signed in" });
  });

  it("before the handshake's step was taken is authorized all the same", async () => {
    const { credential, done } = signIn();
    const server = new FakeServer([{ name: "read" }]);
    const transport = closing(new Telling(server, credential));
    let waiting: Promise<void> | undefined;
    transport.subscribe((_status, event) => {
      // The handshake is done, and the machine is about to say that it is ready.
      if (event.type === "transition" && event.to === "connected.steady")
        waiting ??= transport.wires[0]!.onRefused!(refusal);
    });
    const session = await transport.connectSession();
    await quiet();
    expect(transport.status.detail).toBe("authorizing");
    done();
    await waiting;
    expect(transport.status.detail).toBe("steady");
    await session.ping();
  });
});

describe("a wire that is lost", () => {
  it("is closed at once, while the next attempt is waited for", async () => {
    const { server, transport, wire } = await connected();
    const closed: string[] = [];
    const close = wire.close.bind(wire);
    wire.close = () => {
      closed.push(transport.status.detail!);
      return close();
    };
    await server.drop();
    await quiet();
    expect(transport.status).toMatchObject({ state: "connecting", detail: "waiting" });
    expect(closed[0]).toBe("waiting");
  });

  it.each([
    ["AUTH_REQUIRED", "AUTH_REQUIRED"],
    ["CONNECT_FAILED", "CONNECTION_LOST"],
  ])("with %s is told of as %s", async (code, told) => {
    const { events, wire } = await connected();
    Object.assign(wire, { failure: { code, message: "it was withdrawn" } });
    wire.onclose!();
    await quiet();
    const left = events.find((event) => event.type === "transition" && event.from === "connected.steady");
    expect(left).toMatchObject({ error: { code: told, message: "it was withdrawn" } });
  });
});
