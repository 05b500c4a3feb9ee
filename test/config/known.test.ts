import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Place } from "../../src/config/clients.js";
import { clientConfig, clientLock, clientOf } from "../../src/config/known.js";

let directory: string;
let place: Place;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "holdfast-known-"));
  const home = join(directory, "home");
  const cwd = join(home, "work/project");
  mkdirSync(cwd, { recursive: true });
  place = { home, cwd, platform: "linux", env: {} };
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const write = (path: string, text: unknown) => {
  mkdirSync(dirname(join(place.home, path)), { recursive: true });
  writeFileSync(join(place.home, path), typeof text === "string" ? text : JSON.stringify(text));
};
const trusting = () => true;
const server = (command: string) => ({ command });
const names = (client: string, at = place) =>
  Object.keys(clientConfig(client, undefined, trusting, at).servers);

describe("the servers of a client on this machine", () => {
  it("are found where that client keeps them", () => {
    write(".config/Claude/claude_desktop_config.json", { mcpServers: { a: server("a") } });
    write(".codeium/windsurf/mcp_config.json", { mcpServers: { b: { serverUrl: "https://x" } } });
    write(".config/Code/User/mcp.json", { servers: { c: server("c") }, inputs: [] });
    write(
      ".config/Code/User/settings.json",
      '{ // mine\n "mcp": { "servers": { "d": { "command": "d" } } } }',
    );
    write(".gemini/settings.json", { theme: "dark", mcpServers: { e: { httpUrl: "https://x" } } });
    write(
      ".config/goose/config.yaml",
      "GOOSE_MODE: auto\nextensions:\n  f:\n    type: stdio\n    cmd: f\n    enabled: true\n  dev:\n    type: builtin\n    enabled: false\n",
    );
    expect(names("claude")).toEqual(["a"]);
    expect(names("windsurf")).toEqual(["b"]);
    expect(names("vscode")).toEqual(["c", "d"]);
    expect(names("gemini")).toEqual(["e"]);
    expect(names("goose")).toEqual(["f"]);
  });

  it("are the project's first, then the user's; the nearer wins", () => {
    write("work/project/.cursor/mcp.json", { mcpServers: { near: server("near"), both: server("near") } });
    write("work/.cursor/mcp.json", { mcpServers: { above: server("above") } });
    mkdirSync(join(place.home, "work/.git"));
    write(".cursor/mcp.json", { mcpServers: { both: server("far"), far: server("far") } });
    const { servers } = clientConfig("cursor", undefined, trusting, place);
    expect(Object.keys(servers)).toEqual(["near", "both", "above", "far"]);
    expect(servers["both"]).toEqual({ command: "near" });
    expect(Object.keys(clientConfig("cursor", "far", trusting, place).servers)).toEqual(["far"]);
  });

  it("are used as all files say: what one shuts off no other opens, and the strictest pin counts", () => {
    const a = { a: server("a") };
    write("work/project/.cursor/mcp.json", {
      mcpServers: { near: server("near") },
      deny: ["near_x"],
      pin: "warn",
      lazy: true,
    });
    mkdirSync(join(place.home, "work/project/.git"));
    const mine = { mcpServers: a, deny: { tools: ["*_delete"] }, allow: ["a_*"], pin: "block", lazy: false };
    write(".cursor/mcp.json", mine);
    for (const wanted of [undefined, "near"])
      expect(clientConfig("cursor", wanted, trusting, place)).toMatchObject({
        deny: { tools: ["near_x", "*_delete"], prompts: ["near_x"], resources: ["near_x"] },
        allow: ["a_*"],
        pin: "block",
        lazy: true,
      });
    expect(clientLock("cursor", trusting, place)).toBe(join(place.home, ".cursor/mcp.lock.json"));
    // What nobody agreed to says nothing.
    expect(clientConfig("cursor", "a", () => false, place)).toMatchObject({
      deny: { tools: ["*_delete"] },
      pin: "block",
      lazy: false,
    });
    write(".cursor/mcp.json", { mcpServers: a });
    expect(clientConfig("cursor", undefined, trusting, place)).toMatchObject({
      deny: ["near_x"],
      pin: "warn",
    });
    expect(clientLock("cursor", () => false, place)).toBeUndefined();
  });

  it("are refused where two files say what is allowed, or one says it in a wrong form", () => {
    const path = "work/project/.cursor/mcp.json";
    write(path, { mcpServers: { near: server("near") }, allow: ["x"] });
    write(".cursor/mcp.json", { mcpServers: { a: server("a") }, allow: ["y"] });
    const all = () => clientConfig("cursor", undefined, trusting, place);
    expect(all).toThrow(/"allow" stands in .*project.*mcp\.json and in .*mcp\.json: keep it in one of them/);
    for (const wrong of [{ deny: 5 }, { deny: { tools: 5 } }, { pin: "maybe" }, { lazy: 1 }]) {
      write(path, { mcpServers: { near: server("near") }, ...wrong });
      write(".cursor/mcp.json", { mcpServers: { a: server("a") }, deny: ["x"], pin: "block", lazy: false });
      expect(all).toThrow(/the config of cursor is not valid/);
    }
  });

  it("are looked for up to the root of the repository, and without one in this folder alone", () => {
    const cwd = join(place.home, "work/project/deep");
    mkdirSync(cwd);
    for (const [path, name] of [
      ["work/project/deep/.mcp.json", "here"],
      ["work/project/.mcp.json", "root"],
      ["work/.mcp.json", "above"],
      [".mcp.json", "home"],
      ["../.mcp.json", "beyond"],
    ] as const)
      write(path, { mcpServers: { [name]: server(name) } });
    expect(names("claude-code", { ...place, cwd })).toEqual(["here"]);
    // In a working tree `.git` is a file.
    write("work/project/.git", "gitdir: elsewhere");
    expect(names("claude-code", { ...place, cwd })).toEqual(["here", "root"]);
    expect(() => names("claude-code", { ...place, cwd: place.home })).toThrow(
      /there is none of [^ ]*\.claude\.json$/,
    );
  });

  it("are not looked for beyond home, whoever has a repository there", () => {
    mkdirSync(join(place.home, ".git"));
    mkdirSync(join(place.home, "../.git"));
    write("work/.mcp.json", { mcpServers: { above: server("above") } });
    write("../.mcp.json", { mcpServers: { beyond: server("beyond") } });
    expect(() => names("claude-code")).toThrow(/claude-code has no servers/);
  });

  it("stand elsewhere on other systems", () => {
    write("Library/Application Support/Claude/claude_desktop_config.json", {
      mcpServers: { mac: server("x") },
    });
    expect(names("claude", { ...place, platform: "darwin" })).toEqual(["mac"]);
    write("Roaming/Claude/claude_desktop_config.json", { mcpServers: { win: server("x") } });
    expect(
      names("claude", { ...place, platform: "win32", env: { APPDATA: join(place.home, "Roaming") } }),
    ).toEqual(["win"]);
  });

  it("are said to be missing, with where was looked", () => {
    expect(() => names("cursor")).toThrow(
      /cursor has no servers: there is none of .*work\/project\/\.cursor\/mcp\.json/,
    );
    write(".gemini/settings.json", { theme: "dark" });
    expect(() => names("gemini")).toThrow(/gemini has no servers: no server in .*settings\.json/);
    write(".cursor/mcp.json", { mcpServers: { a: server("a") } });
    expect(() => clientConfig("cursor", "b", trusting, place)).toThrow(/cursor has no server "b"; it has: a/);
    write(".cursor/mcp.json", { mcpServers: { a: { command: 3 } } });
    expect(() => names("cursor")).toThrow(/the config of cursor is not valid: mcpServers\.a\.command/);
  });

  it("are named by the client, and perhaps the server", () => {
    expect(clientOf("cursor")).toEqual({ client: "cursor", server: undefined });
    expect(clientOf("cursor:weather:eu")).toEqual({ client: "cursor", server: "weather:eu" });
    for (const other of ["mcp.json", "https://x", "constructor", ""]) expect(clientOf(other)).toBeUndefined();
  });
});
