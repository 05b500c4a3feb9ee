import { Access, problem } from "./access.js";
import { filtered } from "./filtered.js";
import type { HttpSettings } from "./http-options.js";
import { type Holder, OAuthGate } from "./oauth.js";
import { Scoped } from "./scopes.js";

/** What somebody who got in may do at one address. */
export interface Pass {
  /** Whose it is, where it is known. */
  holder: string | undefined;
  /** The answer to what may not pass. */
  admit(body: unknown): Response | undefined;
  /** An answer, or a stream, without what may not be seen. */
  shown(response: Response): Response;
}

/** Who gets in, and what for. */
export class Gate {
  readonly #access: Access;
  readonly #oauth: OAuthGate | undefined;

  /** `url`: where it is served, once it is. */
  constructor(
    private readonly settings: Pick<HttpSettings, "hosts" | "origins" | "token" | "oauth">,
    url: () => string,
  ) {
    this.#access = new Access(settings);
    this.#oauth = settings.oauth && new OAuthGate(settings.oauth, url);
  }

  /** What a page of somebody else's hears. */
  refused(request: Request): Response | undefined {
    return this.#access.refused(request);
  }

  /** What anybody may read, to learn how to get in. */
  metadata(pathname: string): Response | undefined {
    return this.#oauth?.metadata(pathname);
  }

  /** Who sends a request, where that is known; or what the request is answered. */
  async holder(request: Request): Promise<Holder | Response | undefined> {
    return this.#oauth ? this.#oauth.holder(request) : this.#access.unauthorized(request);
  }

  /** The answer to who may not know of all servers, and asks at `pathname`. */
  narrow(holder: Holder | undefined, pathname: string): Response | undefined {
    return this.seesAll(holder)
      ? undefined
      : problem(403, `holdfast serve: ${pathname} is for who may use all servers`);
  }

  /** Whether somebody may know which servers there are. */
  seesAll(holder: Holder | undefined): boolean {
    return this.#scoped(holder, undefined)?.isWhole ?? true;
  }

  /** `server`: the one of many behind the address. */
  passOf(holder: Holder | undefined, server: string | undefined): Pass {
    const scoped = this.#scoped(holder, server);
    return {
      holder: holder?.id,
      admit: (body) => {
        const missing = scoped?.missing(body);
        return missing && this.#oauth?.insufficient(missing);
      },
      shown: (response) => (scoped && !scoped.isWhole ? filtered(response, scoped) : response),
    };
  }

  /** Undefined: whoever gets in may do everything. */
  #scoped(holder: Holder | undefined, server: string | undefined): Scoped | undefined {
    const { scopes } = this.settings.oauth ?? {};
    return scopes && holder && new Scoped(scopes, holder.scopes, server);
  }
}
