import type { Refusal } from "../../src/contract/credential.js";

/** What a server says that lets nobody in: a 401 without a word more. */
export const refusal = (more: Partial<Refusal> = {}): Refusal => ({
  status: 401,
  token: undefined,
  scope: undefined,
  resourceMetadataUrl: undefined,
  challenge: undefined,
  ...more,
});
