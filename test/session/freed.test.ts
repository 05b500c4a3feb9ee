import { Client } from "@modelcontextprotocol/client";
import { describe, expect, it } from "vitest";
import { MCPConfigTransport } from "../../src/composite/config-transport.js";
import type { Session } from "../../src/contract/session.js";
import { StreamableHttpTransport } from "../../src/transports/http.js";
import { StdioTransport } from "../../src/transports/stdio.js";
import type { ClientTransport } from "../../src/transports/transport.js";
import { isCollected } from "../support/collected.js";
import { everything, everythingHttp } from "../support/everything.js";
import { closing } from "../support/fixtures.js";

const stdio = () => ({ command: process.execPath, args: [everything, "stdio"], era: "legacy" as const });

const KINDS: Record<string, () => Promise<ClientTransport>> = {
  stdio: async () => new StdioTransport(stdio()),
  http: async () => new StreamableHttpTransport({ url: (await everythingHttp()).url, era: "legacy" }),
  "a config of two": async () =>
    new MCPConfigTransport({ config: { mcpServers: { one: stdio(), two: stdio() } } }),
};

const USES: Record<string, (session: Session, tool: string) => Promise<unknown>> = {
  "listed and called": async (session, name) => {
    await session.listTools();
    await session.callTool(
      { name, arguments: { message: "a", a: 1, b: 2 } },
      { onprogress: () => void session },
    );
  },
  "gave a call up": async (session, name) => {
    const controller = new AbortController();
    const call = session.callTool({ name, arguments: { message: "a" } }, { signal: controller.signal });
    controller.abort();
    await call.catch(() => session);
  },
  "was ended while it called": async (session, name) => {
    const call = session.callTool({ name, arguments: { message: "a" } });
    await session.close();
    await call.catch(() => session);
  },
  "waited too long": async (session, name) => {
    await session.callTool({ name, arguments: { message: "a" } }, { timeout: 1 }).catch(() => session);
  },
  "was a client's transport": async (session) => {
    const client = new Client({ name: "c", version: "1" });
    await client.connect(session.asTransport());
    await client.listTools();
    await client.close();
  },
  subscribed: async (session) => {
    await session.setLoggingLevel("debug").catch(() => {});
    await session.subscribeResource({ uri: "demo://resource/static/1" }).catch(() => {});
  },
};

describe("a session that was closed, of a connection that goes on", () => {
  for (const [kind, make] of Object.entries(KINDS))
    it(`is freed: ${kind}`, async () => {
      const transport = closing(await make());
      const { tools } = await transport.withSession((session) => session.listTools());
      const name = tools.find((tool) => tool.name.endsWith("echo"))!.name;
      const kept: string[] = [];
      for (const [how, use] of Object.entries(USES)) {
        const used = async () => {
          const session: Session = await transport.connectSession({
            onNotification: () => void session,
            onLog: () => void session,
            onError: () => void session,
            elicitation: async () => {
              void session;
              return { action: "decline" };
            },
          });
          await use(session, name);
          await session.close();
          return new WeakRef(session);
        };
        if (!(await isCollected(await used()))) kept.push(how);
      }
      expect(kept).toEqual([]);
    });
});
