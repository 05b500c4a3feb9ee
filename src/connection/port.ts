import type { HoldfastError } from "../base/errors.js";
import type { Secrets } from "../base/redact.js";
import { shown } from "../base/shown.js";
import type { Observed } from "../contract/inspection.js";
import type { ReplayMode } from "../contract/options.js";
import type { ConnectionStatus } from "../contract/status.js";
import type { Tracer } from "../contract/trace.js";
import type { Clock } from "../machines/clock.js";
import type { Announcement, ConnectionPort, Ready } from "../session/ports.js";
import type { CurrentEpoch } from "./current-epoch.js";
import { RetryBudget } from "./retry-budget.js";
import type { ServerLists } from "./server-lists.js";
import type { Subscribers } from "./subscribers.js";
import type { Waiting } from "./waiting.js";

/** What a connection's user said of its calls. */
export interface PortSettings {
  name: string;
  clock: Clock;
  secrets: Secrets;
  replay: ReplayMode;
  trustAnnotations: boolean;
  callTimeoutMs(method: string, name: string | undefined): number | undefined;
  subscribers: Subscribers;
}

export interface PortHost {
  current: CurrentEpoch;
  waiting: Waiting;
  lists: ServerLists;
  status(): ConnectionStatus;
}

/** A connection, as its sessions see it. */
export class Port implements ConnectionPort {
  readonly name: string;
  readonly clock: Clock;
  readonly replay: ReplayMode;
  readonly #budget: RetryBudget;
  readonly #observe = (event: Observed) => this.settings.subscribers.inspectors.hear(event, this.clock.now());

  constructor(
    private readonly settings: PortSettings,
    private readonly host: PortHost,
  ) {
    this.name = settings.name;
    this.clock = settings.clock;
    this.replay = settings.replay;
    this.#budget = new RetryBudget(settings.clock);
  }

  get ready(): Ready | undefined {
    return this.host.current.ready;
  }
  get closedError(): HoldfastError | undefined {
    return this.host.waiting.closedError;
  }
  get observe(): ((event: Observed) => void) | undefined {
    return this.settings.subscribers.inspectors.followCalls ? this.#observe : undefined;
  }
  get tracer(): Tracer | undefined {
    return this.settings.subscribers.tracers.current;
  }
  shown<T>(value: T): T {
    return shown(this.settings.secrets, value);
  }
  status(): ConnectionStatus {
    return this.host.status();
  }
  mayRepeat(tool: string | undefined): boolean {
    return this.settings.trustAnnotations && this.host.lists.repeatable(tool);
  }
  tool(name: string): object | undefined {
    return this.host.lists.tool(name);
  }
  mayResend({ guard, epoch }: Ready): boolean {
    return this.#budget.take(guard.down ? epoch : undefined);
  }
  callTimeoutMs(method: string, name: string | undefined): number | undefined {
    return this.settings.callTimeoutMs(method, name);
  }
  whenReady(signal: AbortSignal, options: { isNewCall: boolean }): Promise<Ready> {
    return this.host.waiting.whenReady(signal, options);
  }
  whenVerdict(signal: AbortSignal): Promise<void> {
    return this.host.waiting.whenVerdict(signal);
  }
  announce(event: Announcement): void {
    const { subscribers, clock } = this.settings;
    subscribers.notify(() => this.host.status(), { ...event, at: clock.now() });
  }
}
