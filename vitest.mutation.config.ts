import { defineConfig } from "vitest/config";

/** What a mutant is run against: the tests of the machine, the wires and the sessions, without the long ones. */
export default defineConfig({
  test: {
    include: [
      "test/{machines,wires,properties,session,connection}/**/*.test.ts",
      "test/transports/{stdio,http,memory,custom}.test.ts",
    ],
    exclude: ["test/machines/walk.test.ts"],
    env: { HOLDFAST_RUNS: "150" },
    testTimeout: 20_000,
  },
});
