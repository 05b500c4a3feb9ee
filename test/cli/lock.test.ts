import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { describe, expect, it } from "vitest";
import { MCPConfigTransport } from "../../src/composite/config-transport.js";
import { lockText } from "../../src/config/lock.js";
import { closing } from "../support/fixtures.js";
import { lockedOffer, offeringConfig, UNHURRIED } from "../support/offering.js";

const main = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));
const run = (...args: string[]) =>
  execa(process.execPath, [main, ...args, "--timeout", "500"], { reject: false });

// Each test starts several programs.
describe("holdfast lock", { timeout: 600_000 }, () => {
  it("writes what all servers offer, says what differs from before, and is what pin compares with", async () => {
    const { path, lock, change, write } = offeringConfig({ pin: "block" });
    const first = await run("lock", path);
    expect(first).toMatchObject({ exitCode: 0 });
    expect(first.stdout).toContain("+ one tools look\n");
    expect(first.stdout).toContain(`wrote ${lock}: review it, and keep it with the config`);
    expect(readFileSync(lock, "utf8")).toBe(lockText(lockedOffer()));
    change("two", ({ tools, prompts }) => {
      tools[0]!.description = "another";
      tools.splice(1, 1);
      prompts.push({ name: "new\u001b[2J", description: "x" });
    });
    const tools = () =>
      closing(new MCPConfigTransport({ ...UNHURRIED, config: path })).withSession(async (session) =>
        (await session.listTools()).tools.map(({ name }) => name),
      );
    expect(await tools()).toEqual(["one_look", "one_find"]);
    const second = await run("lock", path);
    expect(second.stdout.split("\n").slice(0, 3)).toEqual([
      "- two tools find",
      "~ two tools look",
      "+ two prompts new\\u{1b}[2J",
    ]);
    expect(await tools()).toEqual(["one_look", "one_find", "two_look"]);
    const { stdout: json } = await run("lock", path, "--json");
    expect(JSON.parse(json)).toEqual({ file: lock, differences: [] });
    // Nothing that is lacking is locked as lacking.
    write({ mcpServers: { dead: { command: "no-such-command-anywhere" } } });
    const before = readFileSync(lock, "utf8");
    const dead = await run("lock", path);
    expect(dead.exitCode).not.toBe(0);
    expect(dead.stderr).toContain("dead");
    expect(readFileSync(lock, "utf8")).toBe(before);
  });

  it("wants a config file", async () => {
    for (const target of [["cursor"], ["https://example.com/mcp"], []]) {
      const { exitCode, stderr } = await run("lock", ...target);
      expect(stderr).toContain("expected a config file, such as mcp.json");
      expect(exitCode).toBe(2);
    }
    expect(existsSync("mcp.lock.json")).toBe(false);
  });
});
