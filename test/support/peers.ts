import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { describe, it } from "vitest";

/** What may be missing on a machine; `HOLDFAST_REQUIRE` (names with commas between) says what must not be. */
const required = (process.env["HOLDFAST_REQUIRE"] ?? "").split(",");

function isInstalled(command: string): boolean {
  const path = (process.env["PATH"] ?? "").split(delimiter);
  // npm has a `fastmcp` too, which is not the one that is meant.
  return path.some((directory) => {
    if (command === "fastmcp" && directory.includes("node_modules")) return false;
    try {
      accessSync(join(directory, command), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** A `describe` that needs these commands: skipped with the reason where one is missing, failed where it is required. */
export function describeWith(commands: readonly string[], name: string, body: () => void): void {
  const missing = commands.filter((command) => !isInstalled(command));
  if (missing.length === 0) {
    describe(name, body);
    return;
  }
  const reason = `${missing.join(" and ")} not installed`;
  if (missing.some((command) => required.includes(command))) {
    it(name, () => {
      throw new Error(`${reason}, and HOLDFAST_REQUIRE names it`);
    });
  } else describe.skip(`${name} (${reason})`, body);
}
