import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { runDirectory } from "../../src/daemon/place.js";
import { StdioTransport } from "../../src/transports/stdio.js";
import { fixture, lives, until } from "../support/fixtures.js";
import { MAIN, SharedWorld } from "../support/shared.js";
import { temporary } from "../support/temporary.js";

const server = (more: object = {}) => ({
  command: process.execPath,
  args: [fixture("journal-server.mjs")],
  cwd: "/tmp",
  ...more,
});

/** A world of one server that keeps a journal. */
function journalled(more: object = {}) {
  const world = new SharedWorld({});
  const journal = join(world.directory, "journal");
  world.write({ one: server({ env: { JOURNAL: journal }, ...more }) });
  const notes = () => (existsSync(journal) ? readFileSync(journal, "utf8").trim().split("\n") : []);
  return { world, notes };
}

describe("one daemon for all hosts", () => {
  it("fifty shims in the same moment start one, and all are answered", async () => {
    const world = new SharedWorld({ a: server(), b: server() });
    const hosts = Array.from({ length: 50 }, () => world.host());
    const pids = await Promise.all(
      hosts.map(async (host) => {
        await host.initialize();
        return host.call("a_pid");
      }),
    );
    expect(pids.every((pid) => /^\d+$/.test(pid))).toBe(true);
    expect(new Set(pids).size).toBe(1);
    expect(world.daemons()).toHaveLength(1);
    expect(world.manifests()).toHaveLength(1);
  });

  it("ten hosts of five servers: five processes of servers, one daemon", async () => {
    const names = ["a", "b", "c", "d", "e"];
    const world = new SharedWorld(Object.fromEntries(names.map((name) => [name, server()])));
    const hosts = Array.from({ length: 10 }, () => world.host());
    const pids = await Promise.all(
      hosts.map(async (host) => {
        await host.initialize();
        return Promise.all(names.map((name) => host.call(`${name}_pid`)));
      }),
    );
    expect(new Set(pids.flat()).size).toBe(5);
    expect(world.daemons()).toHaveLength(1);
  });

  it("ends so long after its last client left, and leaves nothing", async () => {
    const { world } = journalled();
    const host = world.host(["--idle", "0.1"]);
    await host.initialize();
    const pid = Number(await host.call("pid"));
    const [daemon] = world.daemons();
    await host.end();
    await until(() => !lives(daemon!) && !lives(pid));
    expect(world.manifests()).toEqual([]);
  });

  it("waits for the host that started it, however soon it is to end after its last client", async () => {
    const { world } = journalled();
    const host = world.host(["--idle", "0"]);
    await host.initialize();
    const { log } = world.manifests()[0]!;
    expect(readFileSync(log, "utf8")).not.toContain("ending:");
    const [daemon] = world.daemons();
    await host.end();
    await until(() => !lives(daemon!));
  });

  it.each([
    [["--idle", "soon"], '--idle: expected a number of seconds, got "soon"'],
    [["--idle", "-1"], "--idle"],
  ])("refuses %j", async (words, why) => {
    const { world } = journalled();
    const host = world.host(words);
    expect(await host.closed).toBe(2);
    expect(host.said.join()).toContain(why);
  });

  it("says what it serves, and what not", async () => {
    const { world } = journalled();
    const host = world.started(["mcp.json:one", "--shared"], world.env, { cwd: world.directory });
    expect(await host.closed).toBe(2);
    expect(host.said).toEqual([
      "holdfast: mcp.json:one cannot be read (ENOENT): --shared serves one config file, by its path: holdfast serve mcp.json --shared",
    ]);
  });

  it("is no process of the host that came first, where that looks for what its servers leave", async () => {
    const { world } = journalled();
    const warnings: string[] = [];
    const transport = new StdioTransport({
      command: process.execPath,
      args: [MAIN, "serve", world.config, "--shared"],
      env: world.env,
      endDetached: true,
      logger: { warn: (message: string) => warnings.push(message) },
    });
    await transport.withSession((session) => session.listTools());
    await transport.close();
    expect(warnings).toEqual([]);
    expect(world.daemons()).toHaveLength(1);
  });

  it("is found by a host that gives its servers few variables", () => {
    const root = temporary();
    const mine = join(root, String(process.getuid!()));
    expect(runDirectory("linux", {}, root)).toMatch(/holdfast\/run$/);
    mkdirSync(mine, { mode: 0o700 });
    expect(runDirectory("linux", {}, root)).toBe(join(mine, "holdfast"));
    expect(runDirectory("linux", { XDG_RUNTIME_DIR: mine }, root)).toBe(join(mine, "holdfast"));
  });

  it("says why there is none: the config is wrong", async () => {
    const world = new SharedWorld({ a: { command: 7 } });
    const host = world.host();
    const { error } = await host.initialize();
    expect(error.message).toContain("mcpServers.a.command");
    expect(error.data.holdfast).toMatchObject({ code: "CONNECT_FAILED", outcome: "not-sent" });
    // The next message tries again.
    world.write({ a: server() });
    expect((await host.initialize()).result.serverInfo).toBeDefined();
  });

  it("an edit of the config reaches who comes after it at once", async () => {
    const world = new SharedWorld({ a: server(), b: server() });
    const first = world.host();
    await first.initialize();
    world.write({ a: server(), c: server() });
    const second = world.host();
    await second.initialize();
    expect(await second.call("c_pid")).toMatch(/^\d+$/);
    expect(world.daemons()).toHaveLength(1);
  });
});

