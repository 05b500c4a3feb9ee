import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, it } from "vitest";
import type { ConfiguredServer } from "../../src/composite/configured-server.js";
import type { MCPConfigTransportOptions } from "../../src/composite/options.js";
import {
  configured,
  directOf,
  planned,
  readAny,
  remotesBeside,
  wholeRules,
} from "../../src/composite/plan.js";
import { lockText } from "../../src/config/lock.js";
import { type McpConfig, parseConfig } from "../../src/config/parse.js";
import type { ServerConfig } from "../../src/config/server.js";
import { INTERNALS } from "../../src/transports/internals.js";
import type { ClientTransport } from "../../src/transports/transport.js";
import { inThisProgram } from "../support/fake-config.js";
import { closing, recorded, rejection } from "../support/fixtures.js";
import { temporary } from "../support/temporary.js";

const x = { command: "x" };
const none: MCPConfigTransportOptions = { config: {} };

describe("the plan of a composite", () => {
  it("is read from a path, a URL, an object, with what fills its variables", () => {
    const path = join(temporary(), "mcp.json");
    const text = { mcpServers: { one: { command: "${A}", args: ["${input:key}"] } } };
    writeFileSync(path, JSON.stringify(text));
    const options = { ...none, variables: { A: "cmd" }, inputs: (id: string) => `the ${id}` };
    for (const given of [path, pathToFileURL(path), text])
      expect(readAny(given, options).servers["one"]).toMatchObject({
        command: "cmd",
        args: ["the key"],
      });
    expect(readAny({ mcpServers: { one: x } }, none).servers).toEqual({ one: expect.objectContaining(x) });
    expect(() => readAny({ mcpServers: { one: {} } }, { ...none, from: "some file" })).toThrow("some file");
    expect(() => readAny({ mcpServers: { one: { command: "${NOT_SET_ANYWHERE}" } } }, none)).toThrow(
      "NOT_SET_ANYWHERE",
    );
  });

  it("reaches one server directly where nothing is said that a gateway has to hold", () => {
    const direct = (server: object, options: object = {}, whole: object = {}) =>
      directOf(
        { servers: { one: { ...x, ...server } }, misconfigured: {}, warnings: [], extra: {}, ...whole },
        { ...none, ...options },
      );
    expect(direct({})).toEqual(["one", x]);
    expect(direct({ tools: {} })?.[0]).toBe("one");
    expect(direct({}, { tools: "list", pin: "off" }, { pin: "warn" })?.[0]).toBe("one");
    expect(direct({ tools: { a: {} } })).toBeUndefined();
    for (const rule of ["includeTags", "excludeTags", "allow", "deny"])
      expect(direct({ [rule]: [] })).toBeUndefined();
    for (const rule of ["includeTools", "enabledTools", "excludeTools", "disabledTools"])
      expect(direct({ [rule]: [] })).toBeUndefined();
    for (const option of [{ tools: "search" }, { allow: [] }, { deny: [] }, { pin: "warn" }])
      expect(direct({}, option)).toBeUndefined();
    for (const whole of [{ allow: [] }, { deny: [] }, { pin: "block" }])
      expect(direct({}, {}, whole)).toBeUndefined();
    expect(directOf({ servers: {}, misconfigured: {}, warnings: [], extra: {} }, none)).toBeUndefined();
    expect(
      directOf({ servers: { one: x, two: x }, misconfigured: {}, warnings: [], extra: {} }, none),
    ).toBeUndefined();
  });

  it("starts by its first call what the server is said to, else what all are, by the options first", () => {
    const isLazy = (server: object, options: object, whole: object) => {
      const config = parseConfig({ mcpServers: { one: { ...x, ...server } }, ...whole });
      const all = { ...none, ...options };
      const rules = wholeRules(config, all);
      const made = configured("one", config.servers["one"]!, all, undefined, () => rules);
      closing(made.transport);
      // A gateway knows what it offers, and is needed for that.
      expect(directOf(config, all) === undefined).toBe(made.isLazy?.());
      return made.isLazy?.();
    };
    const [on, off] = [{ lazy: true }, { lazy: false }];
    expect([isLazy({}, {}, {}), isLazy(on, {}, {}), isLazy({}, on, {}), isLazy({}, {}, on)]).toEqual([
      false,
      true,
      true,
      true,
    ]);
    expect([isLazy(off, on, on), isLazy({}, off, on), isLazy(on, off, off), isLazy({}, on, off)]).toEqual([
      false,
      false,
      true,
      true,
    ]);
  });

  it("keeps the servers that are the same, in the new order", () => {
    const made: string[] = [];
    const make = (name: string, config: ConfiguredServer["config"]) => {
      made.push(name);
      return { name, config } as ConfiguredServer;
    };
    const plan = (servers: object, before = new Map<string, ConfiguredServer>()) =>
      planned({ ...parseConfig({ a: x }), servers: servers as McpConfig["servers"] }, before, make);
    const first = plan({ a: { command: "1" }, b: { command: "2" } });
    const next = plan({ c: { command: "3" }, b: { command: "2" }, a: { command: "other" } }, first);
    expect([...next.keys()]).toEqual(["c", "b", "a"]);
    expect(next.get("b")).toBe(first.get("b"));
    expect(next.get("a")?.config).toEqual({ command: "other" });
    expect(made).toEqual(["a", "b", "c", "a"]);
  });

  it("allows what the options, the config and the server allow, each by the names that it knows", () => {
    const rules = (config: object, options: object = {}) =>
      wholeRules(parseConfig({ mcpServers: { one: x }, ...config }), { ...none, ...options }).may;
    expect(rules({ allow: ["one_*"] })("tools", "one_a")).toBe(true);
    expect(rules({ allow: ["one_*"] })("tools", "two_a")).toBe(false);
    expect(rules({ deny: ["one_*"] })("tools", "one_a")).toBe(false);
    expect(rules({}, { deny: ["one_*"] })("tools", "one_a")).toBe(false);
    const whole = {
      may: rules({ deny: { tools: ["one_a"], resources: ["note://one/a"] } }),
      pin: undefined,
    };
    const { may, transport } = configured("one", { ...x, deny: ["b"] }, none, undefined, () => whole);
    closing(transport);
    expect(["a", "b", "c"].map((name) => may("tools", name))).toEqual([false, false, true]);
    expect(["note://a", "note://b", "b"].map((uri) => may("resources", uri))).toEqual([false, true, false]);
    expect(may("prompts", "a")).toBe(true);
  });

  it("pins where that is said, to the lock that is there", () => {
    const directory = temporary();
    const path = join(directory, "mcp.json");
    const lockFile = join(directory, "mcp.lock.json");
    writeFileSync(lockFile, lockText({}));
    const config = (pin?: string) => parseConfig({ mcpServers: { one: x }, ...(pin && { pin }) });
    expect(wholeRules(config(), none).pin).toBeUndefined();
    expect(wholeRules(config("block"), { config: path }).pin?.blocks).toBe(true);
    expect(wholeRules(config("warn"), { config: path }).pin?.blocks).toBe(false);
    expect(wholeRules(config("warn"), { ...none, lockFile, pin: "block" }).pin?.blocks).toBe(true);
    expect(wholeRules(config("warn"), { config: path, pin: "off" }).pin).toBeUndefined();
    expect(wholeRules(config(), { config: path }).pin).toBeUndefined();
    expect(() => wholeRules(config("warn"), none)).toThrow(
      /option "pin".*needs a config that is a file, or the option lockFile/,
    );
  });

  it("gives each server what holds for all, and nothing that is the composite's alone", () => {
    const pin = { blocks: true } as never;
    const server: ServerConfig = {
      ...x,
      timeout: 7,
      tools: { a: { name: "b" } },
      includeTags: ["i"],
      excludeTags: ["e"],
    };
    const ours = {
      ...{ allow: [], deny: [], from: "x", inputs: {}, inspect: () => {}, keepAlive: false, listWaitMs: 1 },
      ...{ lockFile: "x", maxStarts: 1, name: "whole", nameAsPrefix: false, pin: "warn", startTimeoutMs: 1 },
      ...{ strict: true, toolName: () => "x", tools: "search", variables: {}, watch: true },
    };
    const options = { ...none, ...ours, closeTimeoutMs: undefined, callTimeoutMs: 5 } as never;
    const whole = { may: () => true, pin };
    const made = configured("one", server, options, undefined, () => whole);
    closing(made.transport);
    expect(made).toMatchObject({
      name: "one",
      config: server,
      timeoutMs: 7,
      tools: server.tools,
      includeTags: ["i"],
      excludeTags: ["e"],
    });
    expect(made.pin?.()).toBe(pin);
    expect(made.transport.name).toBe("one");
    const other = configured("two", x, options, undefined, () => whole);
    closing(other.transport);
    expect(other.transport[INTERNALS].callTimeoutMs("tools/call", "a")).toBe(5);
    expect(() => configured("one", x, { ...none, era: "new" } as never, undefined, () => whole)).toThrow(
      /"era"/,
    );
  });

  it("tries a server again that was never reached, unless none is to be tried again", async () => {
    inThisProgram({ one: new Error("refused") });
    const whole = { may: () => true, pin: undefined };
    const made = (options: object, direct?: () => void) =>
      closing(configured("one", x, { ...none, ...options }, direct, () => whole).transport);
    const waiting = (transport: ClientTransport) => {
      const events = recorded(transport);
      return () => events.some((event) => event.type === "transition" && event.to === "connecting.waiting");
    };
    for (const [options, direct, again] of [
      [{ reconnect: { maxAttempts: 2, baseMs: 1 } }, undefined, true],
      [{ reconnect: { initial: false, maxAttempts: 2, baseMs: 1 } }, undefined, true],
      [{ reconnect: false }, undefined, false],
      [{}, () => {}, false],
    ] as const) {
      const transport = made(options, direct);
      const waited = waiting(transport);
      expect(await rejection(transport.connect())).toMatchObject({
        message: expect.stringContaining("refused"),
      });
      expect([options, waited()]).toEqual([options, again]);
    }
    // For as long as it takes, where nobody says otherwise.
    const patient = made({});
    const tried = new Promise<void>((resolve) => {
      patient.subscribe((_status, event) => {
        if (event.type === "transition" && event.to === "connecting.waiting") resolve();
      });
    });
    const connected = rejection(patient.connect());
    await tried;
    await patient.close();
    expect(await connected).toMatchObject({ code: "TRANSPORT_CLOSED" });
  });

  it("hears of the only server's process, and of nothing else that it is inspected in place of", () => {
    const heard: object[] = [];
    const { transport } = configured(
      "one",
      x,
      none,
      (event) => heard.push(event),
      () => ({
        may: () => true,
        pin: undefined,
      }),
    );
    closing(transport);
    transport[INTERNALS].observe({ type: "stderr", line: "a line" });
    transport[INTERNALS].announce({ type: "warning", message: "x" });
    expect(heard).toStrictEqual([{ type: "stderr", line: "a line" }]);
  });

  it("knows the other servers behind a URL", () => {
    const servers = [
      ["one", { url: "https://one.test/mcp" }],
      ["two", { url: "ws://two.test/mcp" }],
      ["three", { url: "wss://three.test/ws" }],
      ["four", { url: "https://news.test/" }],
      ["odd", { url: "no URL" }],
      ["local", x],
    ].map(([name, config]) => ({ name, config }) as ConfiguredServer);
    const beside = (name: string) => remotesBeside(name, servers).map((one) => [one.name, one.url.href]);
    expect(beside("one")).toEqual([
      ["two", "http://two.test/mcp"],
      ["three", "https://three.test/ws"],
      ["four", "https://news.test/"],
    ]);
    expect(beside("local")).toHaveLength(4);
  });
});
