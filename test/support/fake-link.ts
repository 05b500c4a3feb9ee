import type { Client } from "@modelcontextprotocol/client";
import { vi } from "vitest";
import { RetryBudget } from "../../src/connection/retry-budget.js";
import { ServerLists } from "../../src/connection/server-lists.js";
import type { ConnectionStatus } from "../../src/contract/status.js";
import type { CallSpec } from "../../src/session/call-spec.js";
import type { Announcement, ConnectionPort, Ready } from "../../src/session/ports.js";
import { Lost } from "../../src/wires/lost.js";
import { ManualClock } from "./manual-clock.js";

/** Any part of a Client that a test cares for. */
export const clientOf = (part: object = {}) => part as Client;

/** A connection that is what a test says, with a clock that stands still. */
export class FakeLink implements ConnectionPort {
  readonly name = "demo";
  readonly clock = new ManualClock();
  replay: ConnectionPort["replay"] = "safe";
  ready: Ready | undefined;
  readonly lists = new ServerLists();
  readonly budget = new RetryBudget(this.clock);
  trustAnnotations = true;
  closedError: ConnectionPort["closedError"];
  readonly observe = undefined;
  readonly tracer: ConnectionPort["tracer"];
  readonly announced: Announcement[] = [];
  state: Partial<ConnectionStatus> = { state: "connecting", attempt: 1 };
  readonly callTimeoutMs = vi.fn(
    (_method: string, _name: string | undefined): number | undefined => undefined,
  );
  readonly whenReady = vi.fn((_signal: AbortSignal): Promise<Ready> => Promise.resolve(this.ready!));
  readonly whenVerdict = vi.fn((_signal: AbortSignal): Promise<void> => Promise.resolve());

  constructor(client: Client | null = clientOf()) {
    if (client) this.ready = readyWith(client);
  }

  tool(): undefined {}
  mayRepeat(tool: string | undefined): boolean {
    return this.trustAnnotations && this.lists.repeatable(tool);
  }
  mayResend({ guard, epoch }: Ready): boolean {
    return this.budget.take(guard.down ? epoch : undefined);
  }
  shown<T>(value: T): T {
    return value;
  }
  status(): ConnectionStatus {
    return this.state as ConnectionStatus;
  }
  announce(event: Announcement): void {
    this.announced.push(event);
  }
}

/** A connection whose handshake is done; its wire is down when a test says so. */
export function readyWith(client: Client, epoch = 1) {
  const whenDown = vi.fn((_signal: AbortSignal): Promise<void> => Promise.resolve());
  return { client, epoch, guard: { down: undefined, whenDown } } as unknown as Ready & {
    guard: { whenDown: typeof whenDown; down: Lost["failure"] | undefined };
  };
}

/** One call of a session that has not ended. */
export const specOf = (part: Partial<CallSpec> = {}): CallSpec => ({
  method: "tools/call",
  name: "it",
  params: undefined,
  options: undefined,
  timeoutMs: 1_000,
  session: {},
  ended: new AbortController().signal,
  ...part,
});

/** Never settles, but rejects with its signal's reason. */
export const untilAborted = (signal: AbortSignal) =>
  new Promise<never>((_, reject) => {
    const onAbort = () => reject(signal.reason);
    if (signal.aborted) onAbort();
    signal.addEventListener("abort", onAbort);
  });

export const lostAs = (outcome: Lost["outcome"], more: Partial<Lost["failure"]> = {}, ends?: Lost["ends"]) =>
  new Lost(outcome, { code: "CONNECTION_LOST", message: "the wire broke", ...more }, ends);

/** A call that may be sent again whatever became of it. */
export const READ: Partial<CallSpec> = { method: "tools/list", name: undefined };

/** A sending that fails with these in turn, then answers. */
export function failing(errors: unknown[]) {
  let sendings = 0;
  return vi.fn(async (_client: unknown, _options: unknown) => {
    const error = errors[sendings++];
    if (error) throw error;
    return `sending ${sendings}`;
  });
}
