import {
  type Client,
  type ClientOptions,
  type jsonSchemaValidator,
  SUPPORTED_PROTOCOL_VERSIONS,
} from "@modelcontextprotocol/client";
import { fieldsOf } from "../base/fields.js";
import { untilAborted, withDeadline } from "../base/wait.js";
import { DEFAULTS, type EraOption } from "../contract/options.js";
import { MODERN_REVISION } from "../contract/protocol.js";
import type { AttemptContext, Wire } from "../contract/wire.js";
import { MAX_DELAY_MS } from "../machines/backoff.js";
import type { Clock } from "../machines/clock.js";
import { Disposer } from "../machines/disposer.js";
import type { Failure } from "../machines/failure.js";
import type { Ready } from "../session/ports.js";
import { Guard, type GuardHooks } from "../wires/guard.js";
import { Lost } from "../wires/lost.js";
import { type Epoch, EpochClient } from "./epoch-client.js";
import type { Profile } from "./profile.js";
import type { Router } from "./router.js";

export interface HandshakeInput {
  epoch: number;
  signal: AbortSignal;
  disposer: Disposer;
  clock: Clock;
  connectTimeoutMs: number;
  profile: Profile;
  cache: Epoch["store"];
  validators: jsonSchemaValidator;
  router: Router;
  hooks: Omit<GuardHooks, "onLost">;
  openWire(context: AttemptContext): Promise<Wire> | Wire;
  /** Told as soon as there is a wire, so that a failure can be explained. */
  onWire(wire: Wire): void;
  onLost: GuardHooks["onLost"];
}

/** One handshake: an attempt makes another one where the first took the server for of the wrong era. */
export interface Handshake {
  /** `auto` asks for the era first. */
  readonly mode: EraOption;
  /** Of the legacy era: what is offered. Default: the newest. */
  readonly version?: string;
  guard?: Guard;
}

const GIVEN_UP: Failure = { code: "CONNECTION_LOST", message: "the attempt was given up", asked: true };

/** Opens a wire with a guard around it, and shakes hands. What it opened is closed when it fails. */
export async function shakeHands(input: HandshakeInput, handshake: Handshake): Promise<Ready> {
  const { epoch, signal, disposer } = input;
  const part = new Disposer();
  disposer.add(() => part.dispose());
  try {
    const wire = await open(input, part);
    let done = false;
    const guard = new Guard(wire, epoch, {
      ...input.hooks,
      onLost: (failure) => {
        if (done) input.onLost(failure);
      },
      toClient: (notification, extra) => client.take(notification, extra),
    });
    part.add(() => guard.close());
    // Race: the attempt was given up while the wire was being made; it is closed by now, and never used.
    signal.throwIfAborted();
    input.onWire(wire);
    handshake.guard = guard;
    const options = clientOptions(input, handshake);
    const client = new EpochClient(input.profile.clientInfo, options, {
      guard,
      store: input.cache,
      relays: wire.relays === true,
    });
    part.add(() => client.close());
    // A server that is let go is told; one that was lost is not there to be told.
    part.add(() => (guard.down && !guard.down.asked ? undefined : wire.end?.()));
    // From the first moment of its end nothing passes, the handshake's own requests included.
    part.add(() => guard.shut(GIVEN_UP));
    input.router.attach(client, guard);
    await connect(client, guard, input, handshake);
    if (guard.down) throw new Lost("unknown", guard.down);
    done = true;
    return { client, guard, epoch };
  } catch (error) {
    // The wire's own reason says more than what the Client made of it.
    const down = handshake.guard?.down;
    await part.dispose();
    // A wire that was ending knows only now why.
    const soon = (Lost.of(error) ?? Lost.of(fieldsOf(error)["cause"]))?.ends === "soon";
    const why = down && !down.asked ? down : soon ? handshake.guard?.wire.failure : undefined;
    throw why ? new Lost("unknown", why) : error;
  }
}

async function open({ openWire, epoch, signal, profile }: HandshakeInput, part: Disposer): Promise<Wire> {
  const { clientInfo, capabilities } = profile;
  return openWire({ epoch, signal, clientInfo, capabilities, cleanup: (close) => part.add(close) });
}

function clientOptions(
  { profile, cache, validators }: HandshakeInput,
  { mode, version }: Handshake,
): ClientOptions {
  const { capabilities, inputRequired, listMaxPages } = profile;
  return {
    capabilities,
    responseCacheStore: cache,
    jsonSchemaValidator: validators,
    ...(inputRequired && { inputRequired }),
    ...(listMaxPages !== undefined && { listMaxPages }),
    ...(version !== undefined && {
      supportedProtocolVersions: [
        version,
        ...SUPPORTED_PROTOCOL_VERSIONS.filter((known) => known !== version),
      ],
    }),
    versionNegotiation: {
      mode: mode === "modern" ? { pin: MODERN_REVISION } : "auto",
      probe: { timeoutMs: MAX_DELAY_MS },
    },
  };
}

/**
 * Our own deadline is the one that counts, and the SDK's must not come before it. Asking for the era has one: until then
 * the server has answered, and shaken hands in the era that it named.
 */
function connect(
  client: Client,
  guard: Guard,
  { clock, connectTimeoutMs }: HandshakeInput,
  { mode }: Handshake,
): Promise<void> {
  const prior = mode === "legacy" && { prior: { kind: "legacy" as const } };
  const shaking = client.connect(guard, { timeout: MAX_DELAY_MS, ...prior });
  if (mode !== "auto") return shaking;
  const ms = Math.min(DEFAULTS.eraProbeTimeoutMs, connectTimeoutMs / 3);
  const expired = () => new Error(`the server did not say within ${Math.round(ms)} ms which era it speaks`);
  return withDeadline({ clock, ms, expired }, (over) => untilAborted(shaking, over));
}
