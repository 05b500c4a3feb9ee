import { pathToFileURL } from "node:url";
import { describe, expect, it } from "vitest";
import { once } from "../../src/composite/once.js";
import {
  checkConfigOptions,
  forFork,
  lockOf,
  type MCPConfigTransportOptions,
  pathOf,
  timesOf,
} from "../../src/composite/options.js";
import { parseConfig } from "../../src/config/parse.js";

const config = {};
const check = (options: object) => () =>
  checkConfigOptions({ config, ...options } as MCPConfigTransportOptions);

describe("the options of a composite", () => {
  it("are those that all transports share, those of its servers, and its own", () => {
    const own = {
      allow: ["*"],
      deny: { tools: ["a"], prompts: undefined, resources: ["*"] },
      nameAsPrefix: true,
      toolName: () => "x",
      startTimeoutMs: 1,
      listWaitMs: 1,
      lockFile: "x.lock.json",
      maxStarts: 1,
      pin: "off",
      strict: false,
      tools: "list",
      watch: false,
    };
    const ofServers = {
      onStderr: () => {},
      stderr: "inherit",
      reapOrphans: true,
      oauth: {},
      defaultAuth: "t",
      variables: {},
      inputs: {},
      from: "x",
    };
    expect(check({ ...own, ...ofServers, name: "all", cache: false })).not.toThrow();
    expect(check({ tools: "search" })).not.toThrow();
    expect(check({ allow: {} })).not.toThrow();
    for (const pin of ["warn", "block"]) expect(check({ pin })).not.toThrow();
    expect(check({ prefix: true })).toThrow('"prefix": a config transport has no such option');
  });

  it.each([
    ["startTimeoutMs", 0],
    ["listWaitMs", -1],
    ["maxStarts", 0],
    ["allow", "x"],
    ["allow", null],
    ["deny", [1]],
    ["deny", 5],
    ["deny", { tool: [] }],
    ["deny", { tools: "x" }],
    ["allow", { prompts: [1, "x"] }],
    ["tools", "find"],
    ["pin", "loud"],
    ["lockFile", 5],
  ])("that are wrong are named: %s: %s", (key, value) => {
    expect(check({ [key]: value })).toThrow(new RegExp(`option "${key}`));
  });

  it("say what was expected", () => {
    expect(check({ allow: 5 })).toThrow(
      "expected a list of globs, or { tools, prompts, resources } with one each",
    );
    expect(check({ tools: 5 })).toThrow('expected "list" or "search"');
    expect(check({ oauth: { unknown: 1 } })).toThrow('"auth.unknown"');
    expect(check({ watch: true })).toThrow('"watch": only a config that is a file can be followed');
    for (const path of ["mcp.json", new URL("file:///mcp.json")])
      expect(check({ watch: true, config: path })).not.toThrow();
  });

  it("know the file of the config, and the lock beside it, or where the lock is said to be", () => {
    const url = pathToFileURL("/etc/some mcp.json");
    expect([pathOf({ config: "mcp.json" }), pathOf({ config: url }), pathOf({ config })]).toEqual([
      "mcp.json",
      url,
      undefined,
    ]);
    expect(lockOf({ config: "a/mcp.json" })).toBe("a/mcp.lock.json");
    expect(lockOf({ config: url })).toBe("/etc/some mcp.lock.json");
    expect(lockOf({ config })).toBeUndefined();
    expect(lockOf({ config, lockFile: "x" })).toBe("x");
    expect(lockOf({ config: "mcp.json", lockFile: "x" })).toBe("x");
    const parsed = parseConfig({ mcpServers: { a: { command: "a" } } });
    expect(forFork({ config: "mcp.json", strict: true, watch: true }, parsed)).toEqual({
      config: parsed,
      strict: true,
      watch: false,
      lockFile: "mcp.lock.json",
    });
    expect(forFork({ config }, parsed)).toStrictEqual({ config: parsed, watch: false });
  });

  it("have limits that come before those of the attempt and of the close", () => {
    expect(timesOf({ config })).toEqual({
      listWaitMs: 2_000,
      listTimeoutMs: 10_000,
      maxStarts: 8,
      startTimeoutMs: 10_000,
      closeTimeoutMs: 4_500,
    });
    const given = { connectTimeoutMs: 1_000, closeTimeoutMs: 100, listWaitMs: 7, maxStarts: 2 };
    expect(timesOf({ config, ...given })).toMatchObject({
      listWaitMs: 7,
      maxStarts: 2,
      startTimeoutMs: 800,
      closeTimeoutMs: 90,
    });
    expect(timesOf({ config, ...given, startTimeoutMs: 500 }).startTimeoutMs).toBe(500);
    expect(timesOf({ config, startTimeoutMs: 100_000 }).startTimeoutMs).toBe(24_000);
  });
});

describe("what is reported once", () => {
  it("is reported again when a thousand others came after it", () => {
    const heard: string[] = [];
    const report = once((message) => heard.push(message));
    report("a");
    report("a");
    for (let i = 1; i < 1_000; i++) report(String(i));
    report("a");
    expect(heard).toHaveLength(1_000);
    report("one more");
    report("1");
    expect(heard).toHaveLength(1_001);
    report("a");
    expect(heard.at(-1)).toBe("a");
  });
});
