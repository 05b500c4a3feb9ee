import { statSync } from "node:fs";
import { extname } from "node:path";
import { holdsServers } from "../config/load.js";
import { NODE_ENDINGS } from "../transports/node.js";
import { PYTHON_ENDINGS } from "../transports/python.js";
import { CONFIG_ENDINGS } from "./cannot-infer.js";

/** Whether a path means a config: by its ending, or because there are servers in the file. */
export function isConfigFile(path: string): boolean {
  const ending = extname(path).toLowerCase();
  if (CONFIG_ENDINGS.includes(ending)) return true;
  if ([...NODE_ENDINGS, ...PYTHON_ENDINGS].includes(ending)) return false;
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true && holdsServers(path);
}
