import { createHash } from "node:crypto";
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";
import { HoldfastError, messageOf } from "../../base/errors.js";

/** Where credentials are kept when nobody says where: `holdfast/credentials` below the user's data of this system. */
export function defaultDirectory(
  platform: NodeJS.Platform = process.platform,
  env: NodeJS.ProcessEnv = process.env,
): string {
  return join(userData(platform, env), "holdfast", "credentials");
}

function userData(platform: NodeJS.Platform, env: NodeJS.ProcessEnv): string {
  if (platform === "win32") return env["LOCALAPPDATA"] || join(homedir(), "AppData", "Local");
  if (platform === "darwin") return join(homedir(), "Library", "Application Support");
  // The XDG specification wants a relative path to be ignored.
  const xdg = env["XDG_DATA_HOME"];
  return xdg && isAbsolute(xdg) ? xdg : join(homedir(), ".local", "share");
}

/** The start of a file's name that says which server, and that no other server has. */
export function nameFor(server: string): string {
  const host = URL.canParse(server) ? new URL(server).host : "";
  // A port's colon and an IPv6 address are no file names on Windows; a name has 255 bytes, and locks are longer.
  const readable = host.replace(/[^a-z0-9.-]/gi, "_").slice(0, 100) || "server";
  return `${readable}-${createHash("sha256").update(server).digest("hex").slice(0, 16)}`;
}

/** `what` is "read" or "written". */
export function cannotBe(what: string, directory: string, cause: unknown): HoldfastError<"CONFIG_INVALID"> {
  return new HoldfastError(
    "CONFIG_INVALID",
    `the credential store ${directory} cannot be ${what}: ${messageOf(cause)}`,
    { path: "store", cause },
  );
}
