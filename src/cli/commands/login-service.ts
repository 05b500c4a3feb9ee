import { createHash } from "node:crypto";
import { isAbsolute, join } from "node:path";

/** A daemon that the system starts at login. */
export interface LoginDaemon {
  /** The program and its arguments. */
  command: readonly string[];
  /** The real path of the config. */
  config: string;
  /** Where it runs. */
  cwd: string;
  /** Where it finds the commands of servers. */
  path: string;
}

/** The file by which a system starts a program at login. */
export interface ServiceFile {
  /** What the system calls it. */
  name: string;
  path: string;
  text: string;
}

const idOf = (config: string): string => createHash("sha256").update(config).digest("hex").slice(0, 8);

/** A unit of systemd for one user. */
export function systemdUnit(daemon: LoginDaemon, home: string, env: NodeJS.ProcessEnv): ServiceFile {
  const xdg = env["XDG_CONFIG_HOME"];
  const folder = join(xdg && isAbsolute(xdg) ? xdg : join(home, ".config"), "systemd/user");
  const name = `holdfast-${idOf(daemon.config)}.service`;
  const text = `[Unit]
Description=holdfast: the servers of ${plain(daemon.config)}

[Service]
ExecStart=${daemon.command.map(word).join(" ")}
WorkingDirectory=${plain(daemon.cwd)}
Environment=${quoted(`PATH=${daemon.path}`)}
Restart=on-failure
RestartSec=5
KillMode=mixed

[Install]
WantedBy=default.target
`;
  return { name, path: join(folder, name), text };
}

/** systemd reads `%` as the beginning of a name of its own everywhere, and a backslash at the end of a line as its going on. */
const plain = (text: string): string => oneLine(text).replaceAll("%", "%%");

const quoted = (text: string): string => `"${plain(text).replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;

/** In a command a dollar begins a variable. */
const word = (text: string): string => quoted(text).replaceAll("$", "$$$$");

function oneLine(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for.
  if (/[\u0000-\u001f\u007f]/.test(text))
    throw new Error(`${JSON.stringify(text)} cannot stand in a unit; rename it`);
  return text;
}

/** An agent of launchd. */
export function launchAgent(daemon: LoginDaemon, home: string): ServiceFile {
  const name = `holdfast.${idOf(daemon.config)}`;
  const strings = daemon.command.map((one) => `    ${string(one)}`).join("\n");
  const text = `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
  <key>Label</key>
  ${string(name)}
  <key>ProgramArguments</key>
  <array>
${strings}
  </array>
  <key>WorkingDirectory</key>
  ${string(daemon.cwd)}
  <key>EnvironmentVariables</key>
  <dict>
    <key>PATH</key>
    ${string(daemon.path)}
  </dict>
  <key>RunAtLoad</key>
  <true/>
  <key>KeepAlive</key>
  <dict>
    <key>SuccessfulExit</key>
    <false/>
  </dict>
</dict>
</plist>
`;
  return { name, path: join(home, "Library/LaunchAgents", `${name}.plist`), text };
}

const string = (text: string): string =>
  `<string>${oneLine(text).replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;")}</string>`;
