import { describe, expect, it } from "vitest";
import type { ConnectionActor, Move } from "../../src/connection/actor.js";
import { CurrentEpoch } from "../../src/connection/current-epoch.js";
import { Picture } from "../../src/connection/picture.js";
import type { Ready } from "../../src/session/ports.js";
import { epochClient } from "../support/fake-session.js";
import { ManualClock } from "../support/manual-clock.js";

const context = {
  recovering: true,
  epoch: 3,
  attempt: 2,
  nextRetryAt: 1_500,
  lastError: { code: "CONNECT_FAILED", message: "refused", fatal: true, error: new Error("secret") },
};

function rig() {
  const clock = new ManualClock(1_000);
  const current = new CurrentEpoch();
  const host = {
    name: "files",
    kind: "demo",
    clock,
    authorizeTimeoutMs: 60_000,
    current,
    listening: () => "lost" as const,
    leases: () => 4,
  };
  const picture = new Picture(host);
  const status = (state = "connected", detail = "steady") =>
    picture.status({ context, state, detail } as unknown as ConnectionActor);
  const moves = (from: string, to: string) => picture.moves({ from, to } as Move);
  const opens = (era: "legacy" | "modern", wire: object = {}) => {
    const client = epochClient({}, era);
    current.open({ epoch: 3, client, guard: { inFlight: 7, wire } } as unknown as Ready);
    current.begin();
  };
  return { clock, picture, status, moves, opens };
}

describe("what is shown of a connection", () => {
  it("is what the machine says, what the server said of itself, and what its wire knows", () => {
    const { status, opens } = rig();
    opens("legacy", { pid: 12, sessionId: "s-1", listening: "none" });
    expect(status()).toEqual({
      name: "files",
      kind: "demo",
      state: "connected",
      detail: "steady",
      recovering: true,
      listening: "none",
      suspect: false,
      epoch: 3,
      attempt: 2,
      nextRetryAt: 1_500,
      // The error itself may hold what nobody is to see.
      lastError: { code: "CONNECT_FAILED", message: "refused", health: "refused" },
      authorizing: undefined,
      since: 1_000,
      server: { name: "fake", version: "1" },
      era: "legacy",
      protocolVersion: "2025-11-25",
      pid: 12,
      sessionId: "s-1",
      lastChange: undefined,
      leases: 4,
      inFlight: 7,
    });
  });

  it("of a modern server's stream is what the connection knows, not its wire", () => {
    const { status, opens } = rig();
    opens("modern", { listening: "none" });
    expect(status()).toMatchObject({ era: "modern", listening: "lost" });
  });

  it("is a suspicion while it is asked, and as long as it is only busy", () => {
    const { picture, status } = rig();
    expect(status("connected", "probing").suspect).toBe(true);
    expect(status().suspect).toBe(false);
    picture.suspect = true;
    expect(status().suspect).toBe(true);
  });

  it("is how long it has been in a state, whatever happened inside of it", () => {
    const { clock, status, moves } = rig();
    clock.advance(10);
    moves("idle", "connecting.opening");
    expect(status().since).toBe(1_010);
    clock.advance(10);
    moves("connecting.opening", "connecting.waiting");
    expect(status().since).toBe(1_010);
    moves("connecting.waiting", "disconnecting");
    expect(status().since).toBe(1_020);
  });
});

describe("a sign-in", () => {
  it("is shown from its first step to its last, with when it is given up", () => {
    const { clock, picture, status, moves } = rig();
    const first = { step: "discovering", since: 1_000, until: 61_000 };
    moves("connecting.opening", "connecting.authorizing");
    expect(status().authorizing).toEqual(first);
    clock.advance(100);
    const waiting = { ...first, step: "waiting", todo: "Open the page" };
    expect(picture.authorizes({ step: "waiting", todo: "Open the page" })).toEqual(waiting);
    expect(status().authorizing).toEqual(waiting);
    // What one step needed is not carried into the next.
    picture.authorizes({ step: "exchanging" });
    expect(status().authorizing).toEqual({ ...first, step: "exchanging" });
    moves("connecting.authorizing", "connecting.opening");
    expect(status().authorizing).toBeUndefined();
  });

  it("that goes on across states is one; its first step may come before the machine's", () => {
    const { clock, picture, status, moves } = rig();
    picture.authorizes({ step: "refreshing" });
    clock.advance(100);
    moves("connected.steady", "connected.authorizing");
    expect(status().authorizing).toEqual({ step: "refreshing", since: 1_000, until: 61_000 });
  });

  it("is shown as it is at that moment", () => {
    const { picture, status, moves } = rig();
    moves("connected.steady", "connected.authorizing");
    const before = status().authorizing!;
    picture.authorizes({ step: "waiting" });
    expect(before.step).toBe("discovering");
    before.step = "exchanging";
    expect(status().authorizing!.step).toBe("waiting");
  });
});
