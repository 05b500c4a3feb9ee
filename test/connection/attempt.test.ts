import { ProtocolErrorCode } from "@modelcontextprotocol/client";
import { McpServer } from "@modelcontextprotocol/server";
import { describe, expect, it, vi } from "vitest";
import { HoldfastError } from "../../src/base/errors.js";
import type { AttemptContext, Wire } from "../../src/contract/wire.js";
import { FakeServer } from "../../src/testing/index.js";
import { MemoryTransport } from "../../src/transports/memory.js";
import { ClientTransport } from "../../src/transports/transport.js";
import { Lost } from "../../src/wires/lost.js";
import { MemoryWire } from "../../src/wires/memory.js";
import { stopTime } from "../support/fake-timers.js";
import { closing, rejection } from "../support/fixtures.js";
import { isPending, quiet } from "../support/settling.js";

const never = () => new Promise(() => {});
const methods = (server: FakeServer) =>
  server.received.flatMap((message) => ("method" in message && "id" in message ? [message.method] : []));

/** A legacy server that is upgraded while nobody is connected: then it names what it speaks. */
class Upgraded extends ClientTransport {
  supported: string[] | undefined;
  readonly asked: string[] = [];
  constructor() {
    super({ era: "auto", reconnect: false }, { kind: "upgraded", name: "upgraded" });
  }
  #answer(method: string, offered: unknown): object {
    const server = { capabilities: {}, serverInfo: { name: "upgraded", version: "1" } };
    const refused = {
      code: ProtocolErrorCode.UnsupportedProtocolVersion,
      message: "too old",
      data: { supported: this.supported },
    };
    if (method === "initialize") {
      const protocolVersion = this.supported?.find((known) => known === offered);
      if (this.supported && !protocolVersion) return { error: refused };
      return { result: { ...server, protocolVersion: protocolVersion ?? "2025-11-25" } };
    }
    if (method !== "server/discover" || !this.supported) return { error: { code: -32601, message: "no" } };
    if (!this.supported.includes("2026-07-28"))
      return { error: { ...refused, message: "not this revision" } };
    const cached = { resultType: "complete", ttlMs: 0, cacheScope: "private" };
    return { result: { ...server, ...cached, supportedVersions: this.supported } };
  }
  protected override openWire(): Wire {
    return new MemoryWire(async (side) => {
      side.onmessage = (message) => {
        if (!("method" in message && "id" in message)) return;
        this.asked.push(message.method);
        const answer = this.#answer(message.method, message.params?.["protocolVersion"]);
        void side.send({ jsonrpc: "2.0", id: message.id, ...answer } as never);
      };
      await side.start();
      return () => side.close();
    });
  }
  override fork(): Upgraded {
    return new Upgraded();
  }
}

