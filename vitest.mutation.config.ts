import { defineConfig } from "vitest/config";

/** What a mutant of one folder is run against: the tests that are quick to notice. */
const TESTS: Record<string, string[]> = {
  machines: [
    "test/machines/{backoff,charts,connected,connecting,disconnecting,fleet,member,pieces,reducers,table}.test.ts",
    "test/properties/{fleet,lifecycle}.test.ts",
    "test/transports/custom.test.ts",
  ],
  // Each piece alone: no process, no socket.
  session: ["test/session/*.test.ts"],
  connection: ["test/connection/*.test.ts", "test/transports/custom.test.ts"],
  // The redirect address of a sign-in is a socket; the authorization server is a function.
  auth: [
    "test/auth/{callback,sign-in}.test.ts",
    "test/auth/{credentials/{oauth,renewal,sdk,shared-flow,token,token-cache},sign-in/*}.test.ts",
    "test/auth/store/{file-store,key-file,keychain,keychain-binding,memory-store}.test.ts",
  ],
  wires: ["test/wires/{environment*,guard*,lines,memory-wire,pieces,small}.test.ts"],
  "wires-http": ["test/wires/{agent,http*,network}.test.ts"],
  "wires-sse": ["test/wires/sse*.test.ts"],
  "wires-stdio": ["test/wires/{process,stdio*}.test.ts"],
  "wires-websocket": ["test/wires/websocket*.test.ts"],
  // Without a connection, and with servers in this program.
  composite: [
    "test/composite/{access,admission,blocked,catalog,manifest,naming,offers,options,passing,pin-drift}.test.ts",
    "test/composite/{plan,presented,reading,searched,server-transport,tool-index,transforms,uris,words}.test.ts",
  ],
  "composite-members": [
    "test/composite/{config-transport,lazy-kept,lazy-known,members}.test.ts",
    "test/wires/memory-wire.test.ts",
  ],
};

export default defineConfig({
  test: {
    include: TESTS[process.env["HOLDFAST_MUTATE"] ?? "machines"]!,
    // Whole connections to processes and servers: seconds.
    exclude: ["test/session/{freed,loss,session,tool-data}.test.ts", "test/connection/era{,-matrix}.test.ts"],
    env: { HOLDFAST_RUNS: "0.012" },
    // A mutant that hangs is found by this; the quick tests need a fraction of it.
    testTimeout: process.env["HOLDFAST_MUTATE"]?.match(/session|connection|auth|wires|composite/)
      ? 5_000
      : 10_000,
    teardownTimeout: 500,
    // Modules are loaded once a run, not once a file: a third of the time. What leaks from one file to the next would show in the first run, without a mutant.
    isolate: !process.env["HOLDFAST_MUTATE"]?.match(/session|connection|auth|composite/),
  },
});
