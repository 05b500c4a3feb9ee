import { execFile, execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import { fixture } from "../support/fixtures.js";
import { answeredOnTerminal } from "../support/on-terminal.js";

const main = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));

/** A user with one project, whose config starts a server that leaves a trace. */
function projectOf(extra: string[] = []) {
  const home = mkdtempSync(join(tmpdir(), "holdfast-cli-"));
  onTestFinished(() => rmSync(home, { recursive: true, force: true }));
  const cwd = join(home, "project");
  mkdirSync(cwd);
  const trace = join(home, "was-run");
  const path = join(cwd, ".mcp.json");
  const args = [
    "-c",
    `touch ${trace}; exec "$0" "$1"`,
    process.execPath,
    fixture("stdio-server.mjs"),
    ...extra,
  ];
  const write = (more: object = {}) =>
    writeFileSync(path, JSON.stringify({ mcpServers: { helper: { command: "/bin/sh", args, ...more } } }));
  write();
  const env = {
    ...process.env,
    HOME: home,
    XDG_DATA_HOME: join(home, "data"),
    XDG_CONFIG_HOME: join(home, "config"),
  };
  const run = (...words: string[]) =>
    new Promise<{ code: unknown; stdout: string; stderr: string }>((resolve) => {
      const child = execFile(process.execPath, [main, ...words], { cwd, env }, (error, stdout, stderr) =>
        resolve({ code: error?.code ?? 0, stdout, stderr }),
      );
      child.stdin?.end();
    });
  return { cwd, env, path, write, run, wasRun: () => existsSync(trace) };
}

// Each test starts several programs.
describe("a project's config that a client's name means", { timeout: 600_000 }, () => {
  it("is named and refused until --trust, and again when it changed", async () => {
    const { path, run, write, wasRun } = projectOf();
    for (const command of ["status", "tools", "serve", "check", "login"]) {
      const { code, stderr } = await run(command, "claude-code");
      expect(stderr).toContain(`claude-code: found ${path}\n`);
      expect(stderr).toContain("is not trusted; read it, then repeat the command with --trust");
      expect(code).toBe(2);
    }
    expect(wasRun()).toBe(false);
    expect(await run("status", "claude-code", "--trust")).toMatchObject({ code: 0 });
    expect(wasRun()).toBe(true);
    const again = await run("status", "--json", "claude-code:helper");
    expect(JSON.parse(again.stdout)).toMatchObject({ state: "connected" });
    write({ env: { X: "1" } });
    expect(await run("status", "claude-code")).toMatchObject({ code: 2 });
  });

  it("is what its path means, too, which nobody has to trust", async () => {
    const { run } = projectOf();
    expect(await run("status", ".mcp.json")).toMatchObject({ code: 0 });
  });

  it("holds nobody up where it is a pipe that nobody writes to", async () => {
    const { path, run } = projectOf();
    rmSync(path);
    execFileSync("mkfifo", [path]);
    expect(await run("status", "claude-code")).toMatchObject({
      code: 2,
      stderr: expect.stringContaining(`${path} is not a file`),
    });
  });

  // util-linux gives it a terminal.
  const onTerminal = it.skipIf(process.platform !== "linux" || !existsSync("/usr/bin/script"));
  const answering = async (answer: string) => {
    const { cwd, env, write, wasRun } = projectOf(["${HOME}", "\u001b]52;c;eA==\u0007"]);
    write({ env: { NODE_OPTIONS: "--no-warnings", A_TOKEN: "canary", B_TOKEN: "${HOME}" } });
    const line = `'${process.execPath}' '${main}' status claude-code`;
    const { code, seen } = await answeredOnTerminal(line, answer, { cwd, env });
    return { code, seen, wasRun: wasRun() };
  };

  onTerminal("is asked about on a terminal, with what it would start", async () => {
    const { code, seen, wasRun } = await answering("y\n");
    expect(seen).toContain("helper: NODE_OPTIONS=--no-warnings A_TOKEN=… B_TOKEN=${HOME} /bin/sh -c touch ");
    expect(seen).not.toContain("canary");
    expect(seen).toContain("${HOME} \\u{1b}]52;c;eA==\\u{7}");
    expect({ code, wasRun }).toEqual({ code: 0, wasRun: true });
  });

  onTerminal.each([
    ["no", "n\n"],
    ["Ctrl-C", "\u0003"],
    ["Ctrl-D", "\u0004"],
  ])("is not started where the answer is %s", async (_name, answer) => {
    const { code, seen, wasRun } = await answering(answer);
    expect(seen).toContain("is not trusted");
    expect({ code, wasRun }).toEqual({ code: 2, wasRun: false });
  });
});