describe("the era of a server", () => {
  it("that knows none is legacy, in the same attempt, and is not asked again", async () => {
    const server = new FakeServer();
    const transport = closing(server.transport({ era: "auto" }));
    await transport.withSession(() => {});
    expect(transport.status).toMatchObject({ epoch: 1 });
    expect(methods(server)).toEqual(["server/discover", "initialize"]);
    await transport.disconnect();
    await transport.withSession(() => expect(transport.status.era).toBe("legacy"));
    expect(methods(server).slice(2)).toEqual(["initialize"]);
  });

  it.each([
    [30_000, 3_000],
    [6_000, 2_000],
  ])("that does not answer is legacy; with %i ms to connect after %i ms", async (connectTimeoutMs, ms) => {
    const server = new FakeServer().on("server/discover", never);
    const transport = closing(server.transport({ era: "auto", connectTimeoutMs }));
    const pass = stopTime();
    const opening = transport.connectSession();
    await pass(ms - 1);
    expect(methods(server)).toEqual(["server/discover"]);
    await pass(1);
    await opening;
    expect(transport.status).toMatchObject({ era: "legacy", epoch: 1 });
    await transport.disconnect();
    await transport.connect();
    expect(methods(server).filter((method) => method === "server/discover")).toHaveLength(1);
  });

  it("that does not survive the question is legacy, on a second wire of the same attempt", async () => {
    const server = new FakeServer().on("server/discover", async () => {
      await server.drop();
      return never();
    });
    const transport = closing(server.transport({ era: "auto" }));
    await transport.withSession(() =>
      expect(transport.status).toMatchObject({ era: "legacy", epoch: 1, attempt: 1 }),
    );
    expect(server.connections).toBe(2);
  });

  it("is modern where the server speaks it, and stays so", async () => {
    const make = vi.fn(() => new McpServer({ name: "new", version: "1" }));
    const transport = closing(new MemoryTransport({ server: make }));
    for (let i = 0; i < 2; i++) {
      await transport.withSession(() =>
        expect(transport.status).toMatchObject({ era: "modern", protocolVersion: "2026-07-28" }),
      );
      await transport.disconnect();
    }
  });

  it("that was legacy and refuses that now is asked in the words that it names", async () => {
    const transport = closing(new Upgraded());
    await transport.withSession(() => {});
    await transport.disconnect();
    transport.asked.length = 0;
    transport.supported = ["2026-07-28"];
    await transport.withSession(() => expect(transport.status.era).toBe("modern"));
    expect(transport.asked.slice(0, 2)).toEqual(["initialize", "server/discover"]);
    await transport.disconnect();
    // Modern now, and known to be.
    transport.asked.length = 0;
    await transport.withSession(() => {});
    expect(transport.asked[0]).toBe("server/discover");
  });

  it("that was legacy and speaks what nobody knows cannot be reached", async () => {
    const transport = closing(new Upgraded());
    await transport.withSession(() => {});
    await transport.disconnect();
    transport.asked.length = 0;
    transport.supported = ["1999-01-01"];
    expect(await rejection(transport.connectSession())).toMatchObject({
      code: "CONNECT_FAILED",
      message: expect.stringContaining("too old"),
    });
    expect(transport.asked).toEqual(["initialize"]);
  });

  it("that was legacy and names an older version is offered that one", async () => {
    const transport = closing(new Upgraded());
    await transport.withSession(() => {});
    await transport.disconnect();
    transport.asked.length = 0;
    transport.supported = ["1999-01-01", "2024-11-05"];
    await transport.withSession(() =>
      expect(transport.status).toMatchObject({ era: "legacy", protocolVersion: "2024-11-05" }),
    );
    expect(transport.asked.slice(0, 2)).toEqual(["initialize", "initialize"]);
  });

  it("that is modern, of a revision that nobody knows, is told of by that, and not by the legacy handshake", async () => {
    const transport = closing(new Upgraded());
    transport.supported = ["2099-01-01"];
    expect(await rejection(transport.connectSession())).toMatchObject({
      code: "CONNECT_FAILED",
      message: "upgraded: not this revision",
    });
    expect(transport.asked).toEqual(["server/discover", "initialize"]);
  });

  it("that refuses without saying what it speaks is told of by what it said", async () => {
    const server = new FakeServer().on("initialize", () => {
      throw new Error("closed for today");
    });
    const transport = closing(server.transport({ era: "auto", reconnect: false }));
    expect(await rejection(transport.connectSession())).toMatchObject({
      code: "CONNECT_FAILED",
      message: expect.stringContaining("closed for today"),
    });
  });

  it("that is fixed is not asked for", async () => {
    const server = new FakeServer();
    await closing(server.transport({ era: "legacy" })).withSession(() => {});
    expect(methods(server)).toEqual(["initialize"]);
    const modern = closing(server.transport({ era: "modern", reconnect: false }));
    expect(await rejection(modern.connectSession())).toMatchObject({ code: "CONNECT_FAILED" });
    expect(methods(server).slice(1)).toEqual(["server/discover"]);
  });
});

/** A server of an unknown era, each of whose wires is made by the test. */
class Unasked extends ClientTransport {
  opened = 0;
  constructor(private readonly make: () => Wire) {
    super({ era: "auto", reconnect: false }, { kind: "unasked", name: "unasked" });
  }
  protected override openWire(): Wire {
    this.opened++;
    return this.make();
  }
  override fork(): Unasked {
    return new Unasked(this.make);
  }
}

