import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { serveWebSockets } from "../../examples/websocket-server.mjs";
import { oauth } from "../../src/auth/credentials/source.js";
import { memoryStore } from "../../src/auth/store/memory.js";
import { MCPConfigTransport } from "../../src/composite/config-transport.js";
import { examine, FakeServer, lifecycleSuite, type MakeTransport } from "../../src/testing/index.js";
import { UNTESTED } from "../../src/testing/judges.js";
import { PROMISES } from "../../src/testing/promises.js";
import { play } from "../../src/testing/run.js";
import { StreamableHttpTransport } from "../../src/transports/http.js";
import { MemoryTransport } from "../../src/transports/memory.js";
import { NodeStdioTransport } from "../../src/transports/node.js";
import { SSETransport } from "../../src/transports/sse.js";
import { StdioTransport } from "../../src/transports/stdio.js";
import { WSTransport } from "../../src/transports/websocket.js";
import { makeServer } from "../fixtures/both-eras.mjs";
import { remote } from "../peers/rows.js";
import { everything } from "../support/everything.js";
import { fixture } from "../support/fixtures.js";
import { SETTINGS } from "../support/run-settings.js";
import { startSignInWorld } from "../support/sign-in-world.js";

interface Kind {
  name: string;
  /** Stories by chance, besides those that come with the promises. */
  runs?: number;
  /** Starts what the transports reach; returns how they are made, and what ends it. */
  start(): Promise<[MakeTransport, (() => unknown)?]> | [MakeTransport, (() => unknown)?];
}

const node = process.execPath;
const everythingOn = async (mode: string, up: RegExp, to: (port: number) => MakeTransport) => {
  let port = 0;
  const { stop } = await remote(
    node,
    () => [everything, mode],
    up,
    (at) => {
      port = at;
      return new StdioTransport({ command: node });
    },
  );
  return [to(port), stop] as [MakeTransport, () => unknown];
};

const KINDS: Kind[] = [
  {
    name: "a fake server",
    start() {
      const look = { name: "look", annotations: { readOnlyHint: true } };
      const server = new FakeServer([look]).on("tools/call", () => ({ content: [] }));
      return [(options) => server.transport(options)];
    },
  },
  {
    name: "memory, either era",
    start: () => [(options) => new MemoryTransport({ server: makeServer, ...options })],
  },
  {
    name: "stdio, the reference server",
    start: () => [
      (options) => new StdioTransport({ command: node, args: [everything, "stdio"], ...options }),
    ],
  },
  {
    name: "node, a modern server",
    start: () => [
      (options) => new NodeStdioTransport({ scriptPath: fixture("modern-server.mjs"), ...options }),
    ],
  },
  {
    name: "http, the reference server",
    start: () =>
      everythingOn(
        "streamableHttp",
        /listening/,
        (port) => (options) =>
          new StreamableHttpTransport({ url: `http://127.0.0.1:${port}/mcp`, ...options }),
      ),
  },
  {
    name: "sse, the reference server",
    start: () =>
      everythingOn(
        "sse",
        /running on port/,
        (port) => (options) => new SSETransport({ url: `http://127.0.0.1:${port}/sse`, ...options }),
      ),
  },
  {
    name: "http, signed in to with tokens of two seconds",
    async start() {
      const { auth, server, stop } = await startSignInWorld({ auth: { accessTokenSeconds: 2 } });
      const signIn = oauth({ store: memoryStore(), onAuthorize: (url) => auth.approve(url) });
      return [(options) => new StreamableHttpTransport({ url: server.url, auth: signIn, ...options }), stop];
    },
  },
  {
    name: "websocket, either era",
    async start() {
      const server = await serveWebSockets(makeServer);
      return [
        (options) => new WSTransport({ url: server.url, auth: server.token!, ...options }),
        () => server.close(),
      ];
    },
  },
  {
    name: "a config with several servers",
    start() {
      const server = { command: node, args: [fixture("small-server.mjs")] };
      return [
        (options) =>
          new MCPConfigTransport({ config: { mcpServers: { one: server, two: server } }, ...options }),
      ];
    },
  },
];

