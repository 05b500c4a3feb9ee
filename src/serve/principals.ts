import { messageOf } from "../base/errors.js";
import { type CredentialOf, ON_BEHALF } from "../contract/credential-of.js";
import type { Clock } from "../machines/clock.js";
import type { ClientTransport } from "../transports/transport.js";
import { problem } from "./access.js";
import { Endings } from "./endings.js";
import type { Endpoints } from "./endpoints.js";
import type { HttpSettings } from "./http-options.js";
import type { Holder } from "./oauth.js";
import { remotesOf } from "./servers-of.js";
import { whenRead } from "./when-read.js";

/** The connections of one principal, which nobody else uses. */
interface Own {
  transport: ClientTransport;
  /** Requests that run, streams too. */
  running: number;
  lastUsed: number;
}

/** Who shows the servers a credential of its own has connections of its own. */
export class Principals {
  readonly #all = new Map<string, Own>();
  readonly #endings: Endings;
  #reaper: unknown;

  constructor(
    private readonly shared: ClientTransport,
    private readonly endpoints: Endpoints,
    private readonly settings: Pick<HttpSettings, "credentialFor" | "idleMs" | "maxPrincipals">,
    private readonly clock: Clock,
    private readonly report: (message: string) => void,
  ) {
    this.#endings = new Endings(report);
  }

  /** What serves this holder, or what it is answered. */
  transportFor(holder: Holder | undefined): ClientTransport | Response {
    const { credentialFor, maxPrincipals } = this.settings;
    if (!holder || !credentialFor) return this.shared;
    const known = this.#all.get(holder.id);
    if (known) return known.transport;
    try {
      const credentialOf: CredentialOf = (server) => credentialFor(holder.principal, server);
      if (!remotesOf(this.shared).some((server) => credentialOf(server))) return this.shared;
      if (this.#all.size >= maxPrincipals && !this.#makeRoom())
        return problem(
          503,
          `holdfast serve: ${maxPrincipals} principals have connections of their own already`,
          {
            "retry-after": "60",
          },
        );
      const transport = this.shared[ON_BEHALF](credentialOf);
      this.#all.set(holder.id, { transport, running: 0, lastUsed: this.clock.now() });
      this.#reaper ??= this.#reapLater();
      return transport;
    } catch (error) {
      this.report(`credentialFor: ${messageOf(error)}`);
      return problem(500, "holdfast serve: there is no credential for this client; nothing was done");
    }
  }

  /** While a request of this holder is answered, and its answer read, its connections are not idle. */
  async during(holder: Holder | undefined, answer: () => Promise<Response>): Promise<Response> {
    const own = holder && this.#all.get(holder.id);
    if (!own) return answer();
    own.running++;
    const end = () => {
      own.running--;
      own.lastUsed = this.clock.now();
    };
    try {
      return whenRead(await answer(), end);
    } catch (error) {
      end();
      throw error;
    }
  }

  async close(): Promise<void> {
    this.clock.clearTimeout(this.#reaper);
    for (const id of [...this.#all.keys()]) this.#end(id);
    await this.#endings.all();
  }

  #isIdle([id, { running }]: [string, Own]): boolean {
    return running === 0 && this.endpoints.sessionsOf(id) === 0;
  }

  /** Who was away longest gives room. */
  #makeRoom(): boolean {
    const [oldest] = [...this.#all]
      .filter((one) => this.#isIdle(one))
      .sort(([, a], [, b]) => a.lastUsed - b.lastUsed);
    if (oldest) this.#end(oldest[0]);
    return oldest !== undefined;
  }

  #end(id: string): void {
    const own = this.#all.get(id);
    if (!own) return;
    this.#all.delete(id);
    this.endpoints.leave(id);
    this.#endings.add(own.transport.close());
  }

  #reapLater(): unknown {
    const { idleMs } = this.settings;
    return this.clock.setTimeout(() => {
      const now = this.clock.now();
      for (const one of [...this.#all])
        if (this.#isIdle(one) && now - one[1].lastUsed >= idleMs) this.#end(one[0]);
      this.#reaper = this.#all.size > 0 ? this.#reapLater() : undefined;
    }, idleMs / 4);
  }
}
