import { describe, expect, it } from "vitest";
import { MCPConfigTransport } from "../../src/composite/config-transport.js";
import type { SharedOptions } from "../../src/contract/options.js";
import type { Session } from "../../src/contract/session.js";
import { StreamableHttpTransport } from "../../src/transports/http.js";
import { StdioTransport } from "../../src/transports/stdio.js";
import type { ClientTransport } from "../../src/transports/transport.js";
import { isCollected } from "../support/collected.js";
import { fixture } from "../support/fixtures.js";
import { httpServer } from "../support/http-server.js";

const stdio = () => ({
  command: process.execPath,
  args: [fixture("stdio-server.mjs")],
  era: "legacy" as const,
  // A process that is kept is something to end, and keeps its transport until that is closed.
  keepAlive: false,
});

const KINDS: Record<string, () => Promise<(options: SharedOptions) => ClientTransport>> = {
  stdio: async () => (options) => new StdioTransport({ ...stdio(), ...options }),
  http: async () => {
    const { url } = await httpServer();
    return (options) => new StreamableHttpTransport({ url, era: "legacy", ...options });
  },
  "a config of two": async () => (options) =>
    new MCPConfigTransport({ config: { mcpServers: { one: stdio(), two: stdio() } }, ...options }),
};

const USES: Record<string, (transport: ClientTransport) => Promise<Session | undefined>> = {
  "was never connected": async () => undefined,
  "was closed": async (transport) => {
    const session = await transport.connectSession();
    await session.listTools();
    await transport.close();
    return session;
  },
  "was closed and used again": async (transport) => {
    for (let i = 0; i < 2; i++) {
      await transport.withSession((session) => session.listTools());
      await transport.close();
    }
    return undefined;
  },
  "was let go": async (transport) => {
    await transport.withSession((session) => session.listTools());
    await transport.disconnect();
    return undefined;
  },
};

/** As in most programs: what it is told by, and what it is used by, are in one function, and the one holds the other. */
async function used(
  make: (options: SharedOptions) => ClientTransport,
  use: (transport: ClientTransport) => Promise<Session | undefined>,
): Promise<WeakRef<object>> {
  let session: Session | undefined;
  const said: unknown[] = [];
  const transport: ClientTransport = make({
    logger: { warn: (message) => said.push(transport, session, message) },
    inspect: (event) => said.push(transport, event.type),
  });
  session = await use(transport);
  return new WeakRef(transport);
}

describe("a transport whose listeners hold it, and that nobody else does", () => {
  for (const [kind, make] of Object.entries(KINDS))
    for (const [how, use] of Object.entries(USES))
      it(`is freed where it ${how}: ${kind}`, async () => {
        expect(await isCollected(await used(await make(), use))).toBe(true);
      });
});
