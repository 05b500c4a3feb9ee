import type { Credential } from "../wires/credential.js";
import { memoryStore } from "./memory-store.js";
import { OAuthCredential, type Resource } from "./oauth-credential.js";
import { checkOAuth, type OAuthOptions } from "./options.js";
import type { CredentialStore } from "./store.js";

/** Makes the credential of one server from what was said of all. The form of `auth` that holdfast's own functions give. */
export abstract class CredentialSource {
  abstract for(server: Resource): Credential;
  /** How long a person may take; undefined: no person is asked. */
  readonly personMs: number | undefined;
}

/** Shared by all transports of this program that name no store. */
let shared: CredentialStore | undefined;

class OAuth extends CredentialSource {
  override readonly personMs: number | undefined;

  // Not a property that a log of it would show: there may be a secret in it.
  readonly #options: OAuthOptions;

  constructor(options: OAuthOptions) {
    super();
    this.#options = options;
    this.personMs = options.timeoutMs;
  }

  override for(server: Resource): Credential {
    shared ??= memoryStore();
    return new OAuthCredential(server, this.#options, this.#options.store ?? shared);
  }
}

/**
 * Signs a person in with the browser, where the server asks for it: `auth: oauth({ … })`, or `auth: "oauth"` for all
 * defaults. One may serve many transports.
 * @throws HoldfastError `CONFIG_INVALID` for a wrong option
 */
export function oauth(options: OAuthOptions = {}): CredentialSource {
  checkOAuth(options);
  return new OAuth({ ...options });
}
