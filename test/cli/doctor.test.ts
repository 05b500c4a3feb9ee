import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import { fixture } from "../support/fixtures.js";
import { machineWith } from "../support/machine.js";

const main = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));
const demo = { command: process.execPath, args: [fixture("stdio-server.mjs")] };

/** A machine with these files in its home. */
function machine(files: Record<string, unknown>) {
  const { home, cwd, env } = machineWith(files);
  delete env["DOCTOR_TOKEN"];
  const run = (...args: string[]) => {
    const found = spawnSync(process.execPath, [main, "doctor", ...args], { cwd, env, encoding: "utf8" });
    // Others may run servers on this machine while we test.
    const lines = found.stdout
      .replaceAll(home, "~")
      .replaceAll(cwd, ".")
      .split("\n")
      .filter((line) => line.startsWith("~") || line.startsWith("."));
    return { ...found, lines };
  };
  return { home, cwd, env, run };
}

const cursor = (servers: Record<string, unknown>) => ({ "~/.cursor/mcp.json": { mcpServers: servers } });

// Each test starts a program.
describe("holdfast doctor", { timeout: 600_000 }, () => {
  it.each([
    [
      "a command that is not there",
      { one: { command: "no-such-command-anywhere" } },
      "its command no-such-command-anywhere was not found; install it, or write its whole path as the command",
    ],
    [
      "a script that is not there",
      { one: { command: process.execPath, args: ["/nowhere/server.mjs"] } },
      "its script /nowhere/server.mjs is not there; mend its path in args",
    ],
    [
      "a folder that is not there",
      { one: { ...demo, cwd: "/nowhere" } },
      "its folder /nowhere is not there; make it, or mend cwd",
    ],
    [
      "a variable that is not set",
      { one: { ...demo, env: { TOKEN: "${DOCTOR_TOKEN}" } } },
      "env.TOKEN: the variable DOCTOR_TOKEN is not set; set it, or give a default: ${DOCTOR_TOKEN:-default}",
    ],
    ["a wrong type", { one: { command: 1 } }, "command: expected string, received number; mend command"],
    ["no way to it", { one: {} }, "expected a command or a url; mend the entry"],
    [
      "a sign-in",
      { one: { url: "https://docs.example/mcp", oauth: { clientId: "me" } } },
      "nobody has signed in to it; holdfast login cursor:one",
    ],
    [
      "a wrapped entry whose holdfast is gone",
      {
        one: {
          command: process.execPath,
          args: ["/gone/main.js", "serve", "--wrapped", "args", "--", ...Object.values(demo).flat()],
        },
      },
      "the holdfast that it is wrapped in is gone (/gone/main.js); holdfast unwrap cursor, then wrap it again",
    ],
    [
      "a wrapped entry whose own command is not there",
      {
        one: {
          command: process.execPath,
          args: [main, "serve", "--wrapped", "none", "--", "no-such-command-anywhere"],
        },
      },
      "its command no-such-command-anywhere was not found; install it, or write its whole path as the command",
    ],
  ])("finds %s", (_, servers, finding) => {
    const { lines, status } = machine(cursor(servers)).run();
    expect(lines).toEqual([`~/.cursor/mcp.json: one: ${finding}`]);
    expect(status).toBe(1);
  });

  it("looks for the commands of a project's file, too, but for those that need a variable", () => {
    const gone = { command: "no-such-command-anywhere" };
    const { run } = machine({
      ".cursor/mcp.json": { mcpServers: { gone, other: { command: "${SOMEWHERE}/server" } } },
    });
    expect(run().lines).toEqual([
      expect.stringMatching(/^\.\/\.cursor\/mcp\.json: gone: its command no-such/),
    ]);
  });

  it("finds files that cannot be read, and what others of the same client say", () => {
    const { home, run } = machine({
      "~/.cursor/mcp.json": { mcpServers: { one: { command: "no-such-command-anywhere" } } },
      ".cursor/mcp.json": "{",
      "~/.codex/config.toml": "secret-canary = [",
      "~/.lmstudio/mcp.json": { mcpServers: { demo } },
    });
    chmodSync(join(home, ".lmstudio/mcp.json"), 0o666);
    const { lines, stdout } = run();
    expect(lines.join("\n")).toMatch(
      /^\.\/\.cursor\/mcp\.json: is not valid: is not JSON: \w+ \(line 1, column 2\); mend the file$/m,
    );
    expect(lines.join("\n")).toMatch(
      /^~\/\.codex\/config\.toml: is not valid: is not TOML \(line \d+, column \d+\); mend the file$/m,
    );
    expect(lines.join("\n")).toMatch(
      /^~\/\.lmstudio\/mcp\.json: was found by search and is not used: others may write to it \(mode 666\); to change that: chmod go-w /m,
    );
    expect(lines.join("\n")).toMatch(
      /^~\/\.cursor\/mcp\.json: one: its command no-such-command-anywhere was not found/m,
    );
    expect(stdout).not.toContain("canary");
  });

  it("says nothing of what is well, switched off, or of a project that nobody trusts", () => {
    const { run } = machine({
      ...cursor({ demo, off: { command: "no-such-command-anywhere", disabled: true } }),
      ".vscode/mcp.json": {
        servers: { theirs: { command: "no-such-command-anywhere", env: { A: "${DOCTOR_TOKEN}" } } },
      },
    });
    expect(run().lines).toEqual([]);
  });

  it("finds a server that two clients start for themselves, unless they share it", () => {
    const wrapped = {
      command: process.execPath,
      args: [main, "serve", "--shared", "--wrapped", "args", "--", ...Object.values(demo).flat()],
    };
    const files = { ...cursor({ demo }), "~/.lmstudio/mcp.json": { mcpServers: { same: demo } } };
    expect(machine(files).run().lines).toEqual([
      "~/.cursor/mcp.json: demo: cursor and lmstudio each start it; once for all: holdfast wrap cursor --shared and holdfast wrap lmstudio --shared",
    ]);
    expect(
      machine({
        ...cursor({ demo: wrapped }),
        "~/.lmstudio/mcp.json": { mcpServers: { same: wrapped } },
      }).run().lines,
    ).toEqual([]);
  });

  it("reaches servers with --connect", () => {
    const { run } = machine(
      cursor({ demo, fails: { command: process.execPath, args: ["-e", "process.exit(3)"] } }),
    );
    const { stdout, status } = run("--connect", "--json");
    const found = JSON.parse(stdout).filter((one: { server?: string }) => one.server);
    expect(found).toEqual([
      expect.objectContaining({ server: "fails", next: expect.stringContaining("exited with code 3") }),
    ]);
    expect(status).toBe(1);
  });

  const onLinux = it.skipIf(process.platform !== "linux" || !existsSync("/proc/self/environ"));

  onLinux("finds what a daemon left that is gone, and a server that runs twice", async () => {
    const key = "0123456789abcdef";
    const idle = { command: process.execPath, args: ["-e", "console.log(1); setInterval(() => {}, 1e6)"] };
    const { env, run } = machine(cursor({ idle }));
    const start = async (more: Record<string, string>) => {
      const child = spawn(idle.command, idle.args, {
        env: { ...env, ...more },
        stdio: ["ignore", "pipe", "ignore"],
      });
      onTestFinished(async () => {
        if (child.kill("SIGKILL")) await once(child, "exit");
      });
      await once(child.stdout, "data");
      return child.pid;
    };
    const pids = [await start({ HOLDFAST_DAEMON: key }), await start({})];
    const { stdout } = run();
    expect(stdout).toContain(`process ${pids[0]} (${process.execPath} -e `);
    expect(stdout).toMatch(new RegExp(`is left of a daemon of holdfast that is gone; kill ${pids[0]}$`, "m"));
    expect(stdout).toMatch(
      /idle: it runs 2 times \(pids \d+, \d+\); once for all: holdfast wrap cursor --shared$/m,
    );
  });
});
