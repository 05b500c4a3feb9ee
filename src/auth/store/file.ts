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
import { cannotBe, checkDirectory, defaultDirectory, nameFor } from "./directory.js";
import { lockedUpdate, newestFirst } from "./locked-update.js";
import type { CredentialStore, StoredCredential } from "./store.js";
import { withStoreLock } from "./store-lock.js";

/** The options of `fileStore()`. */
export interface FileStoreOptions {
  /**
   * The directory of the files, one file for each server. The first update makes it, with mode 0700. Default:
   * `holdfast/credentials` in `$XDG_DATA_HOME` or `~/.local/share`, on macOS in `~/Library/Application Support`, on Windows in
   * `%LOCALAPPDATA%`.
   */
  directory?: string;
  /** Called for a file that cannot be used. The message names the file and quotes nothing of it. Default: nobody is told. */
  onWarning?: (message: string) => void;
}

/** The store that `fileStore()` makes. */
export interface FileStore extends CredentialStore {
  /** The credentials of all servers, newest first. Waits for no lock, as `list` does. */
  all(): Promise<StoredCredential[]>;
}

/**
 * A store in files that only their user may read (0600). All programs that name the same directory share it. A reader sees the
 * old file or the new one, even if a writer is killed. A file that cannot be used counts as empty, and the next update moves it
 * to `<file>.broken-<epoch ms>`. `list` and `all` wait for no lock.
 *
 * `list`, `all`, `update` and `save` reject with `CONFIG_INVALID` and `path: "store"` where the directory cannot be read or
 * written, where others could change it or read a file of it, where a file is a link, or where another program took the lock
 * over because this one stood still for more than 15 s.
 */
export function fileStore(options: FileStoreOptions = {}): FileStore {
  const directory = resolve(options.directory ?? defaultDirectory());
  const warn = (message: string) => {
    try {
      options.onWarning?.(message);
    } catch {
      // A listener that throws must not cost the credentials.
    }
  };
  /** The broken files that were reported already: `list` and `all` are called often, and should report each once. */
  const reported = new Set<string>();

  const read = async (name: string) => {
    const path = join(directory, name);
    const { credentials, broken } = await inStore("read", directory, () => readCredentialFile(path));
    if (broken === undefined) reported.delete(path);
    else if (!reported.has(path)) {
      reported.add(path);
      // Not renamed from here, without the lock: an update may replace the file between our reading and our renaming.
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
      return withStoreLock(
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

/** Reads the file under its lock, after removing leftover temporary files and moving a broken file away. */
async function prepare(path: string, warn: (message: string) => void): Promise<CredentialFile> {
  await sweepTemporaries(path);
  const file = await readCredentialFile(path);
  if (file.broken !== undefined)
    warn(`${path} counts as empty: ${file.broken}; it was moved to ${await setAside(path)}`);
  return file;
}

const fileName = (server: string) => `${nameFor(server)}.json`;

/** The names of the credential files in the directory, which may hold other files, too. A missing directory has none. */
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
    await checkDirectory(directory);
    return await action();
  } catch (cause) {
    throw isHoldfastError(cause) ? cause : cannotBe(what, directory, cause);
  }
}
