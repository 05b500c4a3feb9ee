import { describe, expect, it, vi } from "vitest";
import { HoldfastError } from "../../src/base/errors.js";
import { CurrentEpoch } from "../../src/connection/current-epoch.js";
import { ParkedRequests } from "../../src/connection/parked-requests.js";
import type { Authorization, Refusal } from "../../src/contract/credential.js";
import type { Failure } from "../../src/machines/failure.js";
import type { Ready } from "../../src/session/ports.js";
import { Lost } from "../../src/wires/lost.js";
import { Unauthorized } from "../../src/wires/refusal.js";
import { isPending, rejection } from "../support/settling.js";

const refusal = (status: 401 | 403): Refusal => ({
  status,
  token: "old",
  scope: undefined,
  resourceMetadataUrl: undefined,
  challenge: undefined,
});
const live = new AbortController().signal;

/** Epoch 4 is open, and its credential is got as a test says. */
function rig(obtain: (refusal: Refusal, authorization: Authorization) => Promise<void> = async () => {}) {
  const guard: { down: Failure | undefined; shut: ReturnType<typeof vi.fn> } = {
    down: undefined,
    shut: vi.fn(),
  };
  const current = new CurrentEpoch();
  current.open({ epoch: 4, guard } as unknown as Ready);
  const host = {
    current,
    credential: () => ({ token: () => "old", mends: () => true, obtain }),
    onRefused: vi.fn(),
    onAuthorization: vi.fn(),
  };
  return { parked: new ParkedRequests(host), host, guard, current };
}

const refused = new HoldfastError("AUTH_REQUIRED", "said no", {});
const fails = async () => {
  throw refused;
};

describe("a request that the server refused", () => {
  it("waits for another credential, and the machine hears of it", async () => {
    const { parked, host } = rig();
    expect(parked.empty).toBe(true);
    const waiting = [parked.refused(refusal(401), 4), parked.refused(refusal(403), 4)];
    expect(host.onRefused.mock.calls).toEqual([[4], [4]]);
    expect(parked.empty).toBe(false);
    for (const one of waiting) expect(await isPending(one)).toBe(true);
    parked.release();
    await Promise.all(waiting);
    expect(parked.empty).toBe(true);
  });

  it("is told what became of the connection where that ends first", async () => {
    const { parked } = rig();
    const waiting = [401, 403].map((status) => rejection(parked.refused(refusal(status as 401), 4)));
    const failure = { code: "CONNECTION_LOST", message: "it is gone" };
    parked.release(failure);
    for (const one of waiting) expect(await one).toMatchObject({ outcome: "rejected", failure });
    expect(await waiting[0]).toBeInstanceOf(Lost);
  });

  it("does not wait in an attempt, nor on a wire that is down", async () => {
    const { parked, host, guard } = rig();
    const attempt = await rejection(parked.refused(refusal(401), 5));
    expect(attempt).toBeInstanceOf(Unauthorized);
    expect(attempt).toMatchObject({ refusal: refusal(401) });
    guard.down = { code: "CONNECTION_LOST", message: "gone" };
    expect(await rejection(parked.refused(refusal(403), 4))).toBeInstanceOf(Unauthorized);
    expect(host.onRefused).not.toHaveBeenCalled();
    expect(parked.empty).toBe(true);
    const none = new ParkedRequests({ ...host, current: new CurrentEpoch() });
    expect(await rejection(none.refused(refusal(401), 4))).toBeInstanceOf(Unauthorized);
  });
});

describe("a credential", () => {
  it("is got for what the server wanted last, with its steps", async () => {
    const obtain = vi.fn(async (_refusal: Refusal, { progress }: Authorization) =>
      progress({ step: "refreshing" }),
    );
    const { parked, host } = rig(obtain);
    void parked.refused(refusal(401), 4);
    void parked.refused(refusal(403), 4);
    await parked.authorize(live);
    expect(obtain).toHaveBeenCalledExactlyOnceWith(refusal(403), {
      signal: live,
      progress: expect.any(Function),
    });
    expect(host.onAuthorization).toHaveBeenCalledExactlyOnceWith({ step: "refreshing" });
    // Who waits is released by the machine's step, not by this.
    expect(parked.empty).toBe(false);
    parked.release();
  });

  it("that nobody waits for any more tells no steps", async () => {
    const { parked, host } = rig(async (_refusal, { progress }) => progress({ step: "waiting" }));
    void parked.refused(refusal(401), 4);
    await parked.authorize(AbortSignal.abort());
    expect(host.onAuthorization).not.toHaveBeenCalled();
    parked.release();
  });

  it("that there is none of is nothing to get", async () => {
    const { host } = rig();
    await new ParkedRequests({ ...host, credential: () => undefined }).authorize(live);
  });

  it("that cannot be got lets the wire go before its requests hear of it", async () => {
    const { parked, guard } = rig(fails);
    const waiting = rejection(parked.refused(refusal(401), 4));
    const failure = await rejection(parked.authorize(live));
    expect(failure).toMatchObject({ code: "AUTH_REQUIRED", message: "said no", fatal: true, error: refused });
    expect(guard.shut).toHaveBeenCalledExactlyOnceWith(failure);
    expect(await isPending(waiting)).toBe(true);
    parked.release(failure as Failure);
    await waiting;
  });

  it("with more scope that cannot be got is told to those who want more, and the wire stays", async () => {
    const { parked, guard } = rig(fails);
    const token = parked.refused(refusal(401), 4);
    const scope = rejection(parked.refused(refusal(403), 4));
    await parked.authorize(live);
    expect(await scope).toBe(refused);
    expect(guard.shut).not.toHaveBeenCalled();
    expect(await isPending(token)).toBe(true);
    parked.release();
    await token;
  });

  it("with more scope on a wire that is down, or in an attempt, is a failure", async () => {
    const { parked, guard, host } = rig(fails);
    void parked.refused(refusal(403), 4);
    guard.down = { code: "CONNECTION_LOST", message: "gone" };
    expect(await rejection(parked.authorize(live))).toMatchObject({ code: "AUTH_REQUIRED" });
    expect(guard.shut).toHaveBeenCalledTimes(1);
    const none = new ParkedRequests({ ...host, current: new CurrentEpoch() });
    void rejection(none.refused(refusal(403), 4));
    expect(await rejection(none.authorize(live))).toMatchObject({ code: "AUTH_REQUIRED" });
    parked.release();
  });

  it("that is given up, or may be got later, leaves the wire open", async () => {
    const given = rig(fails);
    for (const status of [401, 403] as const) {
      void given.parked.refused(refusal(status), 4);
      expect(await rejection(given.parked.authorize(AbortSignal.abort()))).toMatchObject({ fatal: true });
    }
    const later = rig(async () => {
      throw new Error("503");
    });
    void later.parked.refused(refusal(403), 4);
    expect(await rejection(later.parked.authorize(live))).toMatchObject({
      code: "CONNECT_FAILED",
      fatal: false,
    });
    for (const { guard, parked } of [given, later]) {
      expect(guard.shut).not.toHaveBeenCalled();
      parked.release();
    }
  });
});
