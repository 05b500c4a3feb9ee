import { fromText, syntaxOf } from "../syntax.js";
import { jsonSpans } from "./json-spans.js";
import type { Span } from "./spans.js";
import { tomlSpans } from "./toml-spans.js";
import { yamlSpans } from "./yaml-spans.js";

/**
 * The content of a config file, and where each value of it stands.
 * @throws HoldfastError `CONFIG_INVALID` where it cannot be parsed
 */
export function spansOf(text: string, path: string): { config: unknown; root: Span } {
  const config = fromText(text, path);
  const syntax = syntaxOf(text, path);
  const spans = { JSON: jsonSpans, TOML: tomlSpans, YAML: yamlSpans }[syntax];
  return { config, root: spans(text, path) };
}
