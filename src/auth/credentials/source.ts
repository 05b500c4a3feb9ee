import { type Credential, CredentialSource, type Resource } from "../../contract/credential.js";
import { checkOAuth, type OAuthOptions } from "../sign-in/options.js";
import { memoryStore } from "../store/memory.js";
import type { CredentialStore } from "../store/store.js";
import { OAuthCredential } from "./oauth.js";

/** The store of all transports in this program that name none. */
let shared: CredentialStore | undefined;

class OAuth extends CredentialSource {
  override readonly personMs: number | undefined;

  // Private, so that no log shows it: it may hold a client secret.
  readonly #options: OAuthOptions;

  constructor(options: OAuthOptions) {
    super();
    this.#options = options;
    this.personMs = options.timeoutMs;
  }

  override credentialFor(server: Resource): Credential {
    shared ??= memoryStore();
    return new OAuthCredential(server, this.#options, this.#options.store ?? shared);
  }
}

/**
 * Signs a person in with the browser when the server asks for it: `auth: oauth({ … })`, or `auth: "oauth"` with all
 * defaults. One result may serve many transports.
 * @throws HoldfastError `CONFIG_INVALID` for a wrong option
 */
export function oauth(options: OAuthOptions = {}): CredentialSource {
  checkOAuth(options);
  return new OAuth({ ...options });
}
