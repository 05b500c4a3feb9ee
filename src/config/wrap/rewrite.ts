import { lstatSync, readFileSync, writeFileSync } from "node:fs";
import { codeOf, HoldfastError, messageOf } from "../../base/errors.js";
import { type Hold, withFileLock } from "../../base/file-lock/file-lock.js";
import { keepAliveWhile } from "../../base/keep-alive.js";
import type { Secrets } from "../../base/redact.js";
import { secretsOf } from "../config-secrets.js";
import { textOf } from "../load.js";
import { behindLinks, cannotBeWritten, replaceFile, stampOf } from "../replace-file.js";
import { fromText } from "../syntax.js";
import { encodeAs } from "../text.js";

/** A config file as it was read. */
export interface ReadFile {
  path: string;
  bytes: Uint8Array;
  text: string;
}

/** @throws HoldfastError `CONFIG_INVALID` where it cannot be read, or is no text */
export function readWhole(path: string): ReadFile {
  try {
    const bytes = readFileSync(path);
    return { path, bytes, text: textOf(bytes, path) };
  } catch (cause) {
    if (cause instanceof HoldfastError) throw cause;
    throw new HoldfastError("CONFIG_INVALID", `${path} cannot be read: ${messageOf(cause)}`, {
      path: "",
      cause,
    });
  }
}

/** What in a file must not be shown. */
export const configSecrets = ({ text, path }: ReadFile): Secrets => secretsOf(fromText(text, path));

/**
 * Gives a file another text, in its encoding and atomically; mode, owner and links stay. What it held before is kept beside it,
 * for its user alone. Returns the path of that.
 * @throws HoldfastError `CONFIG_INVALID` where it is not what it was when it was read, or cannot be written; it is not touched then
 */
export async function rewriteFile({ path, bytes }: ReadFile, text: string): Promise<string> {
  const file = behindLinks(path);
  const work = async ({ check }: Hold) => {
    await check();
    // Race: the program whose file this is writes it between our reading and our replacing it.
    const stamp = stampOf(file);
    const isSame = stamp !== undefined && readFileSync(file).equals(bytes);
    if (isSame) {
      const kept = keep(file, bytes);
      if (replaceFile(file, encodeAs(bytes, text), () => stampOf(file) === stamp)) return kept;
    }
    const message = `${path} was changed meanwhile, and is left alone; repeat the command`;
    throw new HoldfastError("CONFIG_INVALID", message, { path: "" });
  };
  return keepAliveWhile(withFileLock(file, work, { called: "the folder", option: "" }));
}

/** Under the first name that nothing has: what was kept before the first change is what a person wants back. Returns the path. */
function keep(file: string, bytes: Uint8Array): string {
  for (let n = 1; ; n++) {
    const path = `${file}.holdfast-backup${n === 1 ? "" : `-${n}`}`;
    try {
      writeFileSync(path, bytes, { flag: "wx", mode: 0o600 });
      return path;
    } catch (cause) {
      if (codeOf(cause) !== "EEXIST") throw cannotBeWritten(path, cause);
      if (lstatSync(path).isFile() && readFileSync(path).equals(bytes)) return path;
    }
  }
}
