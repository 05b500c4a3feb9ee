import { createHash } from "node:crypto";
import { dirname, join, resolve } from "node:path";
import { isHoldfastError } from "../errors.js";
import {
  type CredentialFile,
  readCredentialFile,
  setAside,
  sweepTemporaries,
  writeCredentialFile,
} from "./credential-file.js";
import { withFileLock } from "./file-lock.js";
import type { CredentialStore, StoredCredential } from "./store.js";
import { cannotBe, defaultDirectory } from "./store-directory.js";
import { runTurn } from "./store-turn.js";

export interface FileStoreOptions {
  /**
   * Where the files are, one for each server; made with mode 0700 by the first update. Default: `holdfast/credentials`
   * in `$XDG_DATA_HOME` or `~/.local/share`, on macOS in `~/Library/Application Support`, on Windows in `%LOCALAPPDATA%`.
   */
  directory?: string;
  /** Hears of a file that cannot be used. The message names the file, and nothing that is in it. */
  onWarning?: (message: string) => void;
}

/**
 * A store in files that only their user may read (0600), shared by all programs that name the same directory. A reader
 * sees the old file or the new one, whenever a writer is killed. A file that cannot be used counts as empty; the next
 * update moves it to `<file>.broken-<epoch ms>`. `list` waits for nobody.
 * @throws HoldfastError `CONFIG_INVALID` with `path: "store"`, by `list`, `update` and `save`: the directory cannot be
 *   read or written, or another program took the lock over because this one stood still for more than 15 s
 */
export function fileStore(options: FileStoreOptions = {}): CredentialStore {
  const directory = resolve(options.directory ?? defaultDirectory());
  const warn = (message: string) => {
    try {
      options.onWarning?.(message);
    } catch {
      // Who listens badly still gets the credentials.
    }
  };
  /** Which broken files `list` has told of; it is called often. */
  const told = new Set<string>();

  return {
    async list(server) {
      const path = join(directory, fileName(server));
      const { credentials, broken } = await inStore("read", path, () => readCredentialFile(path));
      if (broken === undefined) told.delete(path);
      else if (!told.has(path)) {
        told.add(path);
        // Not set aside from here: race with an update that replaces it between our reading and our renaming.
        warn(`${path} counts as empty: ${broken}`);
      }
      return credentials;
    },
    update(server, work, signal) {
      const path = join(directory, fileName(server));
      return withFileLock(
        path,
        async (hold) => {
          const file = await inStore("written", path, () => prepare(path, warn));
          const write = (credentials: StoredCredential[]) =>
            inStore("written", path, () =>
              writeCredentialFile(path, { ...file, credentials }, () => hold.check()),
            );
          return await runTurn(file.credentials, write, work);
        },
        signal,
      );
    },
  };
}

/** Reads the file under its lock, with nothing broken beside or in it any more. */
async function prepare(path: string, warn: (message: string) => void): Promise<CredentialFile> {
  await sweepTemporaries(path);
  const file = await readCredentialFile(path);
  if (file.broken !== undefined)
    warn(`${path} counts as empty: ${file.broken}; it was moved to ${await setAside(path)}`);
  return file;
}

/** A name that says which server, and that no other server has. */
function fileName(server: string): string {
  const host = URL.canParse(server) ? new URL(server).host : "";
  // A port's colon and an IPv6 address are no file names on Windows; a name has 255 bytes, and locks are longer.
  const readable = host.replace(/[^a-z0-9.-]/gi, "_").slice(0, 100) || "server";
  return `${readable}-${createHash("sha256").update(server).digest("hex").slice(0, 16)}.json`;
}

async function inStore<T>(what: "read" | "written", path: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (cause) {
    throw isHoldfastError(cause) ? cause : cannotBe(what, dirname(path), cause);
  }
}
