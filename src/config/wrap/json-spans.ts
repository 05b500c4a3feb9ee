import type { Node } from "jsonc-parser";
import { jsoncParser } from "../syntax.js";
import type { Field, Span } from "./spans.js";

/** Where the values of a file of JSON stand, which may have comments. */
export function jsonSpans(text: string, path: string): Span {
  const { parseTree } = jsoncParser("a change of a config", path);
  const root = parseTree(text, [], { allowTrailingComma: true });
  return root ? spanOf(root, text) : { start: 0, end: 0, block: false, tied: false };
}

function spanOf(node: Node, text: string): Span {
  const { type, offset, length, children = [] } = node;
  const at = { start: offset, end: offset + length, block: false, tied: false };
  if (type === "object") return { ...at, fields: children.flatMap((child) => fieldOf(child, text)) };
  if (type !== "array") return { ...at, value: node.value as unknown };
  return { ...at, items: children.map((child) => ({ start: child.offset, value: spanOf(child, text) })) };
}

function fieldOf({ children = [] }: Node, text: string): Field[] {
  const [key, value] = children;
  if (!key || !value) return [];
  const written = text.slice(key.offset, key.offset + key.length);
  return [{ key: String(key.value), start: key.offset, written, value: spanOf(value, text) }];
}
