import type { Edit, Field, Span } from "./spans.js";

/** How what is added to a file is written, so that it looks as what stands there. */
export class Writing {
  constructor(
    private readonly text: string,
    private readonly syntax: "JSON" | "TOML" | "YAML",
  ) {}

  /** A text, as all three syntaxes write it. */
  quoted(word: string): string {
    return JSON.stringify(word);
  }

  quotedValue(field: Field): string {
    return this.quoted(String(field.value.value));
  }

  /** Whether a text of YAML means something else within `[…]`. */
  isBare(raw: string): boolean {
    return this.syntax === "YAML" && !/^["']/.test(raw) && /[,[\]{}]/.test(raw);
  }

  list(words: readonly string[], ...raw: string[]): string {
    return `[${[...words.map(this.quoted), ...raw].join(", ")}]`;
  }

  /** Puts words, and then what is written already, in front of a list. */
  inFront({ start, items = [], block }: Span, words: readonly string[], ...raw: string[]): Edit {
    const all = [...words.map(this.quoted), ...raw];
    const first = items[0]?.start;
    if (first === undefined) return insertion(start + 1, all.join(", "));
    const indent = this.#indentOf(first);
    if (block) return insertion(first, all.map((word) => `- ${word}${this.#newLine}${indent}`).join(""));
    const own = this.#beginsLine(first) ? `,${this.#newLine}${indent}` : ", ";
    return insertion(first, `${all.join(", ")}${own}`);
  }

  /** Adds a field of arguments behind the command. */
  newArgs(holder: Span, { start, written, value }: Field, list: string): Edit {
    const key = written.replace(/[\w.-]+(?=["']?$)/, (path) => path.replace(/[\w-]+$/, "args"));
    const is = this.syntax === "TOML" ? " = " : ": ";
    const newLine = `${this.#newLine}${this.#indentOf(start)}`;
    const before = holder.block ? newLine : this.#beginsLine(start) ? `,${newLine}` : ", ";
    return insertion(value.end, `${before}${key}${is}${list}`);
  }

  get #newLine(): string {
    return this.text.includes("\r\n") ? "\r\n" : "\n";
  }

  #lineStart(at: number): number {
    return this.text.lastIndexOf("\n", at - 1) + 1;
  }

  #beginsLine(at: number): boolean {
    return this.text.slice(this.#lineStart(at), at).trim() === "";
  }

  /** What brings a line to the same column. */
  #indentOf(at: number): string {
    return this.text.slice(this.#lineStart(at), at).replace(/[^\t]/g, " ");
  }
}

export const writingOf = (text: string, syntax: "JSON" | "TOML" | "YAML"): Writing =>
  new Writing(text, syntax);

const insertion = (at: number, text: string): Edit => ({ start: at, end: at, text });
