// As a whole: a program that is one ESM file of esbuild has a `createRequire` of its own at its top.
import * as modules from "node:module";
import { codeOf, HoldfastError, messageOf } from "./errors.js";

/**
 * Loads a package with its first use, where nobody can wait for it. A bundler does not see that, so a program that is one file
 * finds only what is installed beside it.
 * @throws Error where the package is not there
 */
export function loadNow<T>(name: string): T {
  // esbuild's CommonJS form has no address of the module, but its path.
  return modules.createRequire(import.meta.url ?? __filename)(name) as T;
}

/**
 * Loads an optional peer, for `user`, which cannot do without.
 * @throws HoldfastError `CONFIG_INVALID` where it is not installed
 */
export function loadPeer<T>(name: string, user: string): T {
  try {
    return loadNow<T>(name);
  } catch (cause) {
    const why =
      codeOf(cause) === "MODULE_NOT_FOUND" ? "which is not installed" : `which fails: ${messageOf(cause)}`;
    const message = `${user} needs the package ${name}, ${why}. Run: npm install ${name}`;
    throw new HoldfastError("CONFIG_INVALID", message, { path: name, cause });
  }
}
