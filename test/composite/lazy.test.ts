import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import type { HoldfastError } from "../../src/base/errors.js";
import { MCPConfigTransport } from "../../src/composite/config-transport.js";
import type { MCPConfigTransportOptions } from "../../src/composite/options.js";
import { lockIn } from "../../src/config/lock.js";
import type { ListChange, Session } from "../../src/contract/session.js";
import { closing, recorded, rejection, textOf, until } from "../support/fixtures.js";
import { lockedOffer, offeringConfig, UNHURRIED } from "../support/offering.js";

const names = (list: { name: string }[]) => list.map(({ name }) => name);
const refused = async (call: Promise<unknown>) => String(await rejection(call));
const ALL = ["one_look", "one_find", "two_look", "two_find"];

/** Two lazy servers; `open` makes a transport of its own each time, as another program would. */
function lazyConfig(more: object = {}, rules: object = {}) {
  const config = offeringConfig({ lazy: true, ...more }, rules);
  const manifestDirectory = join(config.path, "../manifests");
  const open = (options: Partial<MCPConfigTransportOptions> = {}) =>
    closing(new MCPConfigTransport({ ...UNHURRIED, config: config.path, manifestDirectory, ...options }));
  const starts = (server: string) => config.asked(server).filter((one) => one === "started").length;
  return { ...config, manifestDirectory, open, starts };
}

/** The same, after both servers ran once. */
async function keptConfig(more: object = {}, rules: object = {}) {
  const config = lazyConfig(more, rules);
  const first = config.open();
  await first.withSession(async (session) => {
    await session.listTools();
    await until(() => files(config.manifestDirectory).length === 2);
  });
  await first.close();
  return config;
}

const files = (directory: string): string[] =>
  existsSync(directory) ? readdirSync(directory).filter((name) => name.endsWith(".json")) : [];

