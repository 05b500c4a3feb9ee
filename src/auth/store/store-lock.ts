import { type Hold, withFileLock } from "../../base/file-lock/file-lock.js";

/**
 * Runs `work` under the lock of a path of the store.
 * @throws HoldfastError `CONFIG_INVALID` with `path: "store"` where the directory cannot be written
 * @throws the signal's reason where it fires before `work` begins
 */
export const withStoreLock = <T>(path: string, work: (hold: Hold) => Promise<T>, signal?: AbortSignal) =>
  withFileLock(path, work, { called: "the credential store", option: "store", signal });
