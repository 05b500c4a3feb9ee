import { InMemoryTransport, type Transport } from "@modelcontextprotocol/client";
import { McpServer } from "@modelcontextprotocol/server";
import { describe, expect, it, onTestFinished } from "vitest";
import { type AttemptContext, ClientTransport } from "../../src/index.js";
import { FakeServer, inject } from "../../src/testing/index.js";
import { closing, rejection } from "../support/fixtures.js";

/** A transport as a user would write one: one method opens a wire. */
class PairTransport extends ClientTransport {
  readonly servers: McpServer[] = [];
  constructor(private readonly failing = 0) {
    super({ era: "legacy", reconnect: { initial: true, baseMs: 1 } }, { kind: "pair", name: "pair" });
  }
  protected override async openWire({ epoch, cleanup }: AttemptContext): Promise<Transport> {
    if (epoch <= this.failing) throw new Error("not yet");
    const [client, server] = InMemoryTransport.createLinkedPair();
    const mcp = new McpServer({ name: "pair", version: "1" });
    cleanup(() => mcp.close());
    await mcp.connect(server);
    this.servers.push(mcp);
    return client;
  }
  override fork(): PairTransport {
    return new PairTransport();
  }
}

describe("a transport of the user's own", () => {
  it("is kept as ours are: tried again, recovered, closed", async () => {
    const transport = closing(new PairTransport(2));
    const session = await transport.connectSession();
    expect(transport.status).toMatchObject({ kind: "pair", epoch: 3, state: "connected" });
    await transport.servers[0]!.close();
    await session.ping();
    expect(transport.status.epoch).toBe(4);
    await transport.close();
    expect(await rejection(session.ping())).toMatchObject({ code: "SESSION_CLOSED" });
  });

  it("shows what it threw", async () => {
    const transport = closing(new PairTransport(Number.POSITIVE_INFINITY));
    const seen = rejection(transport.connectSession());
    await transport.waitFor("connecting");
    while (!transport.status.lastError) await new Promise(setImmediate);
    expect(transport.status.lastError).toMatchObject({ code: "CONNECT_FAILED", message: "not yet" });
    await transport.close();
    expect(await seen).toMatchObject({ code: "TRANSPORT_CLOSED" });
  });
});

describe("many who wait at once", () => {
  it("are no leak, and Node is not made to warn of one", async () => {
    const warnings: Error[] = [];
    const onWarning = (warning: Error) => warnings.push(warning);
    process.on("warning", onWarning);
    onTestFinished(() => void process.off("warning", onWarning));
    const transport = closing(new PairTransport());
    const sessions = await Promise.all(Array.from({ length: 20 }, () => transport.connectSession()));
    await transport.disconnect();
    await Promise.all(Array.from({ length: 20 }, () => sessions[0]!.ping()));
    await new Promise((resolve) => setImmediate(resolve));
    expect(warnings).toEqual([]);
  });
});

describe("closing", () => {
  it("is idempotent, shares one promise, and cancels what is pending", async () => {
    const transport = new PairTransport(Number.POSITIVE_INFINITY);
    const pending = [transport.connectSession(), transport.connect(), transport.waitFor("connected")].map(
      rejection,
    );
    const closes = [transport.close(), transport.close()];
    expect(closes[0]).toBe(closes[1]);
    const late = rejection(transport.connectSession());
    await Promise.all(closes);
    for (const error of await Promise.all([...pending, late]))
      expect(error).toMatchObject({ code: "TRANSPORT_CLOSED" });
    await transport.close();
    expect(transport.status.state).toBe("closed");
  });

  it("ends one life: what begins afterwards starts another, and the epoch goes on", async () => {
    const transport = closing(new PairTransport());
    await transport.withSession((session) => session.ping());
    await transport.close();
    await transport.withSession((session) => session.ping());
    expect(transport.status.epoch).toBe(2);
  });

  it("and disconnecting before anything was opened does nothing", async () => {
    const transport = new PairTransport();
    await transport.disconnect();
    expect(transport.status).toMatchObject({ state: "idle", epoch: 0 });
    await transport.close();
  });

  it("disconnecting again rejects at once what began to wait meanwhile", async () => {
    const transport = closing(new FakeServer().transport({ closeTimeoutMs: 300 }));
    // Its end takes a while.
    inject(transport, { attempts: [{ closeHangs: true }] });
    const session = await transport.connectSession();
    let gone = false;
    const first = transport.disconnect().then(() => {
      gone = true;
    });
    const waiting = rejection(session.ping());
    const second = transport.disconnect();
    expect(await waiting).toMatchObject({ code: "CONNECTION_LOST", outcome: "not-sent" });
    expect(gone).toBe(false);
    await Promise.all([first, second]);
    expect(transport.status.state).toBe("idle");
  });

  it("a pinned connection stays without sessions until it is let go", async () => {
    const transport = closing(new PairTransport());
    await transport.connect();
    await transport.withSession((session) => session.ping());
    expect(transport.status).toMatchObject({ state: "connected", leases: 0, epoch: 1 });
    await transport.disconnect();
    expect(transport.status.state).toBe("idle");
  });

  it("waiting has its own deadline and signal", async () => {
    const transport = closing(new PairTransport());
    expect(await rejection(transport.waitFor("connected", { timeoutMs: 20 }))).toMatchObject({
      code: "CONNECT_TIMEOUT",
    });
    const reason = new Error("no longer");
    expect(await rejection(transport.waitFor("connected", { signal: AbortSignal.abort(reason) }))).toBe(
      reason,
    );
  });
});
