import type { AuthProvider } from "@modelcontextprotocol/client";
import { HoldfastError, isHoldfastError } from "../../base/errors.js";
import type { Authorization, Credential, FetchLike, Refusal } from "../../contract/credential.js";
import { authRequired } from "../sign-in/auth-required.js";
import { checkToken } from "./header.js";
import { UntriedToken } from "./untried-token.js";

/** A fixed bearer token. Nothing can be done when the server refuses it. */
export class StaticToken implements Credential {
  constructor(private readonly value: string) {}

  token(): string {
    return this.value;
  }
  mends(): boolean {
    return false;
  }
  async obtain(): Promise<void> {}
}

/** A token that is asked for with each request: from the user's function, or from a minimal `AuthProvider` of the SDK. */
export class TokenFunction implements Credential {
  readonly #untried: UntriedToken;

  constructor(
    private readonly server: { name: string; url: URL; fetch: FetchLike },
    private readonly provider: AuthProvider,
  ) {
    this.#untried = new UntriedToken(server.name);
  }

  async token(): Promise<string | undefined> {
    const { name } = this.server;
    try {
      const token = await this.provider.token();
      if (token !== undefined) checkToken(token);
      return token;
    } catch (cause) {
      if (isHoldfastError(cause)) throw cause;
      const message = `${name}: the auth function threw: ${String(cause)}`;
      throw new HoldfastError("AUTH_REQUIRED", message, { server: name, cause });
    }
  }

  accepted(token: string): void {
    this.#untried.accepted(token);
  }

  mends({ status, token }: Refusal): boolean {
    return status === 401 && (token !== undefined || this.provider.onUnauthorized !== undefined);
  }

  async obtain(refusal: Refusal, { progress }: Authorization): Promise<void> {
    progress({ step: "refreshing" });
    this.#untried.check(refusal);
    const { name, url, fetch } = this.server;
    const headers: Record<string, string> =
      refusal.challenge === undefined ? {} : { "www-authenticate": refusal.challenge };
    const response = new Response(null, { status: refusal.status, headers });
    await this.provider.onUnauthorized?.({ response, serverUrl: url, fetchFn: fetch });
    const token = await this.token();
    if (token === refusal.token)
      throw authRequired(name, "the server refuses the token (HTTP 401)", "Let auth give another one");
    this.#untried.got(token);
  }
}
