import { execFile } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { daemonRows, liveRows } from "../../src/cli/terminal/daemon-rows.js";
import { tableOf } from "../../src/cli/terminal/table.js";
import { WINDOW_WORDS } from "../../src/composite/isolated.js";
import { placeOf } from "../../src/daemon/place.js";
import type { DaemonStatus, ServerStatus } from "../../src/daemon/status.js";
import { fixture, lives, until } from "../support/fixtures.js";
import { MAIN, SharedWorld } from "../support/shared.js";

const server = { command: process.execPath, args: [fixture("journal-server.mjs")], cwd: "/tmp" };

function command(world: SharedWorld, ...args: string[]): Promise<{ code: number; out: string; err: string }> {
  return new Promise((resolve) =>
    execFile(process.execPath, [MAIN, ...args], { env: world.env }, (error, out, err) =>
      resolve({ code: Number(error?.code ?? 0), out, err }),
    ),
  );
}

const psOf = async (world: SharedWorld) =>
  JSON.parse((await command(world, "ps", "--json")).out) as DaemonStatus[];

describe("the commands on daemons", () => {
  it("ps shows daemons, servers, clients, memory and restarts", async () => {
    const world = new SharedWorld({ a: server, b: server });
    expect((await command(world, "ps")).out).toContain("no daemon runs");
    const host = world.host();
    await host.initialize();
    const pid = Number(await host.call("a_pid"));
    process.kill(pid, "SIGKILL");
    await until(async () => Number(await host.call("a_pid")) > 0 && !lives(pid));
    const [daemon] = await psOf(world);
    expect(daemon).toMatchObject({ name: "mcp.json", pid: world.daemons()[0], health: "ready", restarts: 0 });
    expect(daemon!.servers).toMatchObject([
      { name: "a", health: "ok", restarts: 1, reason: expect.stringContaining("SIGKILL") },
      { name: "b", health: "ok", restarts: 0 },
    ]);
    expect(daemon!.clients).toMatchObject([{ pid: host.child.pid, own: false }]);
    expect(daemon!.servers.every(({ memory }) => memory! > 1_000_000)).toBe(true);
    const { out } = await command(world, "top");
    expect(out).toContain("1 client, up ");
    expect(out).toContain("was lost: ");
    // The only one that an edit leaves keeps its name.
    world.write({ a: server });
    const namesOf = async () => (await psOf(world))[0]!.servers.map(({ name }) => name);
    await until(async () => (await namesOf()).length === 1);
    expect(await namesOf()).toEqual(["a"]);
  });

  it("a daemon that nobody uses is idle, and keeps its servers", async () => {
    const world = new SharedWorld({ a: server, b: server });
    const host = world.host();
    await host.initialize();
    const pid = Number(await host.call("a_pid"));
    expect(await psOf(world)).toMatchObject([{ health: "ready" }]);
    await host.end();
    await until(async () => (await psOf(world))[0]!.health !== "ready");
    expect(await psOf(world)).toMatchObject([
      {
        health: "idle",
        advice: "mcp.json has no client: it ends when none comes.",
        servers: [{ health: "ok", pid }, {}],
      },
    ]);
  });

  it("a daemon that was killed is told as gone", async () => {
    const world = new SharedWorld({ a: server });
    const host = world.host();
    await host.initialize();
    const [pid] = world.daemons();
    host.child.kill("SIGKILL");
    process.kill(pid!, "SIGKILL");
    await until(() => !lives(pid!));
    expect(await psOf(world)).toMatchObject([{ pid, health: "gone" }]);
  });

  it("stop ends the one that is meant; the next call of a host starts it anew", async () => {
    const world = new SharedWorld({ a: server });
    const host = world.host();
    await host.initialize();
    const [pid] = world.daemons();
    const wrong = await command(world, "stop", "other.json");
    expect(wrong).toMatchObject({ code: 2, err: expect.stringContaining(world.config) });
    expect(await command(world, "stop", "mcp.json")).toMatchObject({ code: 0 });
    await until(() => !lives(pid!) && world.servers().length === 0);
    expect(await host.call("pid")).toMatch(/^\d+$/);
    expect(world.daemons()).toHaveLength(1);
  });

  it("stop kills a daemon that does not answer; its servers end with it, and hosts start another one", async () => {
    const world = new SharedWorld({ a: server });
    const host = world.host();
    await host.initialize();
    const [pid] = world.daemons();
    const served = Number(await host.call("pid"));
    process.kill(pid!, "SIGSTOP");
    expect(await psOf(world)).toMatchObject([{ pid, health: "silent" }]);
    expect(await command(world, "stop")).toMatchObject({
      code: 0,
      err: expect.stringContaining("was killed"),
    });
    await until(() => !lives(pid!) && !lives(served));
    expect(await host.call("pid")).toMatch(/^\d+$/);
    await until(() => world.manifests().length === 1);
    expect(world.manifests()[0]!.pid).not.toBe(pid);
  });

  it("stop kills no process that is no daemon, and takes away what a daemon left that was killed", async () => {
    const world = new SharedWorld({ a: server });
    const host = world.host();
    await host.initialize();
    const [pid] = world.daemons();
    const { manifest } = placeOf(world.manifests()[0]!.key, join(world.run, "holdfast"));
    // As if the process had ended and its number were another one's.
    const other = process.pid;
    writeFileSync(manifest, readFileSync(manifest, "utf8").replace(`"pid": ${pid}`, `"pid": ${other}`));
    process.kill(pid!, "SIGSTOP");
    const refused = await command(world, "stop");
    expect(refused).toMatchObject({ code: 1, err: expect.stringContaining(`kill -9 ${other}`) });
    await host.end();
    process.kill(pid!, "SIGKILL");
    await until(() => !lives(pid!));
    expect(await command(world, "stop")).toMatchObject({
      code: 0,
      err: expect.stringContaining("had ended"),
    });
    expect(world.manifests()).toEqual([]);
  });

  it("logs prints what the daemon wrote, or what is of one server", async () => {
    const noisy = { command: process.execPath, args: [fixture("noisy-server.mjs")], cwd: "/tmp" };
    const world = new SharedWorld({ a: server, b: server, noisy });
    const host = world.host();
    await host.initialize();
    await host.call("a_pid");
    const all = await command(world, "logs", "mcp.json");
    expect(all.out).toContain("a: connected.steady");
    const one = await command(world, "logs", "b");
    expect(one.out).toContain("b: connected.steady");
    expect(one.out).not.toContain(" a: ");
  });
});

