// As a whole: a program that is one ESM file of esbuild has a `createRequire` of its own at its top.
import * as modules from "node:module";

/**
 * Loads a package with its first use, where nobody can wait for it. A bundler does not see that, so a program that is one file
 * finds only what is installed beside it.
 * @throws Error where the package is not there
 */
export function loadNow<T>(name: string): T {
  // esbuild's CommonJS form has no address of the module, but its path.
  return modules.createRequire(import.meta.url ?? __filename)(name) as T;
}
