import { readFileSync } from "node:fs";
import type { ParseError } from "jsonc-parser";
import type * as Yaml from "yaml";
import { HoldfastError, messageOf } from "../base/errors.js";
import { loadNow } from "../base/load-now.js";
import { inputsIn } from "./expand.js";
import { invalidConfig, type McpConfig, type ParseOptions, parseConfig } from "./parse.js";

/** The options of `loadConfig`. */
export interface LoadOptions extends Omit<ParseOptions, "inputs"> {
  /** Answers VS Code's `${input:ID}`. May take its time, for example to ask a person. Default: no input has an answer. */
  inputs?: (id: string) => string | undefined | Promise<string | undefined>;
}

/**
 * Reads a config file in any dialect: JSON, which may have comments and trailing commas, or YAML.
 * @throws HoldfastError `CONFIG_INVALID` where it cannot be read or parsed (the message names line and column), or is wrong
 */
export async function loadConfig(path: string | URL, options: LoadOptions = {}): Promise<McpConfig> {
  const { inputs, ...rest } = options;
  const text = readText(path);
  const answers = new Map<string, string | undefined>();
  if (inputs) for (const id of inputsIn(text)) answers.set(id, await inputs(id));
  return parseConfig(fromText(text, String(path)), {
    from: String(path),
    ...rest,
    ...(inputs && { inputs: (id: string) => answers.get(id) }),
  });
}

/** Reads a config file synchronously. As `loadConfig`, but inputs must be answered at once. */
export function readConfig(path: string | URL, options: ParseOptions = {}): McpConfig {
  return parseConfig(fromText(readText(path), String(path)), { from: String(path), ...options });
}

export function readText(path: string | URL): string {
  try {
    // Some editors write a byte order mark at the beginning.
    return readFileSync(path, "utf8").replace(/^\uFEFF/, "");
  } catch (cause) {
    throw new HoldfastError("CONFIG_INVALID", `${path} cannot be read: ${messageOf(cause)}`, {
      path: "",
      cause,
    });
  }
}

/** Parses the text of a config file: YAML where `path` ends so (Goose), else JSON. A parser is loaded only for what needs one. */
export function fromText(text: string, path: string): unknown {
  if (/\.ya?ml$/.test(path)) return fromYaml(text, path);
  try {
    return JSON.parse(text);
  } catch {
    return fromJsonc(text, path);
  }
}

function fromYaml(text: string, path: string): unknown {
  const { parse, YAMLParseError } = parser<typeof Yaml>("yaml", "a config in YAML", path);
  try {
    return parse(text);
  } catch (cause) {
    // The library's message quotes the lines around the mistake, which may hold a secret.
    const at = cause instanceof YAMLParseError ? cause.linePos?.[0] : undefined;
    throw invalidConfig([{ path: "", message: `is not YAML (${position(at)})` }], path);
  }
}

/** JSON with comments and trailing commas; and where JSON is wrong, this says where. */
function fromJsonc(text: string, path: string): unknown {
  const { parse, printParseErrorCode } = jsoncParser("a config in JSON with comments", path);
  const errors: ParseError[] = [];
  const value = parse(text, errors, { allowTrailingComma: true });
  const [first] = errors;
  if (!first) return value;
  const before = text.slice(0, first.offset).split("\n");
  const at = position({ line: before.length, col: before.at(-1)!.length + 1 });
  throw invalidConfig(
    [{ path: "", message: `is not JSON: ${printParseErrorCode(first.error)} (${at})` }],
    path,
  );
}

/** Reads and edits JSON with comments. `what` needs it, as an error says where it is not there. */
export const jsoncParser = (what: string, path: string) =>
  parser<typeof import("jsonc-parser")>("jsonc-parser", what, path);

function parser<T>(name: string, what: string, path: string): T {
  try {
    return loadNow<T>(name);
  } catch (cause) {
    const message = `${path}: ${what} needs the package ${name} installed beside this bundle`;
    throw new HoldfastError("CONFIG_INVALID", message, { path: "", cause });
  }
}

const position = (at: { line: number; col: number } | undefined) =>
  at ? `line ${at.line}, column ${at.col}` : "somewhere";