describe("what is used of the environment makes another daemon", () => {
  it("a variable that an entry uses, and none that it does not", async () => {
    const { world } = journalled({ env: { TOKEN: "${TOKEN}" } });
    const hosts = [
      world.host([], { env: { TOKEN: "one", OTHER: "1" } }),
      world.host([], { env: { TOKEN: "one", OTHER: "2" } }),
      world.host([], { env: { TOKEN: "two" } }),
    ];
    const pids = await Promise.all(
      hosts.map(async (host) => {
        await host.initialize();
        return host.call("pid");
      }),
    );
    expect(pids[0]).toBe(pids[1]);
    expect(pids[2]).not.toBe(pids[0]);
    expect(world.daemons()).toHaveLength(2);
  });

  it("the folder, where an entry has no cwd of its own; --cwd makes it the same for all", async () => {
    const { world } = journalled({ cwd: undefined });
    const there = async (cwd: string, args: string[] = []) => {
      const host = world.host(args, { cwd });
      await host.initialize();
      return host.call("cwd");
    };
    expect(await there("/")).toBe("/");
    expect(await there(world.directory)).toBe(world.directory);
    expect(world.daemons()).toHaveLength(2);
    expect(await there("/", ["--cwd", world.directory])).toBe(world.directory);
    expect(world.daemons()).toHaveLength(2);
  });
});

describe("the daemon is killed", () => {
  it("sessions go on: what only reads is asked again, what may have been done is told so, nothing is done twice", async () => {
    const { world, notes } = journalled();
    const host = world.host();
    await host.initialize();
    await host.request("tools/list");
    const peeked = host.call("peek");
    const stuck = host.call("stuck");
    await until(() => notes().includes("peek") && notes().includes("stuck"));
    process.kill(world.daemons()[0]!, "SIGKILL");
    expect(JSON.parse(await stuck)).toEqual({ code: "CONNECTION_LOST", outcome: "unknown", server: "one" });
    expect(await peeked).toBe("peeked");
    expect(notes().filter((line) => line === "stuck")).toHaveLength(1);
    await until(() => host.heard.some(({ method }) => method === "notifications/tools/list_changed"));
    expect(world.manifests()[0]).toMatchObject({ restarts: 1 });
  });

  it("what a host subscribed to, and how much of the log it wants, stands with the next one", async () => {
    const server = { command: process.execPath, args: [fixture("stdio-server.mjs")], cwd: "/tmp" };
    const world = new SharedWorld({ a: server });
    const host = world.host();
    await host.initialize();
    for (const uri of ["note://one", "note://two"]) await host.request("resources/subscribe", { uri });
    await host.request("resources/unsubscribe", { uri: "note://two" });
    await host.request("logging/setLevel", { level: "error" });
    process.kill(world.daemons()[0]!, "SIGKILL");
    await until(async () => (await host.call("subscriptions")) === '["note://one"]');
    const levels = () =>
      host.heard.flatMap(({ method, params }) =>
        method === "notifications/message" ? [(params as { level: string }).level] : [],
      );
    await until(async () => {
      host.heard.splice(0);
      for (const level of ["info", "error"]) await host.call("log", { level });
      await until(() => levels().includes("error"));
      return !levels().includes("info");
    });
  });

  it("all hosts come to one new daemon", async () => {
    const { world } = journalled();
    const hosts = Array.from({ length: 10 }, () => world.host());
    for (const host of hosts) {
      await host.initialize();
      // It says which calls may be sent again.
      await host.request("tools/list");
    }
    for (let round = 0; round < 3; round++) {
      const [daemon] = world.daemons();
      process.kill(daemon!, "SIGKILL");
      await until(() => !lives(daemon!));
      const pids = await Promise.all(hosts.map((host) => host.call("pid")));
      expect(new Set(pids).size).toBe(1);
      await until(() => world.daemons().length === 1);
    }
  });

  it("a question that was open is taken back, and a late answer reaches nobody", async () => {
    const { world, notes } = journalled();
    const host = world.host();
    await host.initialize({ elicitation: {} });
    const lost = host.call("ask");
    await until(() => host.heard.some(({ method }) => method === "elicitation/create"));
    const old = host.heard.find(({ method }) => method === "elicitation/create")!;
    process.kill(world.daemons()[0]!, "SIGKILL");
    expect(JSON.parse(await lost)).toMatchObject({ outcome: "unknown" });
    await until(() => host.heard.some(({ method }) => method === "notifications/cancelled"));
    host.heard.length = 0;
    const asked = host.call("ask");
    await until(() => host.heard.some(({ method }) => method === "elicitation/create"));
    const next = host.heard.find(({ method }) => method === "elicitation/create")!;
    expect(next.id).not.toBe(old.id);
    host.send({ id: old.id, result: { action: "accept", content: { old: true } } });
    host.send({ id: next.id, result: { action: "decline" } });
    expect(JSON.parse(await asked)).toEqual({ action: "decline" });
    expect(notes().filter((line) => line === "ask")).toHaveLength(2);
  });
});

