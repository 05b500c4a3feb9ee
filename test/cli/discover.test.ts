import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import { fixture } from "../support/fixtures.js";
import { machineWith } from "../support/machine.js";

const main = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));
const demo = { command: process.execPath, args: [fixture("stdio-server.mjs")] };

/** A machine with these files, `~` for its home. */
function machine(files: Record<string, unknown>) {
  const { cwd, env } = machineWith(files);
  return (...args: string[]) => spawnSync(process.execPath, [main, ...args], { cwd, env, encoding: "utf8" });
}

describe("holdfast discover", () => {
  const files = {
    "~/.cursor/mcp.json": {
      mcpServers: {
        demo,
        off: { url: "https://example.com/mcp", disabled: true },
        wrong: { url: 1 },
        keyed: { command: "no-such-command", args: ["--api-key", "canary-0123456789"] },
      },
    },
    "~/.codex/config.toml": "not = [",
    ".vscode/mcp.json": { servers: { theirs: { command: "touch", args: ["started"] } } },
  };

  it("shows every config, each server and its state, and starts nothing", () => {
    const { stdout, status } = machine(files)("discover");
    expect(stdout).toMatch(/^ +cursor:demo +ready +.*stdio-server\.mjs$/m);
    expect(stdout).toMatch(/^ +cursor:off +off +https:\/\/example\.com\/mcp/m);
    expect(stdout).toMatch(/^ +cursor:wrong +misconfigured +wrong\.url: expected string/m);
    expect(stdout).toMatch(/^ +vscode:theirs +not trusted +touch started$/m);
    expect(stdout).toMatch(/misconfigured +.*config\.toml.*line/);
    expect(stdout).not.toContain("canary");
    expect(status).toBe(0);
  });

  it("reaches with --connect those that are the user's own", () => {
    const { stdout } = machine(files)("discover", "--connect", "--json");
    const all: { target: string; servers: { name: string; state: string }[] }[] = JSON.parse(stdout);
    const states = Object.fromEntries(
      all.flatMap(({ target, servers }) => servers.map(({ name, state }) => [`${target}:${name}`, state])),
    );
    expect(states).toEqual({
      "cursor:demo": "ok",
      "cursor:off": "off",
      "cursor:wrong": "misconfigured",
      "cursor:keyed": "misconfigured",
      "vscode:theirs": "not trusted",
    });
  });

  /** What `discover --connect` says of each server. */
  function reached(holdfast: ReturnType<typeof machine>): Record<string, string> {
    const { stdout, stderr } = holdfast("discover", "--connect", "--json");
    expect(stderr).toBe("");
    const all: { target: string; servers: { name: string; state: string }[] }[] = JSON.parse(stdout);
    return Object.fromEntries(
      all.flatMap(({ target, servers }) => servers.map(({ name, state }) => [`${target}:${name}`, state])),
    );
  }

  it("starts nothing of a config in the current folder, which nobody named", () => {
    const started = join(mkdtempSync(join(tmpdir(), "holdfast-started-")), "started");
    onTestFinished(() => rmSync(dirname(started), { recursive: true, force: true }));
    const holdfast = machine({
      "mcp.json": { mcpServers: { theirs: { command: "touch", args: [started] } } },
    });
    expect(reached(holdfast)).toEqual({ "mcp.json:theirs": "not trusted" });
    expect(existsSync(started)).toBe(false);
  });

  it("reaches the user's own beside a config of the project that nobody agreed to", () => {
    const holdfast = machine({
      "~/.cursor/mcp.json": { mcpServers: { demo, both: demo } },
      ".cursor/mcp.json": { mcpServers: { theirs: { command: "touch", args: ["started"] }, both: demo } },
    });
    const { stdout } = holdfast("discover", "--connect");
    expect(stdout).toMatch(/^ +cursor:demo +ok/m);
    expect(stdout).toMatch(/^ +cursor:theirs +not trusted/m);
    // The project's entry takes the place of the user's own.
    expect(stdout).toMatch(/^ +cursor:both +misconfigured +.*is not trusted/m);
  });

  it("reaches the only server that is on, wherever it stands", () => {
    const off = { url: "https://example.com/mcp", disabled: true };
    const holdfast = machine({ "~/.cursor/mcp.json": { mcpServers: { off, demo } } });
    expect(reached(holdfast)).toEqual({ "cursor:off": "off", "cursor:demo": "ok" });
  });

  it("reads each file in Continue's folder of servers", () => {
    const holdfast = machine({
      "~/.continue/mcpServers/one.yaml": `name: block\nmcpServers:\n  - name: one\n    command: ${process.execPath}\n`,
      "~/.continue/mcpServers/two.json": { mcpServers: { demo } },
      "~/.continue/mcpServers/README.md": "# not a config",
    });
    const { stdout } = holdfast("discover");
    expect(stdout).toMatch(/^ +continue:one +ready/m);
    expect(stdout).toMatch(/^ +continue:demo +ready/m);
    expect(holdfast("call", "continue:demo", "echo", "message=x")).toMatchObject({
      stdout: "Echo: x\n",
      status: 0,
    });
  });

  it("says so where there is none", () => {
    expect(machine({})("discover")).toMatchObject({
      status: 0,
      stdout: "",
      stderr: expect.stringContaining("no config"),
    });
  });
});

