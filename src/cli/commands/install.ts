import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, realpathSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, resolve } from "node:path";
import { Command } from "commander";
import { readConfig, replaceFile, visibleLine } from "../../internal.js";
import { mustAgree } from "../terminal/ask.js";
import { UsageError } from "../terminal/exit.js";
import { print, say } from "../terminal/print.js";
import { launcher } from "./launcher.js";
import { launchAgent, type ServiceFile, systemdUnit } from "./login-service.js";

interface InstallOptions {
  cwd?: string;
  start: boolean;
  yes?: true;
}

/** It is ended by nobody who leaves: as long as a timer can run, in seconds. */
const IDLE = "2000000";

const configArgument = "a config file, as of serve --shared";
const noStart = "only write the file, or remove it; the system is told nothing";

export const installCommand = new Command("install")
  .description("start the daemon of a config at every login: a unit of systemd, or an agent of launchd")
  .argument("<config>", configArgument)
  .option("--cwd <directory>", "where the hosts start, if servers depend on it (default: your home)")
  .option("--no-start", noStart)
  .option("--yes", "do not ask: for a script")
  .action(async (config: string, { cwd, start, yes }: InstallOptions) => {
    readConfig(config);
    const file = serviceOf(realpathSync(config), resolve(cwd ?? homedir()));
    print(`${visibleLine(file.path)}\n\n${file.text}`);
    if (!yes) await mustAgree("Agreed? [y/N] ", "nothing was changed");
    mkdirSync(dirname(file.path), { recursive: true });
    replaceFile(file.path, file.text);
    if (start) tell(startOf(file));
    say(`written; to take it back: holdfast daemon uninstall ${visibleLine(config)}`);
  });

export const uninstallCommand = new Command("uninstall")
  .description("take that back")
  .argument("<config>", configArgument)
  .option("--no-start", noStart)
  .option("--yes", "do not ask: for a script")
  .action(async (config: string, { start, yes }: InstallOptions) => {
    // The config itself may be gone.
    const path = existsSync(config) ? realpathSync(config) : resolve(config);
    const file = serviceOf(path, homedir());
    if (!existsSync(file.path))
      throw new UsageError(`nothing starts ${config} at login: there is no ${file.path}`);
    print(visibleLine(file.path));
    if (!yes) await mustAgree("Agreed? [y/N] ", "nothing was changed");
    if (start) tell(stopOf(file));
    rmSync(file.path, { force: true });
    say("removed");
  });

function serviceOf(config: string, cwd: string): ServiceFile {
  const command = [...absolute(launcher()), "daemon", config, "--idle", IDLE];
  const daemon = { command, config, cwd, path: process.env["PATH"] ?? "" };
  if (process.platform === "linux") return systemdUnit(daemon, homedir(), process.env);
  if (process.platform === "darwin") return launchAgent(daemon, homedir());
  throw new UsageError("daemon install knows systemd and launchd, and neither is on this system");
}

/** What is started at login is looked for in no PATH of a shell. */
const absolute = (words: string[]): string[] =>
  words[0] === "holdfast" ? [process.execPath, realpathSync(process.argv[1] ?? "")] : words;

const startOf = ({ name, path }: ServiceFile): string[][] =>
  process.platform === "darwin"
    ? [["launchctl", "bootstrap", `gui/${process.getuid?.()}`, path]]
    : [
        ["systemctl", "--user", "daemon-reload"],
        ["systemctl", "--user", "enable", "--now", name],
      ];

const stopOf = ({ name }: ServiceFile): string[][] =>
  process.platform === "darwin"
    ? [["launchctl", "bootout", `gui/${process.getuid?.()}/${name}`]]
    : [["systemctl", "--user", "disable", "--now", name]];

/** In a container, or over su, there may be no session that could be told. */
function tell(commands: string[][]): void {
  for (const [program = "", ...args] of commands) {
    const { status, error } = spawnSync(program, args, { stdio: ["ignore", "ignore", "inherit"] });
    if (status === 0) continue;
    const why = error ? `${program} was not found` : `it ended with ${status}`;
    say(`this did not work (${why}); run it in a session of yours: ${[program, ...args].join(" ")}`);
  }
}
