import type { ConnectionPolicy } from "../../src/machines/reducers.js";

/** What the tests of the machine begin with; all times differ, so that none can be taken for another. */
export const POLICY: ConnectionPolicy = {
  baseMs: 400,
  capMs: 8_000,
  maxAttempts: 3,
  maxElapsedMs: Number.POSITIVE_INFINITY,
  initial: false,
  connectTimeoutMs: 30_000,
  closeTimeoutMs: 5_000,
  probeTimeoutMs: 3_000,
  authorizeTimeoutMs: 300_000,
  stableAfterMs: 20_000,
  idleTimeoutMs: 60_000,
  keepAlive: false,
};
