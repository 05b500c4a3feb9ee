import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { open, rename, rm } from "node:fs/promises";
import { codeOf } from "../../base/errors.js";
import { openToOthers } from "../../base/ownership.js";

/** A link may lead to a file of somebody else's choice. */
const FLAGS = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

/**
 * Reads a file that only its user may read.
 * @throws what the system says, and for a file that others could read or write, or a link
 */
export async function readPrivate(path: string): Promise<string> {
  const file = await open(path, FLAGS).catch((error: unknown) => {
    if (codeOf(error) !== "ELOOP") throw error;
    throw new Error(`${path} is a link; put the file itself there, or remove it`, { cause: error });
  });
  try {
    const stat = await file.stat();
    const why = stat.isFile() ? openToOthers(path, stat) : "it is no file";
    if (why) throw new Error(`${path} is not used: ${why}`);
    return await file.readFile("utf8");
  } finally {
    await file.close();
  }
}

/** Stands between the name of a file and what makes the name of its temporary file unique. */
export const TEMPORARY = ".tmp-";

/**
 * Replaces a file at once by one with mode 0600: a reader sees the old one or the new one. `mayReplace` runs just before the
 * old file is touched, and keeps it by rejecting.
 */
export async function replacePrivate(
  path: string,
  text: string,
  mayReplace: () => Promise<void> = async () => {},
): Promise<void> {
  const temporary = `${path}${TEMPORARY}${randomBytes(8).toString("hex")}`;
  try {
    const file = await open(temporary, "wx", 0o600);
    try {
      await file.writeFile(text);
      // Without this, a crash of the machine may leave an empty file under the new name.
      await file.sync();
    } finally {
      await file.close();
    }
    await mayReplace();
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    throw error;
  }
}
