import { HoldfastError } from "../base/errors.js";
import { Secrets } from "../base/redact.js";
import { Connection } from "../connection/connection.js";
import { EraMemory } from "../connection/era.js";
import { Subscribers } from "../connection/subscribers.js";
import { checkShared } from "../contract/check-options.js";
import { DEFAULTS, policyOf, type SharedOptions } from "../contract/options.js";
import { type Clock, systemClock } from "../machines/clock.js";
import { INTERNALS, type Internals } from "./internals.js";
import type { TransportIdentity } from "./opener.js";
import { Recorder } from "./recorder.js";

/** What a transport has for all its connections. */
export interface ConnectionParts {
  options: SharedOptions;
  identity: TransportIdentity;
  clock: Clock;
  secrets: Secrets;
  subscribers: Subscribers;
  recorder: Recorder | undefined;
}

/** @throws HoldfastError `CONFIG_INVALID` for a wrong option */
export function partsOf(options: SharedOptions, identity: TransportIdentity): ConnectionParts {
  checkShared(options);
  const secrets = identity.secrets ?? new Secrets();
  for (const secret of options.secrets ?? []) secrets.add(secret, { named: true });
  const { name = identity.name, record } = options;
  const subscribers = new Subscribers(options.logger, secrets);
  return {
    options: settled(options, identity),
    identity,
    clock: identity.clock ?? systemClock,
    secrets,
    subscribers,
    recorder: record === undefined ? undefined : new Recorder(record, name, subscribers.inspectors.id),
  };
}

/** The options as they count: what a kind fixes, then what was given, then its defaults. */
function settled(given: SharedOptions, { defaults, fixed }: TransportIdentity): SharedOptions {
  const said = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  const { authorizeTimeoutMs: _, ...rest } = defaults ?? {};
  return { ...rest, ...said, ...fixed };
}

/**
 * Makes the connections of a transport. `epoch`: the number that the first attempt follows. Nothing of a connection may hold
 * the transport or its options, or the transport could never be forgotten.
 */
export function connectionsOf(
  transport: { readonly name: string; readonly [INTERNALS]: Internals },
  { options, identity, clock, secrets, subscribers }: ConnectionParts,
): (epoch: number) => Connection {
  const owner = new WeakRef(transport);
  const { name } = transport;
  const { kind, random, defaults } = identity;
  const {
    cache,
    era,
    replay,
    heartbeat,
    trustAnnotations,
    maxQueued,
    maxServerRequests,
    maxUnaskedPerSecond,
    maxReceivingBytes,
    maxUnsentAnswers,
    schemaLimits,
  } = options;
  const policy = policyOf(options);
  const settings = {
    name,
    kind,
    policy: { ...policy, authorizeTimeoutMs: defaults?.authorizeTimeoutMs ?? policy.authorizeTimeoutMs },
    era: era ?? "auto",
    replay: replay ?? "safe",
    heartbeatMs: heartbeat ? (heartbeat.intervalMs ?? DEFAULTS.heartbeatMs) : Number.POSITIVE_INFINITY,
    cache,
    trustAnnotations: trustAnnotations ?? true,
    maxQueued: maxQueued ?? DEFAULTS.maxQueued,
    maxServerRequests: maxServerRequests ?? DEFAULTS.maxServerRequests,
    wireLimits: { maxUnaskedPerSecond, maxReceivingBytes, maxUnsentAnswers },
    schemaLimits,
    eraMemory: new EraMemory(clock),
    clock,
    random: random ?? Math.random,
    secrets,
    subscribers,
  };
  return (epoch) =>
    new Connection({
      ...settings,
      epoch,
      callTimeoutMs: (method, called) => owner.deref()?.[INTERNALS].callTimeoutMs(method, called),
      credential: () => owner.deref()?.[INTERNALS].credential(),
      openWire: (attempt) => {
        const living = owner.deref();
        if (living) return living[INTERNALS].open(attempt);
        const message = `${name}: the transport was forgotten`;
        throw new HoldfastError("TRANSPORT_CLOSED", message, { server: name });
      },
    });
}
