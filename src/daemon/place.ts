import { createHash } from "node:crypto";
import { statSync } from "node:fs";
import { lstat, mkdir } from "node:fs/promises";
import { homedir, userInfo } from "node:os";
import { isAbsolute, join } from "node:path";
import { openToOthers, quoted } from "../base/ownership.js";

/** A socket's path has room for 108 bytes on Linux, for 104 elsewhere; the last one is a zero. */
const MAX_SOCKET_PATH = 103;

type Environment = Readonly<Record<string, string | undefined>>;

/** Where what belongs to one daemon lies. No name says anything but the key. */
export interface Place {
  key: string;
  /** Where its shims reach it: a Unix socket, on Windows a named pipe. */
  socket: string;
  /** What it says of itself. */
  manifest: string;
  /** What is locked while it is started. */
  lock: string;
  log: string;
}

/** What outlives a restart of the machine: logs. */
export function stateDirectory(
  platform: NodeJS.Platform = process.platform,
  env: Environment = process.env,
): string {
  if (platform === "win32")
    return join(env["LOCALAPPDATA"] || join(homedir(), "AppData", "Local"), "holdfast", "state");
  if (platform === "darwin") return join(homedir(), "Library", "Application Support", "holdfast", "state");
  // The XDG specification says to ignore a relative path.
  const xdg = env["XDG_STATE_HOME"];
  return join(xdg && isAbsolute(xdg) ? xdg : join(homedir(), ".local", "state"), "holdfast");
}

/**
 * The directory that systemd makes for a user. Hosts give their servers few variables: a shim without `XDG_RUNTIME_DIR` must come to
 * the daemon that a terminal with it sees.
 */
function ofSystemd(root: string): string | undefined {
  const path = join(root, String(process.getuid?.()));
  const found = statSync(path, { throwIfNoEntry: false });
  return found?.isDirectory() && found.uid === process.getuid?.() ? path : undefined;
}

/** Where the sockets of running daemons lie. */
export function runDirectory(
  platform: NodeJS.Platform = process.platform,
  env: Environment = process.env,
  usersRoot = "/run/user",
): string {
  const xdg = env["XDG_RUNTIME_DIR"] || (platform === "linux" ? ofSystemd(usersRoot) : undefined);
  return platform !== "win32" && xdg && isAbsolute(xdg)
    ? join(xdg, "holdfast")
    : join(stateDirectory(platform, env), "run");
}

/** @throws Error where the path of the socket would be too long for the system */
export function placeOf(key: string, run: string = runDirectory(), state: string = stateDirectory()): Place {
  const socket = process.platform === "win32" ? pipePath(key) : join(run, `${key}.sock`);
  if (process.platform !== "win32" && Buffer.byteLength(socket) > MAX_SOCKET_PATH)
    throw new Error(
      `${socket} is too long for a socket (${MAX_SOCKET_PATH} bytes); set XDG_RUNTIME_DIR to a shorter directory of yours`,
    );
  return {
    key,
    socket,
    manifest: join(run, `${key}.json`),
    lock: join(run, key),
    log: join(state, "logs", `${key}.log`),
  };
}

/** Pipes of all users have their names in one place. */
const pipePath = (key: string) =>
  `\\\\.\\pipe\\holdfast-${createHash("sha256").update(userInfo().username).digest("hex").slice(0, 8)}-${key}`;

/**
 * Makes a directory that nobody else may look into, or takes the one that is there.
 * @throws Error where somebody else owns it or may use it, or where it is a link, which may lead anywhere
 */
export async function privateDirectory(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 });
  const found = await lstat(path);
  const why = found.isDirectory()
    ? openToOthers(path, found)?.replace(/chmod 600 .*$/s, `chmod 700 ${quoted(path)}`)
    : "it is no directory, or a link to one; remove it";
  if (why) throw new Error(`${path} is not used for sockets: ${why}`);
}
