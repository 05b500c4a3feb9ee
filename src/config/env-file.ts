import { readFileSync, statSync } from "node:fs";
import { parseEnv } from "node:util";
import { codeOf } from "../base/errors.js";
import { decodeText } from "./text.js";

/**
 * The variables of a file of `NAME=value` lines, or of several; a later one wins. `problem` is called for each that cannot be read,
 * and shows nothing of it.
 */
export function readEnvFiles(
  paths: readonly string[],
  problem: (index: number, why: string) => void,
): Record<string, string> {
  const variables: Record<string, string> = {};
  for (const [index, path] of paths.entries()) {
    try {
      // A pipe that nobody writes to would hold the program up.
      if (!statSync(path).isFile()) problem(index, "is not a file");
      else Object.assign(variables, parseEnv(decodeText(readFileSync(path))));
    } catch (error) {
      problem(index, `cannot be read (${codeOf(error) ?? "it is neither UTF-8 nor UTF-16"})`);
    }
  }
  return variables;
}
