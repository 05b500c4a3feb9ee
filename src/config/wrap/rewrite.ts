import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { HoldfastError, messageOf } from "../../base/errors.js";
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
  const kept = `${file}.holdfast-backup`;
  const work = async ({ check }: Hold) => {
    await check();
    // Race: the program whose file this is writes it between our reading and our replacing it.
    const stamp = stampOf(file);
    const isSame = stamp !== undefined && readFileSync(file).equals(bytes);
    if (isSame) keep(kept, bytes);
    if (isSame && replaceFile(file, encodeAs(bytes, text), () => stampOf(file) === stamp)) return;
    const message = `${path} was changed meanwhile, and is left alone; repeat the command`;
    throw new HoldfastError("CONFIG_INVALID", message, { path: "" });
  };
  await keepAliveWhile(withFileLock(file, work, { called: "the folder", option: "" }));
  return kept;
}

function keep(path: string, bytes: Uint8Array): void {
  try {
    rmSync(path, { force: true });
    writeFileSync(path, bytes, { flag: "wx", mode: 0o600 });
  } catch (cause) {
    throw cannotBeWritten(path, cause);
  }
}
