import { randomBytes } from "node:crypto";
import { link, mkdir, open, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { codeOf } from "../../base/errors.js";
import { checkDirectory } from "./directory.js";
import { readPrivate, replacePrivate, TEMPORARY } from "./private-file.js";

const BYTES = 32;
const newKey = () => randomBytes(BYTES).toString("base64url");

/**
 * The key in a file that only its user may read; it is made where there is none. `renew`: in any case, and what was signed
 * with the old one is worth nothing.
 * @throws what the system says, and for a file or directory that others could read or change, a link, or a file without a key
 */
export async function keyIn(path: string, { renew = false } = {}): Promise<string> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await checkDirectory(dirname(path));
  if (renew) await replacePrivate(path, newKey());
  const key = (await readOrMake(path)).trim();
  if (!/^[\w-]{43,}$/.test(key)) throw new Error(`${path} holds no key; remove it, and another one is made`);
  return key;
}

async function readOrMake(path: string): Promise<string> {
  try {
    return await readPrivate(path);
  } catch (error) {
    if (codeOf(error) !== "ENOENT") throw error;
    await make(path);
    return readPrivate(path);
  }
}

async function make(path: string): Promise<void> {
  const temporary = `${path}${TEMPORARY}${randomBytes(8).toString("hex")}`;
  try {
    const file = await open(temporary, "wx", 0o600);
    try {
      await file.writeFile(newKey());
      await file.sync();
    } finally {
      await file.close();
    }
    // Race: another program makes one, too. The first one counts, and nobody reads half of it.
    await link(temporary, path).catch((error: unknown) => {
      if (codeOf(error) !== "EEXIST") throw error;
    });
  } finally {
    await rm(temporary, { force: true });
  }
}
