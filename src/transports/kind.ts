import { type CredentialOf, ON_BEHALF } from "../contract/credential-of.js";
import type { SharedOptions } from "../contract/options.js";
import type { AttemptContext, Wire } from "../contract/wire.js";
import { INTERNALS } from "./internals.js";
import { withCredential } from "./on-behalf.js";
import type { Opener } from "./opener.js";
import { ClientTransport } from "./transport.js";

/** A transport that its options say all of: the opener is made from them, and so is a fork. */
export abstract class KindTransport<Options extends SharedOptions> extends ClientTransport {
  readonly #options: Options;
  readonly #opener: Opener;
  readonly #kind: new (
    options: Options,
  ) => KindTransport<Options>;

  /** @internal */
  constructor(options: Options, opener: Opener, kind: new (options: Options) => KindTransport<Options>) {
    super(options, opener);
    this.#options = options;
    this.#opener = opener;
    this.#kind = kind;
  }

  protected override openWire(attempt: AttemptContext): Promise<Wire> | Wire {
    const { observe } = this[INTERNALS];
    const { name } = this;
    const transport = new WeakRef<KindTransport<Options>>(this);
    const warn = (message: string) =>
      transport.deref()?.[INTERNALS].announce({ type: "warning", message: `${name}: ${message}` });
    const inUse = () => !["closed", "idle", undefined].includes(transport.deref()?.status.state);
    return this.#opener.open({ ...attempt, observe, warn, inUse });
  }

  override fork(): KindTransport<Options> {
    return this[INTERNALS].forked(new this.#kind(this.#options));
  }

  /** @internal */
  override [ON_BEHALF](credentialOf: CredentialOf): KindTransport<Options> {
    const options = withCredential(this.#options, credentialOf(this.name));
    return this[INTERNALS].forked(new this.#kind(options));
  }
}
