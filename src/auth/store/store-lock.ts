import { dirname } from "node:path";
import { type Hold, withFileLock } from "../../base/file-lock/file-lock.js";
import { cannotBe, checkDirectory } from "./directory.js";

/**
 * Runs `work` under the lock of a path of the store.
 * @throws HoldfastError `CONFIG_INVALID` with `path: "store"` where the directory cannot be written, or others could change it
 * @throws the signal's reason where it fires before `work` begins
 */
export function withStoreLock<T>(
  path: string,
  work: (hold: Hold) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  const directory = dirname(path);
  const checked = async (hold: Hold) => {
    await checkDirectory(directory).catch((cause: unknown) => {
      throw cannotBe("written", directory, cause);
    });
    return await work(hold);
  };
  return withFileLock(path, checked, { called: "the credential store", option: "store", signal });
}
