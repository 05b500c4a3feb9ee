import { readFileSync } from "node:fs";
import { type ParseError, parse as parseJsonc, printParseErrorCode } from "jsonc-parser";
import { parse as parseYaml, YAMLParseError } from "yaml";
import { HoldfastError, messageOf } from "../base/errors.js";
import { inputsIn } from "./expand.js";
import { invalidConfig, type McpConfig, type ParseOptions, parseConfig } from "./parse.js";

export interface LoadOptions extends Omit<ParseOptions, "inputs"> {
  /** Answers VS Code's `${input:ID}`; may ask a person. */
  inputs?: (id: string) => string | undefined | Promise<string | undefined>;
}

/**
 * Reads a config file: JSON, with comments and trailing commas if it likes.
 * @throws HoldfastError `CONFIG_INVALID`: it cannot be read, is not JSON (with line and column), or is wrong
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

/** The same at once, where nobody has to be asked. */
export function readConfig(path: string | URL, options: ParseOptions = {}): McpConfig {
  return parseConfig(fromText(readText(path), String(path)), { from: String(path), ...options });
}

export function readText(path: string | URL): string {
  try {
    // Some editors begin a file with a byte order mark.
    return readFileSync(path, "utf8").replace(/^\uFEFF/, "");
  } catch (cause) {
    throw new HoldfastError("CONFIG_INVALID", `${path} cannot be read: ${messageOf(cause)}`, {
      path: "",
      cause,
    });
  }
}

/** The value of a config's text; Goose writes YAML. */
export function fromText(text: string, path: string): unknown {
  if (/\.ya?ml$/.test(path)) {
    try {
      return parseYaml(text);
    } catch (cause) {
      // The library quotes the lines around the mistake, which may hold a secret.
      const at = cause instanceof YAMLParseError ? cause.linePos?.[0] : undefined;
      throw invalidConfig([{ path: "", message: `is not YAML (${position(at)})` }], path);
    }
  }
  const errors: ParseError[] = [];
  const value = parseJsonc(text, errors, { allowTrailingComma: true });
  const [first] = errors;
  if (!first) return value;
  const before = text.slice(0, first.offset).split("\n");
  const at = position({ line: before.length, col: before.at(-1)!.length + 1 });
  throw invalidConfig(
    [{ path: "", message: `is not JSON: ${printParseErrorCode(first.error)} (${at})` }],
    path,
  );
}

const position = (at: { line: number; col: number } | undefined) =>
  at ? `line ${at.line}, column ${at.col}` : "somewhere";
