import type { Refusal } from "../../contract/credential.js";
import { authRequired } from "../sign-in/auth-required.js";

/** Tells a server that refuses every token from one that wants another. */
export class UntriedToken {
  /** The token that was got last, as long as the server has not taken it. */
  #untried: string | undefined;

  constructor(private readonly server: string) {}

  got(token: string | undefined): void {
    this.#untried = token;
  }

  accepted(token: string): void {
    if (token === this.#untried) this.#untried = undefined;
  }

  /** @throws HoldfastError `AUTH_REQUIRED` when the token that was just got is refused */
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
