import type { Refusal } from "../../contract/credential.js";
import { authRequired } from "../sign-in/auth-required.js";

/** Notices when the server refuses a brand-new token: getting another one would then go on for ever. */
export class UntriedToken {
  /** The newest token, until the server has accepted it. */
  #untried: string | undefined;

  constructor(private readonly server: string) {}

  got(token: string | undefined): void {
    this.#untried = token;
  }

  accepted(token: string): void {
    if (token === this.#untried) this.#untried = undefined;
  }

  /** @throws HoldfastError `AUTH_REQUIRED` where the refused token is the new one */
  check({ status, token }: Refusal): void {
    if (status !== 401 || token === undefined || token !== this.#untried) return;
    this.#untried = undefined;
    throw authRequired(
      this.server,
      "the server refuses the token that it was just given (HTTP 401)",
      "Is the token for this server, and does it accept tokens of this authorization server?",
    );
  }
}
