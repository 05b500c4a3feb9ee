import { existsSync } from "node:fs";
import { dirname } from "node:path";
import { HoldfastError } from "../base/errors.js";
import { type Hold, withFileLock } from "../base/file-lock/file-lock.js";
import { keepAliveWhile } from "../base/keep-alive.js";
import { findServers, isObject } from "./dialects.js";
import { readText } from "./load.js";
import { isParsed, type McpConfig, parseConfig, sourceOf } from "./parse.js";
import { behindLinks, cannotBeWritten, replaceFile, stampOf } from "./replace-file.js";
import { fromText, jsoncParser } from "./syntax.js";

/**
 * Writes a config to a file atomically. A parsed config keeps its unknown fields, and its variables are written unreplaced. Mode
 * and owner of a file that is replaced stay, and links to it; a new one has mode 0600.
 * @throws HoldfastError `CONFIG_INVALID` where the config is wrong, or the path cannot be written
 */
export function writeConfig(path: string, config: McpConfig | Record<string, unknown>): void {
  const source = isParsed(config) ? sourceOf(config) : config;
  if (!isParsed(config)) parseConfig(config, FORM);
  replaceFile(path, `${JSON.stringify(source, null, 2)}\n`);
}

/**
 * Adds, replaces or (with `undefined`) removes one server in a config file, atomically. Everything else in the file stays as it
 * is, comments and variables too, and so do its mode, its owner, and links to it. A missing file is made. Programs that do this
 * at once wait for each other.
 * @throws HoldfastError `CONFIG_INVALID` where the file or the server is wrong; the file is not touched then
 */
export async function updateConfigFile(
  path: string,
  name: string,
  server: Record<string, unknown> | undefined,
): Promise<void> {
  const [, other] = /\.(ya?ml|toml)$/i.exec(path) ?? [];
  if (other !== undefined)
    throw new HoldfastError(
      "CONFIG_INVALID",
      `${path} is ${/^t/i.test(other) ? "TOML" : "YAML"}, which only its own program may write`,
      {
        path: "",
      },
    );
  if (server !== undefined) parseConfig({ mcpServers: { [name]: server } }, { ...FORM, from: name });
  const file = behindLinks(path);
  const folder = dirname(file);
  if (!existsSync(folder)) throw cannotBeWritten(path, new Error(`there is no folder ${folder}`));
  const work = async ({ check }: Hold) => {
    await check();
    // Race: a program that knows nothing of the lock writes the file between our reading and our replacing it.
    for (let written = false; !written; ) {
      const stamp = stampOf(file);
      const text = withServer(path, existsSync(file) ? readText(file) : EMPTY, name, server);
      written = replaceFile(file, text, () => stampOf(file) === stamp);
    }
  };
  // The wait for a lock does not keep the program alive by itself.
  await keepAliveWhile(withFileLock(file, work, { called: "the folder", option: "" }));
}

const EMPTY = '{\n  "mcpServers": {}\n}\n';

/** The text of a config with one server changed. */
function withServer(path: string, text: string, name: string, server: unknown): string {
  const config = fromText(text, path);
  const found = findServers(config);
  if (typeof found !== "string" && found.listed)
    throw new HoldfastError("CONFIG_INVALID", `${path} lists its servers, expected an object of them`, {
      path: found.at,
    });
  if (typeof found === "string" && !isEmptyConfig(config))
    throw new HoldfastError("CONFIG_INVALID", `${path} is not valid: ${found}`, { path: "" });
  const at = typeof found === "string" ? ["mcpServers"] : found.place;
  const { applyEdits, modify } = jsoncParser("a change of a config", path);
  const edits = modify(text, [...at, name], server, {
    formattingOptions: { insertSpaces: true, tabSize: 2 },
  });
  return applyEdits(text, edits);
}

/** Options for checking the form only: a variable that is not set here may be set where the file is used. */
export const FORM = {
  variables: new Proxy({}, { get: () => "x", has: () => true }),
  inputs: () => "x",
  unexpanded: true,
  strict: true,
};

const isEmptyConfig = (config: unknown) => isObject(config) && Object.keys(config).length === 0;