describe("a server that was not asked for its era", () => {
  it.each<[string, () => Wire]>([
    [
      "there is no wire",
      () => {
        throw new Error("out of reach");
      },
    ],
    [
      "it did not start, and will not",
      () => new MemoryWire(() => Promise.reject(new HoldfastError("SPAWN_FAILED", "out of reach", {}))),
    ],
    [
      "the question was not sent",
      () => {
        const wire = new MemoryWire((side) => new FakeServer().serve(side));
        const failure = { code: "CONNECTION_LOST", message: "out of reach" };
        return Object.assign(wire, { send: () => Promise.reject(new Lost("not-sent", failure)) });
      },
    ],
  ])("is not tried in another way where %s", async (_why, make) => {
    const transport = closing(new Unasked(make));
    const error = (await rejection(transport.connectSession())) as Error;
    expect(error.message).toContain("out of reach");
    expect(transport.opened).toBe(1);
  });

  it("is tried in another way where it did not survive the question", async () => {
    const transport = closing(
      new Unasked(() => new MemoryWire(() => Promise.reject(new Error("out of reach")))),
    );
    await rejection(transport.connectSession());
    expect(transport.opened).toBe(2);
  });

  it("is not tried in another way by an attempt that was given up", async () => {
    const server = new FakeServer().on("server/discover", never);
    const transport = closing(new Unasked(() => new MemoryWire((side) => server.serve(side))));
    const opening = rejection(transport.connectSession());
    await quiet();
    expect(methods(server)).toEqual(["server/discover"]);
    await transport.close();
    await opening;
    await quiet();
    expect(transport.opened).toBe(1);
  });
});

/** A transport whose wires a test sees. */
class Watched extends ClientTransport {
  readonly calls: string[] = [];
  constructor(
    readonly server: FakeServer,
    private readonly opening: (attempt: AttemptContext) => Promise<unknown> = async () => {},
  ) {
    super({ era: "legacy", reconnect: false }, { kind: "watched", name: "watched" });
  }
  protected override async openWire(attempt: AttemptContext): Promise<Wire> {
    attempt.cleanup(() => this.calls.push("cleanup"));
    await this.opening(attempt);
    const wire = new MemoryWire((side) => this.server.serve(side));
    const close = wire.close.bind(wire);
    return Object.assign(wire, {
      close: () => {
        this.calls.push("close");
        return close();
      },
      end: async () => void this.calls.push("end"),
      explain: (failure: object) => ({ ...failure, appendix: "last words" }),
    }) as unknown as Wire;
  }
  override fork(): Watched {
    return new Watched(this.server);
  }
}

describe("what an attempt opened", () => {
  it("is ended in its order: the server is told, then the wire is closed, then the rest", async () => {
    const transport = closing(new Watched(new FakeServer()));
    await transport.withSession(() => {});
    await transport.close();
    expect(transport.calls.filter((call, i, all) => all.indexOf(call) === i)).toEqual([
      "end",
      "close",
      "cleanup",
    ]);
  });

  it("is not told of its end where it was lost: it is not there", async () => {
    const server = new FakeServer();
    const transport = closing(new Watched(server));
    await transport.connectSession();
    await server.drop();
    await transport.waitFor("closed");
    expect(transport.calls).not.toContain("end");
    expect(transport.calls).toContain("close");
  });

  it("is closed where the attempt was given up meanwhile, and no handshake is made", async () => {
    const server = new FakeServer();
    let open = () => {};
    const transport = closing(new Watched(server, () => new Promise<void>((resolve) => (open = resolve))));
    const opening = rejection(transport.connectSession());
    await quiet();
    const closed = transport.close();
    expect(await isPending(opening)).toBe(false);
    open();
    await closed;
    await quiet();
    expect(transport.calls).toContain("cleanup");
    expect(server.received).toEqual([]);
  });

  it("explains a failure", async () => {
    const server = new FakeServer().on("initialize", () => {
      throw new Error("no");
    });
    const error = (await rejection(closing(new Watched(server)).connectSession())) as Error;
    expect(error.message).toMatch(/^watched: .*no\nlast words$/);
  });

  it("that was lost in the handshake says why the wire ended", async () => {
    const server = new FakeServer().on("initialize", async () => {
      await server.drop();
      return never();
    });
    expect(await rejection(closing(new Watched(server)).connectSession())).toMatchObject({
      message: expect.stringContaining("the server closed the connection"),
    });
  });
});
