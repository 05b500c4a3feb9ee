import { readdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { codeOf, isHoldfastError } from "../../base/errors.js";
import {
  type CredentialFile,
  readCredentialFile,
  setAside,
  sweepTemporaries,
  writeCredentialFile,
} from "./credential-file.js";
import { cannotBe, defaultDirectory, nameFor } from "./directory.js";
import { withFileLock } from "./file-lock.js";
import { lockedUpdate, newestFirst } from "./locked-update.js";
import type { CredentialStore, StoredCredential } from "./store.js";

export interface FileStoreOptions {
  /**
   * Where the files are, one for each server; made with mode 0700 by the first update. Default: `holdfast/credentials`
   * in `$XDG_DATA_HOME` or `~/.local/share`, on macOS in `~/Library/Application Support`, on Windows in `%LOCALAPPDATA%`.
   */
  directory?: string;
  /** Hears of a file that cannot be used. The message names the file, and nothing that is in it. */
  onWarning?: (message: string) => void;
}

/** What `fileStore()` gives. */
export interface FileStore extends CredentialStore {
  /** The credentials of every server, the newest first: for listing them. Waits for nobody, as `list`. */
  all(): Promise<StoredCredential[]>;
}

/**
 * A store in files that only their user may read (0600), shared by all programs that name the same directory. A reader
 * sees the old file or the new one, whenever a writer is killed. A file that cannot be used counts as empty; the next
 * update moves it to `<file>.broken-<epoch ms>`. `list` waits for nobody.
 * @throws HoldfastError `CONFIG_INVALID` with `path: "store"`, by `list`, `all`, `update` and `save`: the directory cannot
 *   be read or written, or another program took the lock over because this one stood still for more than 15 s
 */
export function fileStore(options: FileStoreOptions = {}): FileStore {
  const directory = resolve(options.directory ?? defaultDirectory());
  const warn = (message: string) => {
    try {
      options.onWarning?.(message);
    } catch {
      // Who listens badly still gets the credentials.
    }
  };
  /** Which broken files `list` and `all` have reported of; they are called often. */
  const reported = new Set<string>();

  const read = async (name: string) => {
    const path = join(directory, name);
    const { credentials, broken } = await inStore("read", directory, () => readCredentialFile(path));
    if (broken === undefined) reported.delete(path);
    else if (!reported.has(path)) {
      reported.add(path);
      // Not set aside from here: race with an update that replaces it between our reading and our renaming.
      warn(`${path} counts as empty: ${broken}`);
    }
    return credentials;
  };

  return {
    async list(server) {
      return read(fileName(server));
    },
    async all() {
      const names = await inStore("read", directory, () => fileNames(directory));
      return newestFirst((await Promise.all(names.map(read))).flat());
    },
    update(server, work, signal) {
      const path = join(directory, fileName(server));
      return withFileLock(
        path,
        async (hold) => {
          const file = await inStore("written", directory, () => prepare(path, warn));
          const write = (credentials: StoredCredential[]) =>
            inStore("written", directory, () =>
              writeCredentialFile(path, { ...file, credentials }, () => hold.check()),
            );
          return await lockedUpdate(file.credentials, write, work);
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

const fileName = (server: string) => `${nameFor(server)}.json`;

/** The names of all servers' files, and of nothing else that is there; a missing directory has none. */
async function fileNames(directory: string): Promise<string[]> {
  try {
    return (await readdir(directory)).filter((name) => /-[0-9a-f]{16}\.json$/.test(name)).sort();
  } catch (error) {
    if (codeOf(error) === "ENOENT") return [];
    throw error;
  }
}

async function inStore<T>(what: "read" | "written", directory: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (cause) {
    throw isHoldfastError(cause) ? cause : cannotBe(what, directory, cause);
  }
}
