import type { Credential } from "../../src/contract/credential.js";

/** A credential that is what the test says, with nothing behind it. */
export const holding = (
  token: Credential["token"] = () => undefined,
  more: Partial<Credential> = {},
): Credential => ({ token, mends: () => true, obtain: async () => {}, ...more });
