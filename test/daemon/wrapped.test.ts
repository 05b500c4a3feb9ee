import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { expect, it } from "vitest";
import { nameFor } from "../../src/daemon/wrapped-config.js";
import { fixture, lives, until } from "../support/fixtures.js";
import { MAIN, SharedWorld } from "../support/shared.js";

it.each([
  ["npx", ["-y", "@scope/weather-server", "--api-key", "canary-1"], "weather-server"],
  ["weather-server", ["--api-key", "canary-1"], "weather-server"],
  ["uvx", ["--from", "canary-1", "mcp-server-time"], "mcp-server-time"],
  ["python", ["-m", "weather"], "weather"],
  ["node", ["/home/me/server.mjs", "--token", "canary-1"], "server"],
] as const)("%s %j is called by what it runs, and by no value of an option: %s", (program, args, name) => {
  expect(nameFor(program, args)).toBe(name);
});

const command = [process.execPath, fixture("journal-server.mjs")];

it("what wrap --shared wrote is one process for hosts that say the same, and another for one that gives another value", async () => {
  const world = new SharedWorld({});
  const journal = { JOURNAL: join(world.directory, "journal") };
  const host = (env: Record<string, string>, ...more: string[]) =>
    world.started(
      ["--shared", "--pass", "JOURNAL,TOKEN", "--wrapped", "args", "--", ...command, ...more],
      { ...world.env, ...journal, ...env },
      { cwd: world.directory },
    );
  const hosts = [
    host({ TOKEN: "a" }),
    host({ TOKEN: "a" }),
    host({ TOKEN: "b" }),
    host({ TOKEN: "a" }, "${HOME}"),
  ];
  const pids: string[] = [];
  for (const each of hosts) {
    await each.initialize();
    pids.push(await each.call("pid"));
  }
  expect(pids[1]).toBe(pids[0]);
  expect(new Set(pids).size).toBe(3);
  // What stands there says no value, and nobody else may read it.
  const folder = join(world.directory, "state/holdfast/wrapped");
  const texts = readdirSync(folder).map((name) => readFileSync(join(folder, name), "utf8"));
  expect(texts).toHaveLength(2);
  expect(texts.join()).toContain('"TOKEN": "${env:TOKEN:-}"');
  expect(texts.join()).not.toContain(journal.JOURNAL);
  for (const name of readdirSync(folder)) expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600);
  // The host has replaced its variables: what looks like one is text.
  const [server] = world.servers().filter((pid) => String(pid) === pids[3]);
  expect(readFileSync(`/proc/${server}/cmdline`, "utf8").split("\0")).toContain("${HOME}");
});

it("unwrap removes what no daemon uses; a host that is still there writes its own anew", async () => {
  const world = new SharedWorld({});
  const path = join(world.directory, "hosts.json");
  const words = ["serve", "--shared", "--wrapped", "args", "--", ...command];
  const wrapped = { command: process.execPath, args: [MAIN, ...words] };
  const unwrap = () => {
    writeFileSync(path, JSON.stringify({ mcpServers: { one: wrapped } }));
    const { status } = spawnSync(process.execPath, [MAIN, "unwrap", path, "--yes"], { env: world.env });
    expect(status).toBe(0);
  };
  const host = (...more: string[]) =>
    world.started([...words.slice(1), ...more], world.env, { cwd: world.directory });
  const [left, stays] = [host("left"), host("stays")];
  for (const each of [left, stays]) await each.initialize();
  const folder = join(world.directory, "state/holdfast/wrapped");
  expect(readdirSync(folder)).toHaveLength(2);
  unwrap();
  expect(readdirSync(folder)).toHaveLength(2);
  const used = Number(await left.call("pid"));
  const mine = world.manifests().find(({ config }) => readFileSync(config, "utf8").includes('"left"'))!;
  process.kill(mine.pid, "SIGTERM");
  await until(() => !lives(mine.pid) && !lives(used));
  unwrap();
  expect(readdirSync(folder)).not.toContain(basename(mine.config));
  expect(readdirSync(folder)).toHaveLength(1);
  expect(await left.call("pid")).toMatch(/^\d+$/);
  expect(readdirSync(folder)).toContain(basename(mine.config));
});