describe("holdfast completion", () => {
  const files = {
    "~/.cursor/mcp.json": { mcpServers: { weather: demo, wind: demo } },
    "mcp.json": { mcpServers: { demo } },
    "hostile.json": {
      mcpServers: {
        "a$(touch b)": demo,
        "`id`": demo,
        "a;b": demo,
        "a b": demo,
        "a\nb": demo,
        "": demo,
        "日本-1": demo,
      },
    },
  };

  it.each([
    [["st"], ["status", "stop"]],
    [["tools", "cu"], ["cursor"]],
    [["tools", "cursor:we"], ["cursor:weather"]],
    [["tools", "mcp.json:"], ["mcp.json:demo"]],
    // What a shell would obey, or take for two words, is for a person to write.
    [["tools", "hostile.json:"], ["hostile.json:日本-1"]],
    [["tools", "--er"], ["--era"]],
    [["tools", "--era", "l"], ["legacy"]],
    [["tools", "--record", ""], []],
    [
      ["completion", ""],
      ["bash", "zsh", "fish"],
    ],
    [["frobnicate", ""], []],
  ])("completes %j", (words, wanted) => {
    const { stdout, status } = machine(files)("complete", "--", ...words);
    const found = stdout
      .split("\n")
      .filter(Boolean)
      .map((line) => line.split("\t")[0]);
    expect({ found, status }).toEqual({ found: wanted, status: 0 });
  });

  it("works in bash, behind a colon, too", () => {
    const holdfast = machine(files);
    const { stdout: script } = holdfast("completion", "bash");
    const lines = ["holdfast sta", "holdfast tools cursor:we", "holdfast tools --era "];
    const loop = lines.map(
      (line) =>
        `COMP_LINE=${JSON.stringify(line)}; COMP_POINT=\${#COMP_LINE}; _holdfast; echo "\${COMPREPLY[*]}"`,
    );
    const program = `holdfast() { "${process.execPath}" "${main}" "$@"; }\n${script}\n${loop.join("\n")}`;
    const folder = mkdtempSync(join(tmpdir(), "holdfast-completion-"));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const home = join(folder, ".cursor");
    mkdirSync(home);
    writeFileSync(join(home, "mcp.json"), JSON.stringify(files["~/.cursor/mcp.json"]));
    const { stdout, stderr } = spawnSync("bash", ["-c", program], {
      cwd: folder,
      env: { ...process.env, HOME: folder },
      encoding: "utf8",
    });
    expect({ stderr, stdout }).toEqual({ stderr: "", stdout: "status\nweather\nauto legacy modern\n" });
  });

  it.each(["zsh", "fish"])("has a script for %s that it accepts, where it is there", (shell) => {
    const { stdout, status } = machine({})("completion", shell);
    expect(status).toBe(0);
    expect(stdout).toContain("holdfast complete --");
    const checked = spawnSync(shell, ["-n"], { input: stdout, encoding: "utf8" });
    if (!checked.error) expect(checked).toMatchObject({ status: 0, stderr: "" });
  });

  it("knows three shells", () => {
    expect(machine({})("completion", "csh")).toMatchObject({
      status: 2,
      stderr: expect.stringContaining("bash, zsh, fish"),
    });
  });
});
