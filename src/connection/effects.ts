import type { ConnectionEffects } from "../machines/effects.js";
import { Attempts, type AttemptsHost } from "./attempts.js";
import { ParkedRequests, type ParkedRequestsHost } from "./parked-requests.js";
import { probe } from "./probe.js";

export interface EffectsHost extends AttemptsHost, ParkedRequestsHost {
  /** The server gave a sign of life, or shows one though it does not answer. */
  onProbed(how: "alive" | "busy"): void;
}

/** What the machine asks for: attempts, probes and credentials. */
export class Effects implements ConnectionEffects {
  readonly attempts: Attempts;
  readonly parked: ParkedRequests;
  #pinged = false;

  constructor(private readonly host: EffectsHost) {
    this.parked = new ParkedRequests(host);
    this.attempts = new Attempts({
      ...host,
      onWire: (wire, epoch) => {
        wire.onRefused = (refusal) => this.parked.refused(refusal, epoch);
        host.onWire(wire, epoch);
      },
    });
  }

  open(epoch: number, signal: AbortSignal): Promise<void> {
    return this.attempts.open(epoch, signal);
  }

  /** `doubt` tells the machine, which begins a probe at once. `pinged`: the server was asked by a ping already. */
  doubted(pinged: boolean, doubt: () => void): void {
    this.#pinged = pinged;
    doubt();
    this.#pinged = false;
  }

  async probe(_epoch: number, signal: AbortSignal): Promise<void> {
    const { current, policy, onProbed } = this.host;
    const timeoutMs = policy.probeTimeoutMs;
    if (current.ready) onProbed(await probe(current.ready, { timeoutMs, signal, pinged: this.#pinged }));
  }

  authorize(_epoch: number, signal: AbortSignal): Promise<void> {
    return this.parked.authorize(signal);
  }

  dispose(): Promise<void> {
    return this.attempts.dispose();
  }
}