// Each test starts programs.
describe("lazy servers", { timeout: 600_000 }, () => {
  it("are started once for their manifests, which hold what they offer and are their user's alone", async () => {
    const { manifestDirectory, starts } = await keptConfig();
    expect([starts("one"), starts("two")]).toEqual([1, 1]);
    const all = files(manifestDirectory).map((name) => join(manifestDirectory, name));
    expect(all).toHaveLength(2);
    for (const path of all) expect(statSync(path).mode & 0o777).toBe(0o600);
    const locked = Object.assign({}, ...all.map((path) => lockIn(readFileSync(path, "utf8"), path)));
    const { one } = lockedOffer();
    expect(locked.one.tools).toEqual((one as { tools: object }).tools);
  });

  it("are listed without being started, and the one that is called is started by that", async () => {
    const { open, starts } = await keptConfig();
    const transport = open();
    await transport.withSession(async (session) => {
      expect(names((await session.listTools()).tools)).toEqual(ALL);
      expect(names((await session.listPrompts()).prompts)).toEqual(["one_greet", "two_greet"]);
      expect((await session.listResources()).resources).toHaveLength(4);
      expect((await session.listResourceTemplates()).resourceTemplates).toHaveLength(2);
      expect(transport.health).toBe("ready");
      expect(transport.servers).toMatchObject({ one: { lazy: "known" }, two: { lazy: "known" } });
      await transport.waitFor("connected", { servers: "all" });
      expect([starts("one"), starts("two")]).toEqual([1, 1]);
      const calls = ["one_look", "one_find"].map((name) => session.callTool({ name }));
      expect((await Promise.all(calls)).map(textOf)).toEqual(["called look", "called find"]);
      expect(transport.servers).toMatchObject({ one: { lazy: "connected" }, two: { lazy: "known" } });
    });
    expect([starts("one"), starts("two")]).toEqual([2, 1]);
  });

  it.each([
    ["a prompt", (session: Session) => session.getPrompt({ name: "one_greet" }), "prompts/get"],
    ["a resource", (session: Session) => session.readResource({ uri: "note://one/a" }), "resources/read"],
    [
      "an instance of a template",
      (session: Session) => session.readResource({ uri: "day://one/monday" }),
      "resources/read",
    ],
    [
      "a completion",
      (session: Session) =>
        session.complete({
          ref: { type: "ref/prompt", name: "one_greet" },
          argument: { name: "a", value: "" },
        }),
      "completion/complete",
    ],
    [
      "a tool that it did not have before",
      (session: Session) => session.callTool({ name: "one_new" }),
      "tools/list",
    ],
  ])("are started by %s", async (_what, use, method) => {
    const { open, starts, asked } = await keptConfig();
    await open().withSession(async (session) => {
      expect([starts("one"), starts("two")]).toEqual([1, 1]);
      // What the server makes of it is its own.
      await use(session).catch(() => {});
      expect([starts("one"), starts("two")]).toEqual([2, 1]);
    });
    expect(asked("one").slice(asked("one").lastIndexOf("started"))).toContain(method);
  });

  it("are started by nothing, where they are closed before", async () => {
    const { open, starts } = await keptConfig();
    const transport = open();
    const session = await transport.connectSession();
    await session.listTools();
    expect(await refused(session.callTool({ name: "nobody" }))).toContain("no server offers");
    await session.close();
    await transport.disconnect();
    await transport.close();
    expect([starts("one"), starts("two")]).toEqual([1, 1]);
  });

  it("tell how they differ from what was known of them, and are known by that the next time", async () => {
    const { open, change, starts, manifestDirectory } = await keptConfig();
    change("one", ({ tools }) => {
      tools[0]!.description = "Looks again.";
      tools.push({ ...tools[1]!, name: "more" });
    });
    const transport = open();
    const events = recorded(transport);
    const heard: ListChange[] = [];
    let told = () => {};
    const isTold = new Promise<void>((resolve) => {
      told = resolve;
    });
    await transport.withSession(
      async (session) => {
        expect(names((await session.listTools()).tools)).toEqual(ALL);
        expect(textOf(await session.callTool({ name: "one_find" }))).toBe("called find");
        await isTold;
        const keptNow = () =>
          files(manifestDirectory).map((name) => readFileSync(join(manifestDirectory, name), "utf8"));
        await until(() => keptNow().some((text) => text.includes("Looks again.")));
        expect(names((await session.listTools()).tools)).toEqual([
          "one_look",
          "one_find",
          "one_more",
          "two_look",
          "two_find",
        ]);
      },
      {
        onListChanged: (change) => {
          heard.push(change);
          if (change.lists?.tools) told();
        },
      },
    );
    expect(heard.find(({ lists }) => lists?.tools)?.lists?.tools).toMatchObject({
      added: ["one_more"],
      removed: [],
      changed: ["one_look"],
      fields: { one_look: [{ field: "description", from: "Looks.", to: "Looks again." }] },
    });
    const changed = events.flatMap((one) =>
      one.type === "server" && one.event.type === "changed" ? [one.event.change.lists] : [],
    );
    expect(changed).toMatchObject([{ tools: { added: ["more"], changed: ["look"] } }]);
    await transport.close();
    await open().withSession(async (session) => {
      expect(names((await session.listTools()).tools)).toContain("one_more");
    });
    expect([starts("one"), starts("two")]).toEqual([2, 1]);
  });

  it("tell nobody of any change where there is none", async () => {
    const { open } = await keptConfig();
    const transport = open();
    const heard: unknown[] = [];
    await transport.withSession(
      async (session) => {
        await session.listTools();
        await session.callTool({ name: "one_find" });
        // The lists were compared once the server was asked for them again, and it answers in order.
        await session.callTool({ name: "one_find" });
        await session.listTools();
      },
      { onListChanged: (change) => void heard.push(change) },
    );
    expect(heard).toEqual([]);
  });

  it("are started again where their config is another one, also while it is followed", async () => {
    const { open, starts, path, write } = await keptConfig();
    const transport = open();
    await transport.withSession(async (session) => {
      const config = JSON.parse(readFileSync(path, "utf8"));
      config.mcpServers.one.env = { MODE: "other" };
      write(config);
      await transport.setConfig(path);
      await transport.server("one").waitFor("connected");
      expect([starts("one"), starts("two")]).toEqual([2, 1]);
      expect(textOf(await session.callTool({ name: "one_find" }))).toBe("called find");
      expect(textOf(await session.callTool({ name: "two_find" }))).toBe("called find");
      expect([starts("one"), starts("two")]).toEqual([2, 2]);
    });
  });

  it("are started anew after they were let go, and after they died", async () => {
    const { open, starts, asked } = await keptConfig();
    const transport = open();
    await transport.withSession(async (session) => {
      const one = transport.server("one");
      await session.callTool({ name: "one_find" });
      await one.disconnect();
      expect(transport.servers["one"]).toMatchObject({ state: "idle", lazy: "known" });
      await session.callTool({ name: "one_find" });
      process.kill(one.status.pid!, "SIGKILL");
      expect(textOf(await session.callTool({ name: "one_find" }, { replay: "always" }))).toBe("called find");
      expect(starts("one")).toBe(4);
      await transport.disconnect();
      expect(textOf(await session.callTool({ name: "two_find" }))).toBe("called find");
    });
    expect(asked("two").filter((method) => method === "tools/call")).toHaveLength(1);
  });

  it("tell by the call why they cannot be started, and are started by the next one once they can", async () => {
    const directory = mkdtempSync(join(tmpdir(), "holdfast-lazy-"));
    onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
    const command = join(directory, "node");
    symlinkSync(process.execPath, command);
    const { open, starts } = await keptConfig({}, { command });
    rmSync(command);
    const transport = open();
    await transport.withSession(async (session) => {
      const why = (await rejection(session.callTool({ name: "one_find" }))) as HoldfastError;
      expect(why).toMatchObject({ code: "SPAWN_FAILED", server: "one" });
      expect(why.message).toContain(command);
      expect(transport.health).toBe("degraded");
      expect(names((await session.listTools()).tools)).toEqual(ALL);
      symlinkSync(process.execPath, command);
      expect(textOf(await session.callTool({ name: "one_find" }))).toBe("called find");
      expect(transport.health).toBe("ready");
    });
    expect([starts("one"), starts("two")]).toEqual([2, 1]);
  });

  it("can be some of the servers, or the only one, whose names stay its own", async () => {
    const { open, starts, path, write } = await keptConfig({ lazy: false }, { lazy: true });
    expect([starts("one"), starts("two")]).toEqual([1, 1]);
    const config = JSON.parse(readFileSync(path, "utf8"));
    delete config.mcpServers.two;
    write(config);
    await open().withSession(async (session) => {
      expect(names((await session.listTools()).tools)).toEqual(["look", "find"]);
      expect(starts("one")).toBe(1);
      expect(textOf(await session.callTool({ name: "find" }))).toBe("called find");
      expect(starts("one")).toBe(2);
    });
  });

  it("are not known by a manifest that another could have written, or that is none", async () => {
    const { open, manifestDirectory, starts } = await keptConfig();
    const [first, second] = files(manifestDirectory).map((name) => join(manifestDirectory, name));
    chmodSync(first!, 0o644);
    writeFileSync(second!, "{");
    const transport = open();
    const events = recorded(transport);
    await transport.withSession(async (session) => {
      expect(names((await session.listTools()).tools)).toEqual(ALL);
    });
    expect([starts("one"), starts("two")]).toEqual([2, 2]);
    const warnings = events.flatMap((event) => (event.type === "warning" ? event.message : [])).join("\n");
    expect(warnings).toContain("others may read it (mode 644)");
    expect(warnings).toContain("is not JSON");
  });

  it("are not known where what they offer holds a secret of theirs", async () => {
    const { open, change, manifestDirectory, starts } = await keptConfig(
      {},
      { env: { API_TOKEN: "hush-1234-hush" } },
    );
    change("one", ({ tools }) => {
      tools[0]!.description = "With hush-1234-hush.";
    });
    const transport = open();
    const events = recorded(transport);
    await transport.withSession(async (session) => {
      await session.callTool({ name: "one_find" });
      await until(() => files(manifestDirectory).length === 1);
    });
    await transport.close();
    expect(JSON.stringify(events)).toContain("one: what it offers holds a secret of its config");
    for (const name of files(manifestDirectory))
      expect(readFileSync(join(manifestDirectory, name), "utf8")).not.toContain("hush");
    await open().withSession((session) => session.listTools());
    expect([starts("one"), starts("two")]).toEqual([3, 1]);
  });
});
