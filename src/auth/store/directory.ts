import { createHash } from "node:crypto";
import { stat } from "node:fs/promises";
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";
import { codeOf, HoldfastError, messageOf } from "../../base/errors.js";
import { writableByOthers } from "../../base/ownership.js";

/** The default directory of credentials: `holdfast/credentials` in the system's directory of user data. */
export function defaultDirectory(
  platform: NodeJS.Platform = process.platform,
  env: NodeJS.ProcessEnv = process.env,
): string {
  return join(userData(platform, env), "holdfast", "credentials");
}

function userData(platform: NodeJS.Platform, env: NodeJS.ProcessEnv): string {
  if (platform === "win32") return env["LOCALAPPDATA"] || join(homedir(), "AppData", "Local");
  if (platform === "darwin") return join(homedir(), "Library", "Application Support");
  // The XDG specification says to ignore a relative path.
  const xdg = env["XDG_DATA_HOME"];
  return xdg && isAbsolute(xdg) ? xdg : join(homedir(), ".local", "share");
}

/** A file name, without its ending, that is readable and different for each server. */
export function nameFor(server: string): string {
  const host = URL.canParse(server) ? new URL(server).host : "";
  // Windows allows no colon in a file name. A name has at most 255 bytes, and a lock's name is longer than this one.
  const readable = host.replace(/[^a-z0-9.-]/gi, "_").slice(0, 100) || "server";
  return `${readable}-${createHash("sha256").update(server).digest("hex").slice(0, 16)}`;
}

/** @throws what others could change: what is in the directory would not be ours */
export async function checkDirectory(directory: string): Promise<void> {
  const found = await stat(directory).catch((error: unknown) => {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  });
  const why = found && writableByOthers(directory, found);
  if (why) throw new Error(why);
}

/** The error for a store that cannot be `what`: "read" or "written". */
export function cannotBe(what: string, directory: string, cause: unknown): HoldfastError<"CONFIG_INVALID"> {
  return new HoldfastError(
    "CONFIG_INVALID",
    `the credential store ${directory} cannot be ${what}: ${messageOf(cause)}`,
    { path: "store", cause },
  );
}