it("docs/serving.md names every word by which a server is known to keep a window", () => {
  const page = readFileSync(new URL("../../docs/serving.md", import.meta.url), "utf8");
  for (const word of WINDOW_WORDS) expect(page).toContain(`\`${word}\``);
});

const MB = 1024 * 1024;

/** What a daemon said 7,500 s after it began. */
function recorded(): { at: number; daemon: DaemonStatus } {
  const at = 1_000_000_000_000;
  const server = (
    name: string,
    health: string,
    advice: string,
    more: Partial<ServerStatus>,
  ): ServerStatus => ({
    ...{ name, health, advice: `${name} ${advice}.`, calls: 0, restarts: 0 },
    ...more,
  });
  const daemon: DaemonStatus = {
    ...{ key: "0123456789abcdef", config: "/home/me/mcp.json", log: "", version: "0.1.0" },
    ...{
      name: "mcp.json",
      pid: 4127,
      startedAt: at - 7_500_000,
      restarts: 0,
      memory: 96 * MB,
      cpuMs: 41_000,
    },
    health: "degraded",
    advice: "mcp.json works without 1 of its 4 servers: see weather (unreachable).",
    servers: [
      server("files", "ok", "is connected: there is nothing to do", {
        ...{ pid: 4135, memory: 71 * MB, cpuMs: 312_000, calls: 9_120 },
      }),
      server("memory", "ok", "is connected: there is nothing to do", {
        ...{ pid: 5210, memory: 68 * MB, cpuMs: 1_400, calls: 210, restarts: 2 },
        reason: "memory: the server ended (SIGKILL)",
      }),
      server(
        "weather",
        "unreachable",
        "failed (fetch failed: ECONNREFUSED): see whether it runs; it is tried again in 4.2 s",
        {},
      ),
      server("browser", "known", "is started by its first call", {}),
    ],
    clients: [
      { pid: 1, calls: 3, own: false },
      { pid: 2, calls: 4, own: true },
      { pid: 3, calls: 5, own: false },
    ],
  };
  return { at, daemon };
}

describe("the recordings in docs/shared.md are what a terminal of 80 columns shows", () => {
  const page = readFileSync(new URL("../../docs/shared.md", import.meta.url), "utf8");
  const shownOf = (command: string) =>
    new RegExp(`\`\`\`text\\n\\$ holdfast ${command}\\n([\\s\\S]*?)\\n\`\`\``).exec(page)?.[1];
  const screen = { isTTY: true, columns: 80 };

  it("ps", () => {
    const { at, daemon } = recorded();
    expect(shownOf("ps")).toBe(tableOf(daemonRows([daemon], at), screen));
  });

  it("top, of which each table but the first says what was done since the one before", () => {
    const { at, daemon } = recorded();
    const [files, memory, ...others] = daemon.servers as [ServerStatus, ServerStatus, ...ServerStatus[]];
    const earlier: DaemonStatus = {
      ...daemon,
      cpuMs: 40_968,
      servers: [
        { ...files, cpuMs: 311_590, calls: 9_108 },
        // It was another process then.
        { ...memory, pid: 5001 },
        ...others,
      ],
    };
    const before = { at: at - 1_000, daemons: [earlier] };
    expect(shownOf("top")).toBe(tableOf(liveRows({ at, daemons: [daemon] }, before), screen));
    const first = liveRows(before).slice(1);
    for (const [, , , cpu, , calls] of first) expect([cpu, calls]).toEqual(["-", "-"]);
  });
});
