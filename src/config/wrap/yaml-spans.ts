import type * as Yaml from "yaml";
import { yamlParser } from "../syntax.js";
import type { Field, Item, Span } from "./spans.js";

/** Where the values of a file of YAML stand. */
export function yamlSpans(text: string, path: string): Span {
  const yaml = yamlParser("a change of a config", path);
  const document = yaml.parseDocument(text, { keepSourceTokens: true, logLevel: "error" });
  return new Reader(yaml, document, text).span(document.contents, false);
}

class Reader {
  constructor(
    private readonly yaml: typeof Yaml,
    private readonly document: Yaml.Document,
    private readonly text: string,
  ) {}

  span(node: unknown, isTied: boolean): Span {
    const { isAlias, isCollection, isMap, isNode, isSeq } = this.yaml;
    if (!isNode(node)) return { start: 0, end: 0, value: node, block: false, tied: true };
    const [start = 0, end = start] = node.range ?? [];
    const tied = isTied || isAlias(node) || node.tag !== undefined || node.anchor !== undefined;
    const at = { start, end, block: isCollection(node) && node.flow !== true, tied };
    if (isMap(node)) return { ...at, fields: node.items.map((pair) => this.#field(pair, tied)) };
    if (isSeq(node)) return { ...at, items: node.items.map((_, index) => this.#item(node, index, tied)) };
    return { ...at, value: node.toJS(this.document) as unknown };
  }

  #field({ key, value }: Yaml.Pair, tied: boolean): Field {
    const name = this.span(key, tied);
    const written = this.text.slice(name.start, name.end);
    return { key: String(name.value), start: name.start, written, value: this.span(value, tied) };
  }

  #item(list: Yaml.YAMLSeq, index: number, tied: boolean): Item {
    const value = this.span(list.items[index], tied);
    const { srcToken } = list;
    const before = srcToken && "items" in srcToken ? (srcToken.items[index]?.start ?? []) : [];
    const dash = before.find(({ type }) => type === "seq-item-ind");
    return { start: dash?.offset ?? value.start, value };
  }
}