const runs = Number(process.env["HOLDFAST_STORIES"] ?? 4);

describe.each(KINDS)("$name keeps every promise:", ({ start }) => {
  let make: MakeTransport;
  let stop: (() => unknown) | undefined;
  beforeAll(async () => {
    [make, stop] = await start();
  });
  afterAll(() => stop?.());

  for (const { name, run, timeoutMs } of lifecycleSuite((options) => make(options), {
    runs,
    shrinkMs: 10_000,
  }))
    it(name, run, timeoutMs);
});

describe("the examination itself", () => {
  const server = new FakeServer([{ name: "look", annotations: { readOnlyHint: true } }]).on(
    "tools/call",
    () => ({
      content: [],
    }),
  );
  const make: MakeTransport = (options) => server.transport(options);

  it("fails where a story cannot be played, and is not taken for kept", async () => {
    let made = 0;
    const broken: MakeTransport = (options) => {
      if (++made === 3) throw new Error("no transport today");
      return make(options);
    };
    await expect(examine(broken, { runs: 2 })).rejects.toThrow("no transport today");
  });

  it("refuses a seed, a promise or a tool that there is not", async () => {
    await expect(examine(make, { seed: "abc" })).rejects.toThrow(/expected a number/);
    await expect(examine(make, { seed: "42:3:99", only: ["settles"] })).rejects.toThrow(
      /there is no such story/,
    );
    await expect(examine(make, { only: ["setles"] })).rejects.toThrow(/there is no promise "setles"/);
    await expect(examine(make, { tools: [{ name: "no" }] })).rejects.toThrow(
      /there is no tool "no"; there are: look/,
    );
    expect(() => lifecycleSuite(make, { only: ["speed"] })).toThrow(/there is no promise/);
    await expect(examine(make, { runs: -1 })).rejects.toMatchObject({ code: "CONFIG_INVALID", path: "runs" });
  });

  it("does not pass what it never put to the test", async () => {
    // It has no tools, so nothing of it can be unsafe.
    const toolless = new FakeServer().on("initialize", () => ({
      protocolVersion: "2025-11-25",
      capabilities: {},
      serverInfo: { name: "toolless", version: "1" },
    }));
    const [first] = lifecycleSuite((options) => toolless.transport(options), {
      runs: 0,
      only: ["no-repeat"],
    });
    await expect(first!.run()).rejects.toThrow(/no story put this to the test/);
  });

  it("does not blame a config for closing its servers when it is closed itself", async () => {
    const server = { command: node, args: [fixture("small-server.mjs")] };
    const record = await play(
      (options) =>
        new MCPConfigTransport({ config: { mcpServers: { one: server, two: server } }, ...options }),
      { attempts: [], steps: ["session", "close", "read"], beside: true },
      SETTINGS,
    );
    expect(PROMISES.find(({ id }) => id === "siblings")!.judge(record)).toBe(UNTESTED);
  });

  it("says that it was interrupted, and stops", async () => {
    const stop = new AbortController();
    const report = await examine(make, {
      signal: stop.signal,
      onProgress: ({ done }) => done === 2 && stop.abort(),
    });
    expect(report).toMatchObject({ interrupted: true, stories: 2 });
  });

  it("gives a tool that is slow the time that it takes", async () => {
    const slow = new FakeServer([{ name: "slow" }]).on(
      "tools/call",
      () => new Promise((resolve) => setTimeout(() => resolve({ content: [] }), 700)),
    );
    const report = await examine((options) => slow.transport(options), {
      runs: 0,
      tools: [{ name: "slow" }],
      only: ["settles"],
    });
    expect(report.callMs).toBeGreaterThanOrEqual(2_000);
    expect(report.ok).toBe(true);
  });
});