describe("what is too large for a line between shim and daemon", () => {
  it("an answer: the caller hears so, with what it was, its size and the limit; the session goes on", async () => {
    const { world } = journalled();
    const host = world.host();
    await host.initialize();
    const { error } = await host.request("tools/call", { name: "numbers", arguments: { count: 3_200_000 } });
    expect(error.message).toMatch(
      /^one: the answer to tools\/call numbers has 70\d{6} bytes, and 68157440 at most come through the daemon; ask for less$/,
    );
    expect(error.data.holdfast).toEqual({ code: "MESSAGE_TOO_LARGE", outcome: "unknown", server: "one" });
    expect(await host.call("pid")).toMatch(/^\d+$/);
  });

  it("a request: it was not sent, and its host hears so", async () => {
    const { world, notes } = journalled();
    const host = world.host();
    await host.initialize();
    const name = "x".repeat(66 * 1024 * 1024);
    const { error } = await host.request("tools/call", { name: "write", arguments: { name } });
    expect(error.message).toMatch(/^one: a request has 69\d{6} bytes, and 68157440 at most go /);
    expect(error.data.holdfast).toMatchObject({ code: "MESSAGE_TOO_LARGE", outcome: "not-sent" });
    expect(await host.call("pid")).toMatch(/^\d+$/);
    expect(notes().filter((line) => line.startsWith("write"))).toEqual([]);
  });
});

describe("the end", () => {
  it("comes though a server does not want to end: it is killed, and its daemon has ended then", async () => {
    const stubborn = { command: process.execPath, args: [fixture("stubborn-server.mjs")], cwd: "/tmp" };
    const world = new SharedWorld({ stubborn });
    const host = world.host();
    await host.initialize();
    await host.request("tools/list");
    const [daemon] = world.daemons();
    expect(world.servers().length).toBeGreaterThan(1);
    process.kill(daemon!, "SIGTERM");
    await until(() => !lives(daemon!));
    expect(world.servers()).toEqual([]);
  });

  it("a host that vanishes takes its own servers with it, and no other's", async () => {
    const { world, notes } = journalled();
    const asked = world.host();
    await asked.initialize({ roots: {} });
    const other = world.host();
    await other.initialize();
    const [own, shared] = await Promise.all([asked.call("pid"), other.call("pid")]);
    expect(own).not.toBe(shared);
    asked.child.kill("SIGKILL");
    await until(() => !lives(Number(own)));
    expect(await other.call("pid")).toBe(shared);
    expect(notes()).toHaveLength(2);
  });

  it("SIGTERM of the daemon lets calls be answered; the next call starts another one", async () => {
    const { world } = journalled();
    const host = world.host();
    await host.initialize({ elicitation: {} });
    const asked = host.call("ask");
    await until(() => host.heard.length > 0);
    const [daemon] = world.daemons();
    process.kill(daemon!, "SIGTERM");
    await until(() => world.manifests().length === 0);
    const next = host.call("pid");
    host.send({ id: host.heard[0]!.id, result: { action: "decline" } });
    expect(JSON.parse(await asked)).toEqual({ action: "decline" });
    expect(await next).toMatch(/^\d+$/);
    await until(() => !lives(daemon!));
  });
});

describe("what must not be shared", () => {
  it("is not: isolate, and a server whose name says that it keeps a window; isolate: false shares it all the same", async () => {
    const named = (name: string) => ({ ...server(), args: [fixture("journal-server.mjs"), name] });
    const world = new SharedWorld({
      shared: named("shared"),
      mine: { ...named("mine"), isolate: true },
      playwright: named("pw"),
      terminal: { ...named("t"), isolate: false },
    });
    const hosts = [world.host(), world.host()];
    for (const host of hosts) await host.initialize();
    const pids = async (name: string) => Promise.all(hosts.map((host) => host.call(`${name}_pid`)));
    const sharers = [...(await pids("shared")), ...(await pids("terminal"))];
    expect(new Set(sharers).size).toBe(2);
    const own = [...(await pids("mine")), ...(await pids("playwright"))];
    expect(new Set(own).size).toBe(4);
    // An edit of the config does not touch what stays the same.
    world.write({
      shared: named("shared"),
      mine: { ...named("mine"), isolate: true },
      playwright: named("pw"),
      terminal: { ...named("t"), isolate: false },
      added: named("added"),
    });
    await until(async () => /^\d+$/.test(await hosts[0]!.call("added_pid")));
    expect([...(await pids("shared")), ...(await pids("terminal"))]).toEqual(sharers);
    expect([...(await pids("mine")), ...(await pids("playwright"))]).toEqual(own);
    await hosts[0]!.end();
    await until(() => !lives(Number(own[0])) && !lives(Number(own[2])));
    expect(await hosts[1]!.call("mine_pid")).toBe(own[1]);
    expect(await hosts[1]!.call("shared_pid")).toBe(sharers[1]);
  });
});
