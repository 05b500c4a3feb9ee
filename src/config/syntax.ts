import type { ParseError } from "jsonc-parser";
import type * as Toml from "smol-toml";
import type * as Yaml from "yaml";
import { HoldfastError } from "../base/errors.js";
import { loadNow } from "../base/load-now.js";
import { invalidConfig } from "./invalid.js";

/**
 * Parses the text of a config file, whatever its ending: JSON, also with comments, TOML (Codex), or YAML (Goose, Continue). A parser is
 * loaded only for what needs one.
 * @throws HoldfastError `CONFIG_INVALID`, which names line and column and quotes nothing
 */
export function fromText(text: string, path: string): unknown {
  const syntax = syntaxOf(text, path);
  if (syntax === "YAML") return fromYaml(text, path);
  if (syntax === "TOML") return fromToml(text, path);
  if (text.trim() === "") throw invalidConfig([{ path: "", message: "is empty, expected JSON" }], path);
  try {
    return JSON.parse(text);
  } catch {
    return fromJsonc(text, path);
  }
}

const ENDINGS: [RegExp, "JSON" | "TOML" | "YAML"][] = [
  [/\.ya?ml$/i, "YAML"],
  [/\.toml$/i, "TOML"],
  [/\.jsonc?$/i, "JSON"],
];

/** By its ending, else by how it begins. */
export function syntaxOf(text: string, path: string): "JSON" | "TOML" | "YAML" {
  const known = ENDINGS.find(([ending]) => ending.test(path));
  if (known) return known[1];
  if (/^\s*(?:\/[/*]|[{]|$)/.test(text)) return "JSON";
  return /^\[[^\]\n]+\]\s*$/m.test(text) ? "TOML" : "YAML";
}

function fromYaml(text: string, path: string): unknown {
  const { parse, YAMLParseError } = yamlParser("a config in YAML", path);
  try {
    return parse(text, { logLevel: "error" });
  } catch (cause) {
    // The library's message quotes the lines around the mistake, which may hold a secret.
    const at = cause instanceof YAMLParseError ? cause.linePos?.[0] : undefined;
    throw invalidConfig([{ path: "", message: `is not YAML (${position(at)})` }], path);
  }
}

function fromToml(text: string, path: string): unknown {
  const { parse, TomlError } = tomlParser("a config in TOML", path);
  try {
    return parse(text);
  } catch (cause) {
    // This library quotes, too.
    const at = cause instanceof TomlError ? { line: cause.line, col: cause.column } : undefined;
    throw invalidConfig([{ path: "", message: `is not TOML (${position(at)})` }], path);
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

export const yamlParser = (what: string, path: string) => parser<typeof Yaml>("yaml", what, path);

export const tomlParser = (what: string, path: string) => parser<typeof Toml>("smol-toml", what, path);

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
