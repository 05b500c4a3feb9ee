import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";
import { HoldfastError, messageOf } from "../errors.js";

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

/** `what` is "read" or "written". */
export function cannotBe(what: string, directory: string, cause: unknown): HoldfastError<"CONFIG_INVALID"> {
  return new HoldfastError(
    "CONFIG_INVALID",
    `the credential store ${directory} cannot be ${what}: ${messageOf(cause)}`,
    { path: "store", cause },
  );
}
