import { spawnSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import { launchAgent, systemdUnit } from "../../src/cli/commands/login-service.js";
import { describeWith } from "../support/peers.js";

const main = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));

function scratch(): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "holdfast-install-")));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** What both systems read as something else, unless it is quoted. */
const ODD = `a b%n $HOME \${X} "c" 'd' \\e <f> & é`;
const daemon = {
  command: ["/usr/bin/node", "/opt/main.js", "daemon", `/home/me/${ODD}.json`, "--idle", "1"],
  config: `/home/me/${ODD}.json`,
  cwd: `/home/me/${ODD}`,
  path: `/usr/bin:/${ODD}`,
};

/** What systemd makes of a line, by systemd.syntax(7), systemd.service(5) and systemd.unit(5). */
const words = (line: string) =>
  [...line.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, inner = ""]) =>
    inner.replace(/\\(.)/g, "$1").replaceAll("%%", "%"),
  );

describe("a unit of systemd", () => {
  const { text, path, name } = systemdUnit(daemon, "/home/me", {});
  const line = (key: string) => new RegExp(`^${key}=(.*)$`, "m").exec(text)?.[1] ?? "";

  it("says the words of the command, whatever is in them", () => {
    expect(words(line("ExecStart")).map((word) => word.replaceAll("$$", "$"))).toEqual(daemon.command);
    expect(words(line("Environment"))).toEqual([`PATH=${daemon.path}`]);
    expect(line("WorkingDirectory").replaceAll("%%", "%")).toBe(daemon.cwd);
    expect(line("ExecStart").replaceAll("$$", "").replaceAll("%%", "")).not.toMatch(/[$%]/);
  });

  it("stands among those of its user, each config in its own", () => {
    expect(path).toBe(`/home/me/.config/systemd/user/${name}`);
    expect(systemdUnit(daemon, "/home/me", { XDG_CONFIG_HOME: "/x" }).path).toBe(`/x/systemd/user/${name}`);
    expect(systemdUnit({ ...daemon, config: "/other" }, "/home/me", {}).name).not.toBe(name);
  });

  it("is not made of a name with a line break", () => {
    expect(() => systemdUnit({ ...daemon, cwd: "/a\nExecStartPre=b" }, "/", {})).toThrow(
      "cannot stand in a unit",
    );
  });
});

describeWith(["systemd-analyze"], "systemd itself", () => {
  it("takes the unit, and finds its program", () => {
    const folder = scratch();
    const program = join(folder, "a b%n $HOME");
    copyFileSync("/bin/true", program);
    chmodSync(program, 0o755);
    const cwd = join(folder, ODD);
    mkdirSync(cwd);
    const unit = join(folder, "holdfast-1.service");
    const verified = (command: string) => {
      const { text } = systemdUnit({ ...daemon, command: [command, ODD], cwd }, folder, {});
      writeFileSync(unit, text);
      const { status, stdout, stderr } = spawnSync("systemd-analyze", ["verify", unit], { encoding: "utf8" });
      return {
        status,
        said: (stdout + stderr)
          .split("\n")
          .filter((said) => said.includes("holdfast-1"))
          .join("\n"),
      };
    };
    expect(verified("/bin/true")).toEqual({ status: 0, said: "" });
    expect(verified(join(folder, "gone")).said).toContain("gone");
  });
});

describeWith(["python3"], "an agent of launchd", () => {
  it("says the words of the command, whatever is in them", () => {
    const { text, path, name } = launchAgent(daemon, "/Users/me");
    expect(path).toBe(`/Users/me/Library/LaunchAgents/${name}.plist`);
    const script = "import plistlib, json, sys; print(json.dumps(plistlib.loads(sys.stdin.buffer.read())))";
    const { stdout } = spawnSync("python3", ["-c", script], { input: text, encoding: "utf8" });
    expect(JSON.parse(stdout)).toEqual({
      Label: name,
      ProgramArguments: daemon.command,
      WorkingDirectory: daemon.cwd,
      EnvironmentVariables: { PATH: daemon.path },
      RunAtLoad: true,
      KeepAlive: { SuccessfulExit: false },
    });
  });
});

// Each test starts several programs.
describe.skipIf(process.platform !== "linux")("holdfast daemon install", { timeout: 600_000 }, () => {
  function user() {
    const home = scratch();
    const config = join(home, "my servers.json");
    writeFileSync(config, '{ "mcpServers": { "one": { "command": "node" } } }');
    const env = { ...process.env, HOME: home, XDG_CONFIG_HOME: join(home, "config") };
    const units = join(home, "config/systemd/user");
    const run = (...args: string[]) =>
      spawnSync(process.execPath, [main, "daemon", ...args], { env, cwd: home, encoding: "utf8", input: "" });
    return {
      config,
      run,
      files: () => (existsSync(units) ? readdirSync(units).map((name) => join(units, name)) : []),
    };
  }

  it("shows the file, and writes nothing where nobody can be asked", () => {
    const { config, run, files } = user();
    const { status, stdout, stderr } = run("install", config);
    expect(stdout).toContain(`"daemon" "${config}" "--idle"`);
    expect(stderr).toContain("in a script, say --yes");
    expect({ status, files: files() }).toEqual({ status: 2, files: [] });
  });

  it("writes it, and uninstall takes it away", () => {
    const { config, run, files } = user();
    expect(run("install", config, "--yes", "--no-start")).toMatchObject({ status: 0 });
    const [file = ""] = files();
    expect(readFileSync(file, "utf8")).toContain("WantedBy=default.target");
    expect(run("uninstall", config, "--yes", "--no-start")).toMatchObject({ status: 0 });
    expect(files()).toEqual([]);
    expect(run("uninstall", config, "--yes")).toMatchObject({
      status: 2,
      stderr: expect.stringContaining("nothing starts"),
    });
  });

  it("refuses what is no config", () => {
    const { run, files } = user();
    expect(run("install", "gone.json", "--yes")).toMatchObject({
      status: 2,
      stderr: expect.stringContaining("cannot be read"),
    });
    expect(files()).toEqual([]);
  });
});
