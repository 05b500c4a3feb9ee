import { execFile } from "node:child_process";
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import { VERSION } from "../../src/base/version.js";
import { launcher } from "../../src/cli/commands/launcher.js";
import { readServer } from "../../src/config/load.js";
import { MCPConfigTransport } from "../../src/index.js";
import { fixture } from "../support/fixtures.js";
import { answeredOnTerminal } from "../support/on-terminal.js";

const main = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));
const server = { command: process.execPath, args: [fixture("stdio-server.mjs")] };

/** A user whose Cursor has these servers. */
function userOf(text: string) {
  const home = mkdtempSync(join(tmpdir(), "holdfast-wrap-"));
  onTestFinished(() => rmSync(home, { recursive: true, force: true }));
  const [cwd, path] = [join(home, "project"), join(home, ".cursor/mcp.json")];
  for (const folder of [cwd, join(home, ".cursor")]) mkdirSync(folder);
  writeFileSync(path, text);
  const env = { ...process.env, HOME: home, XDG_CONFIG_HOME: join(home, "config") };
  const run = (...words: string[]) => started(main, words);
  const started = (program: string, words: string[], more: NodeJS.ProcessEnv = {}) =>
    new Promise<{ code: unknown; stdout: string; stderr: string }>((resolve) => {
      const options = { cwd, env: { ...env, ...more } };
      const child = execFile(process.execPath, [program, ...words], options, (error, stdout, stderr) =>
        resolve({ code: error?.code ?? 0, stdout, stderr }),
      );
      child.stdin?.end();
    });
  return { home, cwd, path, env, run, started, text: () => readFileSync(path, "utf8") };
}

const TEXT = `{
  // mine
  "mcpServers": {
    "one": { "command": ${JSON.stringify(server.command)}, "args": ${JSON.stringify(server.args)}, "env": { "A_TOKEN": "canary-of-the-env" } },
    "two": { "command": "npx", "args": ["-y", "x", "--api-key=canary-of-the-args"], "disabled": true, },
    "far": { "url": "https://docs.example/mcp" },
  },
}
`;

