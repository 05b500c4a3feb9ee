import { createRequire } from "node:module";

/**
 * Loads a package with its first use, where nobody can wait for it. A bundler does not see that, so a program that is one file
 * finds only what is installed beside it.
 * @throws Error where the package is not there
 */
export function loadNow<T>(name: string): T {
  return createRequire(import.meta.url)(name) as T;
}
