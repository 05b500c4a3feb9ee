import { defineConfig } from "vitest/config";

/**
 * No process and no socket, and properties at a tenth of their runs: 30 s of CPU, for the loop of a day. A setup file
 * holds it: a test that goes outside fails, and its file belongs into `exclude`.
 */
export default defineConfig({
  test: {
    include: [
      "test/{base,config,connection,docs,infer,machines,properties,recording,session}/**/*.test.ts",
      "test/auth/{credentials/{oauth,renewal,sdk,shared-flow,token,token-cache},sign-in/*}.test.ts",
      "test/auth/store/{file-store,keychain,keychain-binding,memory-store}.test.ts",
      "test/composite/{access,admission,blocked,catalog,config-transport,lazy-{kept,known},manifest,members,naming}.test.ts",
      "test/composite/{offers,options,passing,pin-drift,plan,presented,reading,searched,server-transport}.test.ts",
      "test/composite/{tool-index,transforms,uris,words}.test.ts",
      "test/testing/faults.test.ts",
      "test/transports/{custom,memory}.test.ts",
      "test/wires/{http/*,environment*,guard*,http,http-answers,http-streams,lines,memory-wire}.test.ts",
      "test/wires/{allowance,pieces,retry-bounds,small,sse-requests,stdout}.test.ts",
    ],
    exclude: [
      "test/config/writers.test.ts",
      "test/connection/era{,-matrix}.test.ts",
      "test/properties/{answers,asker,http}.test.ts",
      // Every state and edge of the chart: half a minute by itself.
      "test/machines/walk.test.ts",
      "test/session/{freed,loss,session,tool-data}.test.ts",
      "test/wires/http/sockets.test.ts",
    ],
    setupFiles: [
      "test/support/call-path.ts",
      "test/support/nothing-left.ts",
      "test/support/nothing-outside.ts",
    ],
    env: { HOLDFAST_RUNS: "0.1" },
    maxWorkers: 1,
    isolate: false,
    testTimeout: 180_000,
  },
});