// Each test starts several programs.
describe("holdfast wrap", { timeout: 600_000 }, () => {
  it("shows the difference without secrets, and writes nothing in a pipe without --yes", async () => {
    const { run, text } = userOf(TEXT);
    const { code, stdout, stderr } = await run("wrap", "cursor");
    expect(stdout).toContain(`+     "two": { "command": ${JSON.stringify(process.execPath)}`);
    expect(stdout).toContain('"--", "npx", "-y", "x", "--api-key=[redacted]"]');
    expect(stdout + stderr).not.toContain("canary");
    expect(stderr).toContain("far stays as it is: it is a remote server");
    expect(stderr).toContain("nothing was written: nobody can be asked here; in a script, say --yes");
    expect(code).toBe(2);
    expect(text()).toBe(TEXT);
  });

  it("keeps mode and link, and what the file was beside it; unwrap gives it back", async () => {
    const { home, path, run, text } = userOf(TEXT);
    const real = join(home, "dotfiles.json");
    writeFileSync(real, TEXT);
    chmodSync(real, 0o640);
    rmSync(path);
    symlinkSync(real, path);
    expect(await run("wrap", "cursor", "--yes")).toMatchObject({ code: 0 });
    expect(text()).not.toBe(TEXT);
    expect(lstatSync(path).isSymbolicLink()).toBe(true);
    expect(statSync(path).mode & 0o777).toBe(0o640);
    const backup = `${real}.holdfast-backup`;
    expect(readFileSync(backup, "utf8")).toBe(TEXT);
    expect(statSync(backup).mode & 0o777).toBe(0o600);
    const twice = text();
    expect(await run("wrap", path, "--yes")).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/one stays as it is: it is wrapped already\n(.*\n)*nothing to change\n$/),
    });
    expect(text()).toBe(twice);
    expect(await run("unwrap", path, "--yes")).toMatchObject({ code: 0 });
    expect(text()).toBe(TEXT);
  });

  it("keeps what the file was before the first wrap, also when it is wrapped again and taken back", async () => {
    const { path, run, text } = userOf(TEXT);
    await run("wrap", path, "--server", "one", "--yes");
    const half = text();
    const again = await run("wrap", path, "--yes");
    expect(again.stderr).toContain(`${path}.holdfast-backup-2`);
    await run("unwrap", path, "--yes");
    expect(text()).toBe(TEXT);
    expect(readFileSync(`${path}.holdfast-backup`, "utf8")).toBe(TEXT);
    expect(readFileSync(`${path}.holdfast-backup-2`, "utf8")).toBe(half);
  });

  it("makes an entry whose server has what its host gave to it", async () => {
    const { path, run } = userOf(TEXT);
    await run("wrap", "cursor", "--server", "one", "--yes");
    const { env, ...config } = readServer(path, "one").servers["one"] as { env: Record<string, string> };
    expect(env).toEqual({ A_TOKEN: "canary-of-the-env" });
    const transport = new MCPConfigTransport({ config: { mcpServers: { one: { ...config, env } } } });
    onTestFinished(() => transport.close());
    await transport.withSession(async (session) => {
      const { content } = await session.callTool({ name: "env", arguments: {} });
      expect(JSON.stringify(content)).toContain("canary-of-the-env");
    });
  });

  it("names a file of the project, and leaves it alone", async () => {
    const { cwd, run } = userOf(TEXT);
    mkdirSync(join(cwd, ".cursor"));
    writeFileSync(join(cwd, ".cursor/mcp.json"), TEXT);
    const { stderr } = await run("wrap", "cursor", "--yes");
    expect(stderr).toContain(
      ".cursor/mcp.json stays as it is: it comes with the project; to change it, name it",
    );
    expect(readFileSync(join(cwd, ".cursor/mcp.json"), "utf8")).toBe(TEXT);
    expect(await run("wrap", ".cursor/mcp.json", "--yes")).toMatchObject({ code: 0 });
    expect(readFileSync(join(cwd, ".cursor/mcp.json"), "utf8")).not.toBe(TEXT);
  });

  it.each([
    [["wrap", "cursor", "--server", "three"], 'cursor has no server "three" in a file of its user\'s'],
    [["wrap", "cursor:one"], "expected a client or a file; for one server: cursor --server one"],
    [["wrap", "zed"], "zed has no servers in a file of its user's"],
    [["wrap", "missing.json"], "missing.json cannot be read: ENOENT"],
  ])("%j is refused", async (words, why) => {
    const { run, text } = userOf(TEXT);
    expect(await run(...words, "--yes")).toMatchObject({ code: 2, stderr: expect.stringContaining(why) });
    expect(text()).toBe(TEXT);
  });

  it("leaves a file alone that it cannot parse", async () => {
    const { path, run, text } = userOf('{ "mcpServers": { "one": { "command": "secret-canary" }');
    const { code, stderr } = await run("wrap", path, "--yes");
    expect(stderr).toMatch(/mcp\.json is not valid: is not JSON: \w+ \(line 1, column \d+\)/);
    expect(code).toBe(2);
    expect(text()).toContain("secret-canary");
    expect(existsSync(`${path}.holdfast-backup`)).toBe(false);
  });

  it("names holdfast where the shell would find this one, and npx where that runs it", async () => {
    const { home, path, started, text } = userOf(TEXT);
    const bin = join(home, "bin");
    mkdirSync(bin);
    symlinkSync(main, join(bin, "holdfast"));
    const onPath = { PATH: [bin, process.env["PATH"]].join(delimiter) };
    await started(main, ["wrap", path, "--yes"], onPath);
    expect(text()).toContain('"command": "holdfast", "args": ["serve", "--wrapped"');
    await started(main, ["unwrap", path, "--yes"]);
    expect(text()).toBe(TEXT);
    const npx = join(home, ".npm/_npx/1/main.js");
    mkdirSync(dirname(npx), { recursive: true });
    writeFileSync(npx, "");
    expect(launcher(npx)).toEqual(["npx", "-y", `holdfast@${VERSION}`]);
  });

  // util-linux gives it a terminal.
  const onTerminal = it.skipIf(process.platform !== "linux" || !existsSync("/usr/bin/script"));
  onTerminal.each([
    ["y\n", 0, true],
    ["n\n", 1, false],
    ["\u0003", 1, false],
    ["\u0004", 1, false],
  ])("asks on a terminal: %j", async (answer, code, isWritten) => {
    const { cwd, env, text } = userOf(TEXT);
    const line = `'${process.execPath}' '${main}' wrap cursor`;
    const { code: ended } = await answeredOnTerminal(line, answer, { cwd, env });
    expect({ code: ended, isWritten: text() !== TEXT }).toEqual({ code, isWritten });
  });
});
