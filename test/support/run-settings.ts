import type { RunSettings } from "../../src/testing/record.js";

/** Of a story that is played alone, on a server that is quick. */
export const SETTINGS: RunSettings = {
  seed: 1,
  safe: [],
  callMs: 2_000,
  options: {
    connectTimeoutMs: 5_000,
    closeTimeoutMs: 2_000,
    keepAlive: false,
    heartbeat: { intervalMs: 10_000 },
    reconnect: { baseMs: 1, capMs: 10, stableAfterMs: 400 },
  },
};
