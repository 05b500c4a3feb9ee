import { defineConfig } from "vitest/config";

/** What a mutant of one folder is run against: the tests that are quick to notice. */
const TESTS: Record<string, string[]> = {
  machines: [
    "test/machines/{backoff,connected,connecting,disconnecting,fleet,imports,member,pieces,reducers,table}.test.ts",
    "test/properties/**",
    "test/transports/custom.test.ts",
  ],
  session: [
    "test/session/{replay,session,tool-data}.test.ts",
    "test/properties/lifecycle.test.ts",
    "test/transports/{custom,memory}.test.ts",
  ],
  wires: [
    "test/wires/**",
    "test/properties/lifecycle.test.ts",
    "test/transports/{stdio,http,sse,websocket,memory}.test.ts",
  ],
  naming: ["test/composite/naming.test.ts"],
};

export default defineConfig({
  test: {
    include: TESTS[process.env["HOLDFAST_MUTATE"] ?? "machines"]!,
    env: { HOLDFAST_RUNS: "60" },
    testTimeout: 10_000,
    teardownTimeout: 500,
  },
});
