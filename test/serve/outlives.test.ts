import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { describe, expect, it, onTestFinished } from "vitest";

import { MCPConfigTransport, StdioTransport, StreamableHttpTransport } from "../../src/index.js";
import { serve } from "../../src/serve/index.js";
import type { ClientTransport } from "../../src/transports/transport.js";
import { type AnyClient, CLIENTS } from "../support/clients.js";
import { closing, fixture, lives, stdioFixture, until } from "../support/fixtures.js";
import { httpServer } from "../support/http-server.js";
import { rawSession } from "../support/raw-session.js";
import { temporary } from "../support/temporary.js";

/** Two legacy servers of a config; `server` is another entry of the same. */
function twoServers() {
  const { log } = stdioFixture();
  const server = (word: string) => ({
    command: process.execPath,
    args: [fixture("stdio-server.mjs")],
    env: { FIXTURE_LOG: log, WORD: word },
  });
  const transport = new MCPConfigTransport({
    config: { mcpServers: { a: server("1"), b: server("1") } },
    era: "legacy",
  });
  return { transport, server };
}

async function servedAt(transport: ClientTransport): Promise<URL> {
  const serving = await serve(closing(transport), { http: {} });
  onTestFinished(() => serving.close());
  return new URL(serving.url!);
}

/** Sockets that are not kept: a fault of theirs is not what is tested here. */
const reached = (url: URL) =>
  new StreamableHTTPClientTransport(url, { requestInit: { headers: { connection: "close" } } });

const asking = (kind: keyof typeof CLIENTS, url: URL) => CLIENTS[kind](reached(url), { asks: "me" });

async function answers(client: AnyClient): Promise<void> {
  expect(await client.call("echo", { message: "hé" })).toBe("Echo: hé");
  expect(client.closed()).toBe(false);
}

describe.each(["SDK 1", "SDK 2", "SDK 2, modern"] as const)(
  "the session of a client of the %s outlives",
  (kind) => {
    it("a server over HTTP that forgot its sessions", async () => {
      const server = await httpServer();
      const client = await asking(kind, await servedAt(new StreamableHttpTransport({ url: server.url })));
      await answers(client);
      server.sessions.clear();
      await answers(client);
    });

    it("a sign-in in mid-session", async () => {
      const server = await httpServer();
      const tokens = { good: "one", known: "one" };
      server.control.fault = ({ headers }, response) => {
        if (headers.authorization === `Bearer ${tokens.good}`) return false;
        tokens.known = tokens.good;
        response.writeHead(401, { "www-authenticate": "Bearer" }).end();
        return true;
      };
      const auth = () => tokens.known;
      const url = await servedAt(new StreamableHttpTransport({ url: server.url, auth }));
      const client = await asking(kind, url);
      await answers(client);
      tokens.good = "two";
      await answers(client);
      expect(tokens.known).toBe("two");
    });

    it("a newer version of its server, of which it hears", async () => {
      const offer = join(temporary(), "offer.json");
      const offering = (version: string, tool: string) =>
        writeFileSync(
          offer,
          JSON.stringify({ version, tools: [{ name: tool, inputSchema: { type: "object" } }] }),
        );
      offering("1", "old");
      const args = [fixture("offering-server.mjs"), offer];
      const transport = new StdioTransport({ command: process.execPath, args, era: "legacy" });
      const client = await CLIENTS[kind](reached(await servedAt(transport)));
      expect(await client.tools()).toEqual(["old"]);
      offering("2", "new");
      const { pid } = transport.status;
      process.kill(pid!, "SIGKILL");
      await until(() => !lives(pid!));
      await until(() => client.changes() > 0);
      expect(await client.tools()).toEqual(["new"]);
      expect(await client.call("new")).toBe("called new");
      expect(client.closed()).toBe(false);
    });

    it("an edit of the config, for all servers and for one", async () => {
      const { transport, server } = twoServers();
      const url = await servedAt(transport);
      const all = await asking(kind, url);
      const one = await asking(kind, new URL(`${url}/a`));
      const wordOf = async (client: AnyClient, tool: string) => JSON.parse(await client.call(tool)).WORD;
      expect([await wordOf(all, "a_env"), await wordOf(one, "env")]).toEqual(["1", "1"]);
      await transport.setConfig({ mcpServers: { a: server("2"), c: server("2") } });
      expect(await wordOf(one, "env")).toBe("2");
      expect(JSON.parse(await one.call("ask", { what: "elicitation" })).content).toEqual({ name: "me" });
      await until(async () => (await all.tools()).includes("c_env"));
      expect([await wordOf(all, "a_env"), await wordOf(all, "c_env")]).toEqual(["2", "2"]);
      expect([all.closed(), one.closed()]).toEqual([false, false]);
    });
  },
);

describe("what a legacy client asked for stands, its subscriptions and its log level,", () => {
  async function subscribed() {
    const { transport, server } = twoServers();
    const client = await rawSession(new URL(`${await servedAt(transport)}/a`));
    const answerTo = async (message: object) => (await (await client.post(message)).rest()).at(-1)!.message;
    await answerTo({ id: 1, method: "resources/subscribe", params: { uri: "note://one" } });
    await answerTo({ id: 2, method: "logging/setLevel", params: { level: "error" } });
    const call = (id: number, name: string, args: object = {}) =>
      answerTo({ id, method: "tools/call", params: { name, arguments: args } });
    const stands = async () => {
      await until(async () => (await call(3, "subscriptions")).result.content[0].text === '["note://one"]');
      let heard = await client.get();
      // The stream before may not be over for serve yet.
      while (heard.status !== 200) heard = await client.get();
      // The server drops what is below the level that it was told.
      for (const level of ["info", "error"]) await call(4, "log", { level });
      let message: { method?: string; params?: object } = {};
      while (message.method !== "notifications/message") message = (await heard.next())!.message;
      expect(message.params).toMatchObject({ level: "error" });
      heard.cut();
    };
    return { transport, server, stands };
  }

  it("over an edit of its server's entry", async () => {
    const { transport, server, stands } = await subscribed();
    await stands();
    await transport.setConfig({ mcpServers: { a: server("2"), b: server("1") } });
    await stands();
  });

  it("over a death of its server", async () => {
    const { transport, stands } = await subscribed();
    await stands();
    const { pid } = transport.server("a").status;
    process.kill(pid!, "SIGKILL");
    await until(() => {
      const { state, pid: now } = transport.server("a").status;
      return state === "connected" && now !== pid;
    });
    await stands();
  });
});
