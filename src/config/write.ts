import { randomUUID } from "node:crypto";
import { existsSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { applyEdits, modify } from "jsonc-parser";
import { HoldfastError, messageOf } from "../base/errors.js";
import { findServers, isObject } from "./dialects.js";
import { fromText, readText } from "./load.js";
import { isParsed, type McpConfig, parseConfig, sourceOf } from "./parse.js";

/**
 * Writes a config to a file atomically. A parsed config keeps its unknown fields, and its variables are written unreplaced.
 * @throws HoldfastError `CONFIG_INVALID` where the config is wrong, or the path cannot be written
 */
export function writeConfig(path: string, config: McpConfig | Record<string, unknown>): void {
  const source = isParsed(config) ? sourceOf(config) : config;
  if (!isParsed(config)) parseConfig(config, FORM);
  replaceFile(path, `${JSON.stringify(source, null, 2)}\n`);
}

/**
 * Adds, replaces or (with `undefined`) removes one server in a config file, atomically. Everything else in the file stays as it
 * is, comments and variables too. A missing file is made.
 * @throws HoldfastError `CONFIG_INVALID` where the file or the server is wrong; the file is not touched then
 */
export function updateConfigFile(
  path: string,
  name: string,
  server: Record<string, unknown> | undefined,
): void {
  if (/\.ya?ml$/.test(path))
    throw new HoldfastError("CONFIG_INVALID", `${path} is YAML, which only its own program may write`, {
      path: "",
    });
  const text = existsSync(path) ? readText(path) : '{\n  "mcpServers": {}\n}\n';
  const config = fromText(text, path);
  const found = isObject(config) ? findServers(config) : "expected an object";
  if (typeof found === "string" && !isEmptyConfig(config))
    throw new HoldfastError("CONFIG_INVALID", `${path} is not valid: ${found}`, { path: "" });
  if (server !== undefined) parseConfig({ mcpServers: { [name]: server } }, { ...FORM, from: name });
  const at = typeof found === "string" ? ["mcpServers"] : found.place;
  const edits = modify(text, [...at, name], server, {
    formattingOptions: { insertSpaces: true, tabSize: 2 },
  });
  replaceFile(path, applyEdits(text, edits));
}

/** Options for checking the form only: a variable that is not set here may be set where the file is used. */
const FORM = {
  variables: new Proxy({}, { get: () => "x", has: () => true }),
  inputs: () => "x",
  unexpanded: true,
};

const isEmptyConfig = (config: unknown) => isObject(config) && Object.keys(config).length === 0;

/** Replaces a file atomically: a reader sees the old one or the new one. */
function replaceFile(path: string, text: string): void {
  try {
    // Where the path is a link, the file that it points to is replaced.
    const target = existsSync(path) ? realpathSync(path) : path;
    const mode = existsSync(target) ? statSync(target).mode & 0o777 : 0o600;
    const temporary = join(dirname(target), `.holdfast-${randomUUID()}.tmp`);
    try {
      writeFileSync(temporary, text, { mode, flush: true });
      renameSync(temporary, target);
    } finally {
      rmSync(temporary, { force: true });
    }
  } catch (cause) {
    throw new HoldfastError("CONFIG_INVALID", `${path} cannot be written: ${messageOf(cause)}`, {
      path: "",
      cause,
    });
  }
}
