import { defineConfig } from "vitest/config";

/** Tests of one piece each, without a process or a socket: milliseconds. */
const PIECES =
  "test/session/{call,client-view,deadline,handlers,levels-and-needs,lists,listen-stream,replay,resending,router,session-view,subscriptions,tool-result}.test.ts";
const WIRES =
  "test/wires/{environment,environment-rules,pieces,lines,guard,guard-loss,memory-wire,network,small}.test.ts";

/** What a mutant of one folder is run against: the tests that are quick to notice. */
const TESTS: Record<string, string[]> = {
  machines: ["test/machines/{backoff,table}.test.ts", "test/properties/**", "test/transports/custom.test.ts"],
  session: [PIECES],
  wires: [WIRES],
  "wires-http": ["test/wires/{http,network,agent}*.test.ts"],
  "wires-sse": ["test/wires/sse*.test.ts"],
  "wires-websocket": ["test/wires/websocket*.test.ts"],
  "wires-stdio": ["test/wires/{stdio,process}*.test.ts"],
  naming: ["test/composite/naming.test.ts"],
};

export default defineConfig({
  test: {
    include: TESTS[process.env["HOLDFAST_MUTATE"] ?? "machines"]!,
    env: { HOLDFAST_RUNS: "60" },
    // A mutant that hangs is found by this; the quick tests need a fraction of it.
    testTimeout: process.env["HOLDFAST_MUTATE"]?.match(/session|wires/) ? 1_500 : 10_000,
    teardownTimeout: 500,
  },
});
