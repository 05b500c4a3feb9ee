import type { Secrets } from "../base/redact.js";
import type { Credential } from "../contract/credential.js";
import type { Observed } from "../contract/inspection.js";
import type { SharedOptions } from "../contract/options.js";
import type { AttemptContext, Wire } from "../contract/wire.js";
import type { Clock } from "../machines/clock.js";

/** What counts for a kind of transport where its options say nothing. */
export interface KindDefaults
  extends Pick<SharedOptions, "keepAlive" | "heartbeat" | "connectTimeoutMs" | "era"> {
  /** How long a person may take to sign in, in milliseconds. Default 5 minutes. */
  authorizeTimeoutMs?: number;
}

/** What a transport says of itself to the base class. */
export interface TransportIdentity {
  /** `stdio`, `http`, `memory`, …: shown in statuses. */
  kind: string;
  /** What the server is called when the options name none. Must hold no secret. */
  name: string;
  defaults?: KindDefaults;
  /** What every wire shows to be let in; another one is got from it after a refusal. */
  credential?: Credential | undefined;
  /**
   * What it was told in confidence.
   * @internal
   */
  secrets?: Secrets;
  /**
   * What no option changes.
   * @internal
   */
  fixed?: Pick<SharedOptions, "heartbeat" | "era">;
  /**
   * Another clock, for tests.
   * @internal
   */
  clock?: Clock;
  /**
   * Other dice, for tests.
   * @internal
   */
  random?: () => number;
}

/** What an opener is told of one attempt, and of the transport that makes it. */
export interface OpenContext extends AttemptContext {
  /** Tells those who inspect, if there is anybody. Does not hold the transport, so a wire may keep it. */
  observe(event: Observed): void;
  /** Tells the subscribers of something odd. Does not hold the transport. */
  warn(message: string): void;
  /** Whether the transport has a connection, or is after one. Does not hold the transport. */
  inUse(): boolean;
}

/** How one server is reached, as a value: what is shown of it, its defaults, and how a wire is opened. */
export interface Opener extends TransportIdentity {
  /** Opens one wire, not started yet. Called once for each attempt. */
  open(attempt: OpenContext): Promise<Wire> | Wire;
}
