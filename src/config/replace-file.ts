import { randomUUID } from "node:crypto";
import {
  closeSync,
  fchmodSync,
  fchownSync,
  fstatSync,
  fsyncSync,
  lstatSync,
  openSync,
  readlinkSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import { codeOf, HoldfastError, messageOf } from "../base/errors.js";

const MAX_LINKS = 40;

/** What a path means in the end, also where that is not there yet: writing there leaves each link a link. */
export function behindLinks(path: string): string {
  let at = resolve(path);
  for (let i = 0; i < MAX_LINKS; i++) {
    if (!lstatSync(at, { throwIfNoEntry: false })?.isSymbolicLink()) return at;
    at = resolve(dirname(at), readlinkSync(at));
  }
  throw cannotBeWritten(path, new Error(`it leads through more than ${MAX_LINKS} links`));
}

/**
 * Replaces a file at once: a reader sees the old one or the new one. A new one has mode 0600, else mode and owner stay. False
 * where `isStill` says in the last moment that it must not be.
 * @throws HoldfastError `CONFIG_INVALID` where it cannot be written
 */
export function replaceFile(path: string, text: string | Uint8Array, isStill = () => true): boolean {
  try {
    const target = behindLinks(path);
    const temporary = join(dirname(target), `.holdfast-${randomUUID()}.tmp`);
    try {
      writeAs(temporary, text, statSync(target, { throwIfNoEntry: false }));
      if (!isStill()) return false;
      renameSync(temporary, target);
      return true;
    } finally {
      rmSync(temporary, { force: true });
    }
  } catch (cause) {
    throw cannotBeWritten(path, cause);
  }
}

function writeAs(path: string, text: string | Uint8Array, before: Stats | undefined): void {
  const file = openSync(path, "wx", 0o600);
  try {
    writeFileSync(file, text);
    if (before) keepAccess(file, before);
    // Without this, a crash of the machine may leave an empty file under the new name.
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function keepAccess(file: number, { uid, gid, mode }: Stats): void {
  const now = fstatSync(file);
  try {
    if (now.uid !== uid || now.gid !== gid) fchownSync(file, uid, gid);
  } catch (error) {
    if (codeOf(error) !== "EPERM") throw error;
    throw new Error("it has another owner or group, which this user could not give the new file", {
      cause: error,
    });
  }
  fchmodSync(file, mode & 0o7777);
}

/** What changes with each change of a file. Undefined: there is none. */
export function stampOf(path: string): string | undefined {
  const stat = statSync(path, { throwIfNoEntry: false, bigint: true });
  return stat && `${stat.ino} ${stat.mtimeNs} ${stat.size}`;
}

export const cannotBeWritten = (path: string, cause: unknown) =>
  new HoldfastError("CONFIG_INVALID", `${path} cannot be written: ${messageOf(cause)}`, { path: "", cause });
