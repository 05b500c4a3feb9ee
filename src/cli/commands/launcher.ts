import { realpathSync } from "node:fs";
import { delimiter, join, sep } from "node:path";
import { VERSION } from "../../internal.js";

/**
 * The command with which another program starts this holdfast: its name where that means this one, npx where that runs it, else
 * Node and the path of our file.
 */
export function launcher(file = process.argv[1] ?? ""): [string, ...string[]] {
  const main = realpathSync(file);
  if (main.split(sep).includes("_npx")) return ["npx", "-y", `holdfast@${VERSION}`];
  // On Windows the name is that of a script, which few hosts can start.
  if (process.platform !== "win32" && namedOnPath() === main) return ["holdfast"];
  return [process.execPath, main];
}

/** What the shell would run as `holdfast`. */
function namedOnPath(): string | undefined {
  for (const folder of (process.env["PATH"] ?? "").split(delimiter)) {
    try {
      return realpathSync(join(folder, "holdfast"));
    } catch {
      // It is in none, or in another one.
    }
  }
  return undefined;
}
