import type { Tool } from "@modelcontextprotocol/client";
import type MiniSearch from "minisearch";
import { fieldsOf } from "../base/fields.js";

/** How much of a text counts: a server may describe a tool at any length. */
const TEXT_LIMIT = 4_000;
/** How many arguments of a tool count. */
const ARGUMENT_LIMIT = 100;
/** Words of questions that say nothing of what is asked for. */
const EMPTY = new Set(
  "a an and are as at be by can do does for from how i in is it its me my of on or our that the their there these this to us use used using want was we what when where which who will with you your".split(
    " ",
  ),
);

/** What people say, and what tools are called. */
const SAID: Record<string, readonly string[]> = {
  big: ["size"],
  bug: ["issue"],
  car: ["driving", "direction"],
  change: ["update", "edit"],
  drive: ["driving", "direction"],
  erase: ["delete"],
  folder: ["directory"],
  look: ["search", "find"],
  make: ["create"],
  new: ["create"],
  open: ["create", "navigate"],
  photo: ["image"],
  picture: ["screenshot", "image"],
  press: ["click"],
  put: ["add"],
  remove: ["delete"],
  rename: ["move"],
  report: ["create"],
  route: ["direction"],
  save: ["write", "create"],
  send: ["post"],
  shot: ["screenshot"],
  show: ["get", "read", "list"],
  ticket: ["issue"],
  travel: ["direction"],
  website: ["url", "page"],
  write: ["create", "add"],
};
/** How much such a word counts beside the one that was said. */
const SAID_WEIGHT = 0.7;

/** Finds tools by their names, descriptions and arguments (BM25). */
export class ToolIndex {
  private constructor(
    private readonly tools: readonly Tool[],
    private readonly index: MiniSearch,
  ) {}

  static async of(tools: readonly Tool[]): Promise<ToolIndex> {
    const { default: Search } = await import("minisearch");
    const index = new Search({
      fields: ["name", "description", "arguments"],
      tokenize: wordsOf,
      processTerm: termOf,
    });
    index.addAll(tools.map((tool, id) => ({ id, ...documentOf(tool) })));
    return new ToolIndex(tools, index);
  }

  /** The best first. */
  find(query: string, limit: number): Tool[] {
    const asked = query.slice(0, TEXT_LIMIT);
    const own = new Set(wordsOf(asked).map(termOf));
    const found = this.index.search(asked, {
      processTerm: saidTerms,
      boostTerm: (term) => (own.has(term) ? 1 : SAID_WEIGHT),
      boost: { name: 2 },
      // What a word begins with, and what is spelt a little otherwise, counts less than the word.
      prefix: (term) => term.length > 3,
      fuzzy: (term) => (term.length > 5 ? 0.15 : false),
    });
    return found.slice(0, limit).map(({ id }) => this.tools[id as number]!);
  }
}

function documentOf({ name, title = "", description = "", inputSchema }: Tool) {
  const properties = Object.entries(fieldsOf(inputSchema?.properties)).slice(0, ARGUMENT_LIMIT);
  const args = properties.map(
    ([key, property]) => `${key} ${String(fieldsOf(property)["description"] ?? "")}`,
  );
  return {
    name: `${name} ${title}`.slice(0, TEXT_LIMIT),
    description: description.slice(0, TEXT_LIMIT),
    arguments: args.join(" ").slice(0, TEXT_LIMIT),
  };
}

/** `readTextFile`, `read_text_file` and `read text file` are the same words. */
const wordsOf = (text: string): string[] =>
  text
    .replace(/(\p{Ll})(\p{Lu})/gu, "$1 $2")
    .split(/[^\p{L}\p{N}]+/u)
    .filter(Boolean);

function termOf(word: string): string | null {
  const term = word.toLowerCase();
  return EMPTY.has(term) ? null : singular(term);
}

function saidTerms(word: string): string[] | null {
  const term = termOf(word);
  return term === null ? null : [term, ...(Object.hasOwn(SAID, term) ? SAID[term]! : [])];
}

/** One word for one and for many of a thing. */
function singular(term: string): string {
  if (term.length < 4 || term.endsWith("ss") || term.endsWith("us") || term.endsWith("is")) return term;
  return term
    .replace(/ies$/, "y")
    .replace(/(ch|sh|x|ss)es$/, "$1")
    .replace(/([^s])s$/, "$1");
}
