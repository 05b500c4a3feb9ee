import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { MCPConfigTransportOptions } from "../../src/composite/options.js";
import type { ListChange } from "../../src/contract/session.js";
import type { ConnectionEvent } from "../../src/contract/status.js";
import { FakeServer } from "../../src/testing/fake-server.js";
import { fakeConfig } from "../support/fake-config.js";
import { recorded, textOf, until } from "../support/fixtures.js";
import { temporary } from "../support/temporary.js";

const names = (list: { name: string }[]) => list.map(({ name }) => name);
const warnings = (events: ConnectionEvent[]) =>
  events.flatMap((event) => (event.type === "warning" ? event.message : []));

/** A server with these tools, a prompt and a resource. */
const serverOf = (...tools: object[]) =>
  new FakeServer(tools as { name: string }[])
    .on("initialize", () => ({
      protocolVersion: "2025-11-25",
      capabilities: { tools: { listChanged: true }, prompts: {}, resources: {}, extensions: { "x/y": {} } },
      serverInfo: { name: "fake", version: "1" },
      instructions: "be kind",
    }))
    .on("prompts/list", () => ({ prompts: [{ name: "p" }] }))
    .on("resources/list", () => ({ resources: [{ uri: "note://a", name: "a" }] }))
    .on("tools/call", ({ name }) => ({ content: [{ type: "text", text: `called ${name}` }] }));

/** Two lazy servers; `open` makes a transport of its own each time, as another program would. */
function lazy(
  one = serverOf({ name: "x" }),
  options: Partial<MCPConfigTransportOptions> = {},
  entry: object = {},
) {
  const manifestDirectory = join(temporary(), "manifests");
  const servers = { one, two: serverOf({ name: "x" }) };
  const config = { mcpServers: { one: { command: "one", ...entry }, two: { command: "two" } } };
  const open = () => fakeConfig(servers, { config, lazy: true, manifestDirectory, ...options });
  const files = () =>
    existsSync(manifestDirectory)
      ? readdirSync(manifestDirectory)
          .filter((name) => name.endsWith(".json"))
          .map((name) => readFileSync(join(manifestDirectory, name), "utf8"))
      : [];
  const kept = async (count = 2) => {
    const first = open();
    await first.withSession(() => until(() => files().length === count));
    await first.close();
    return { servers, open, files };
  };
  return { servers, open, files, kept };
}

describe("lazy servers in this program", () => {
  it("are known without being reached, and the one that is called is reached", async () => {
    const { servers, open } = await lazy().kept();
    const { one, two } = servers;
    expect([one.connections, two.connections]).toEqual([1, 1]);
    const transport = open();
    await transport.withSession(async (session) => {
      expect(names((await session.listTools()).tools)).toEqual(["one_x", "two_x"]);
      expect(names((await session.listPrompts()).prompts)).toEqual(["one_p", "two_p"]);
      expect((await session.listResources()).resources.map(({ uri }) => uri)).toEqual([
        "note://one/a",
        "note://two/a",
      ]);
      expect((await session.listResourceTemplates()).resourceTemplates).toEqual([]);
      expect(session.getInstructions()).toBe("# one\n\n> be kind\n\n# two\n\n> be kind");
      expect(session.getServerCapabilities()?.extensions).toEqual({ "x/y": {} });
      expect(transport.health).toBe("ready");
      expect(transport.servers).toMatchObject({ one: { lazy: "known" }, two: { lazy: "known" } });
      await transport.waitFor("connected", { servers: "all" });
      expect([one.connections, two.connections]).toEqual([1, 1]);
      expect(textOf(await session.callTool({ name: "one_x" }))).toBe("called x");
      expect([one.connections, two.connections]).toEqual([2, 1]);
      expect(transport.servers).toMatchObject({ one: { lazy: "connected" }, two: { lazy: "known" } });
    });
  });

  it("that are not lazy, or lazy alone, are reached as they are said to be", async () => {
    const { servers, open } = await lazy(undefined, {}, { lazy: false }).kept(1);
    await open().withSession((session) => session.listTools());
    expect([servers.one.connections, servers.two.connections]).toEqual([2, 1]);
  });

  it("tell what changed since, and are kept as they are now", async () => {
    const { servers, open, files } = await lazy().kept();
    Object.assign(servers.one.tools, [{ name: "x", description: "changed" }, { name: "new" }]);
    const heard: ListChange[] = [];
    let told = () => {};
    const isTold = new Promise<void>((resolve) => {
      told = resolve;
    });
    await open().withSession(
      async (session) => {
        expect(names((await session.listTools()).tools)).toEqual(["one_x", "two_x"]);
        expect(textOf(await session.callTool({ name: "one_x" }))).toBe("called x");
        await isTold;
        expect(names((await session.listTools()).tools)).toEqual(["one_x", "one_new", "two_x"]);
        await until(() => files().some((text) => text.includes('"new"')));
      },
      {
        onListChanged: (change) => {
          heard.push(change);
          if (change.lists?.tools) told();
        },
      },
    );
    expect(heard.find(({ lists }) => lists?.tools)?.lists?.tools).toMatchObject({
      added: ["one_new"],
      changed: ["one_x"],
    });
    expect(heard.filter(({ lists }) => lists?.prompts)).toEqual([]);
    const later = open();
    await later.withSession(async (session) => {
      expect(names((await session.listTools()).tools)).toEqual(["one_x", "one_new", "two_x"]);
    });
    expect([servers.one.connections, servers.two.connections]).toEqual([2, 1]);
  });

  it("are not kept where what they offer holds a secret of theirs", async () => {
    const { servers, open, files } = await lazy(
      undefined,
      {},
      { env: { API_TOKEN: "hush-1234-hush" } },
    ).kept();
    expect(files()).toHaveLength(2);
    Object.assign(servers.one.tools, [{ name: "x", description: "With hush-1234-hush." }]);
    const transport = open();
    const events = recorded(transport);
    await transport.withSession(async (session) => {
      await session.callTool({ name: "one_x" });
      await until(() => files().length === 1);
    });
    expect(warnings(events)).toEqual([
      "config: one: what it offers holds a secret of its config, so it is not kept, and it is started with the others",
    ]);
  });

  it("are reached again after they were let go", async () => {
    const { servers, open } = await lazy().kept();
    const transport = open();
    await transport.withSession(async (session) => {
      await session.callTool({ name: "one_x" });
      await transport.server("one").disconnect();
      expect(transport.servers).toMatchObject({ one: { state: "idle", lazy: "known" } });
      expect(textOf(await session.callTool({ name: "one_x" }))).toBe("called x");
      expect(servers.one.connections).toBe(3);
    });
  });
});
