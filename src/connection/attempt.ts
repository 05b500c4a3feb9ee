import {
  Client,
  type jsonSchemaValidator,
  ProtocolError,
  ProtocolErrorCode,
  type ResponseCacheStore,
  SdkError,
  SdkErrorCode,
} from "@modelcontextprotocol/client";
import { DEFAULTS, type EraOption } from "../contract/options.js";
import type { AttemptContext, Wire } from "../contract/wire.js";
import { Disposer } from "../machines/disposer.js";
import type { Ready } from "../session/ports.js";
import { Guard, type GuardHooks } from "../wires/guard.js";
import { Lost } from "../wires/lost.js";
import type { EraMemory } from "./era.js";
import type { Profile } from "./profile.js";
import type { Router } from "./router.js";

export interface AttemptInput {
  epoch: number;
  signal: AbortSignal;
  disposer: Disposer;
  era: EraOption;
  eraMemory: EraMemory;
  connectTimeoutMs: number;
  profile: Profile;
  cache: ResponseCacheStore;
  validators: jsonSchemaValidator;
  router: Router;
  hooks: Omit<GuardHooks, "onLost">;
  openWire(context: AttemptContext): Promise<Wire> | Wire;
  /** Told as soon as there is a wire, so that a failure can be explained. */
  onWire(wire: Wire): void;
  onLost: GuardHooks["onLost"];
}

/** One try to open: a wire, a guard around it, and the handshake of either era. */
export async function openAttempt(input: AttemptInput): Promise<Ready> {
  const { era, eraMemory } = input;
  if (era !== "auto") return handshake(input, { mode: era });
  const trial: Trial = { mode: eraMemory.isLegacy() ? "legacy" : "auto" };
  try {
    return await handshake(input, trial);
  } catch (error) {
    if (input.signal.aborted) throw error;
    // It began too late for the probe, or it was legacy when it was last asked.
    if (wantsModern(error)) return handshake(input, { mode: "modern" });
    if (trial.mode === "legacy" || !mayBeLegacy(error, trial)) throw error;
  }
  // The probe for the era ended the server, or it never answered it: a legacy server, asked in its own words.
  const ready = await handshake(input, { mode: "legacy" });
  eraMemory.remember("legacy");
  return ready;
}

/** One handshake of an attempt; there is a second where the first one took the server for of the wrong era. */
interface Trial {
  mode: EraOption;
  guard?: Guard;
}

async function handshake(input: AttemptInput, trial: Trial): Promise<Ready> {
  const { mode } = trial;
  const { epoch, signal, disposer, profile, cache, eraMemory, connectTimeoutMs } = input;
  const part = new Disposer();
  disposer.add(() => part.dispose());
  let done = false;
  try {
    const wire = await input.openWire({
      epoch,
      signal,
      clientInfo: profile.clientInfo,
      capabilities: profile.capabilities,
      cleanup: (close) => part.add(close),
    });
    const guard = new Guard(wire, epoch, {
      ...input.hooks,
      onLost: (failure) => {
        if (done) input.onLost(failure);
      },
    });
    part.add(() => guard.close());
    // Race: the attempt was given up while the wire was being made; it is closed by now, and never used.
    signal.throwIfAborted();
    input.onWire(wire);
    trial.guard = guard;
    const client = new Client(profile.clientInfo, {
      capabilities: profile.capabilities,
      responseCacheStore: cache,
      jsonSchemaValidator: input.validators,
      ...(profile.inputRequired && { inputRequired: profile.inputRequired }),
      ...(profile.listMaxPages !== undefined && { listMaxPages: profile.listMaxPages }),
      versionNegotiation: {
        mode: mode === "modern" ? { pin: MODERN } : "auto",
        // Where there is only one answer, the machine's deadline is the one that counts.
        probe: {
          timeoutMs:
            mode === "modern" ? MAX_HANDSHAKE_MS : Math.min(DEFAULTS.eraProbeTimeoutMs, connectTimeoutMs / 3),
        },
      },
    });
    part.add(() => client.close());
    // A server that is let go is told; one that was lost is not there to be told.
    part.add(() => (guard.down && !guard.down.asked ? undefined : wire.end?.()));
    // From the first moment of its end nothing passes, the handshake's own requests included.
    part.add(() => guard.shut({ code: "CONNECTION_LOST", message: "the attempt was given up", asked: true }));
    input.router.attach(client, () => guard);
    await client.connect(guard, {
      timeout: MAX_HANDSHAKE_MS,
      ...(mode === "legacy" && { prior: { kind: "legacy" } }),
    });
    if (guard.down) throw new Lost("unknown", guard.down);
    done = true;
    if (mode !== "legacy") eraMemory.remember(client.getProtocolEra() ?? "legacy");
    return { client, guard, epoch };
  } catch (error) {
    // The wire's own reason says more than what the Client made of it.
    const down = trial.guard?.down;
    await part.dispose();
    // A wire that was ending knows only now why.
    const soon = (Lost.of(error) ?? Lost.of((error as Error | undefined)?.cause))?.ends === "soon";
    const why = down && !down.asked ? down : soon ? trial.guard?.wire.failure : undefined;
    throw why ? new Lost("unknown", why) : error;
  }
}

const MODERN = "2026-07-28";
/** The machine's deadline is the one that counts; the SDK's must not come before it. */
const MAX_HANDSHAKE_MS = 2 ** 31 - 1;

/** The server refuses the legacy handshake, and names the modern revision. */
function wantsModern(error: unknown): boolean {
  if (!(error instanceof ProtocolError) || error.code !== ProtocolErrorCode.UnsupportedProtocolVersion)
    return false;
  const { supported } = (error.data ?? {}) as { supported?: unknown };
  return Array.isArray(supported) && supported.includes(MODERN);
}

/** A probe that was not answered, or that the server did not survive. */
function mayBeLegacy(error: unknown, { guard }: Trial): boolean {
  if (guard?.down && !guard.down.asked) return !guard.down.fatal;
  return error instanceof SdkError && error.code === SdkErrorCode.RequestTimeout;
}
