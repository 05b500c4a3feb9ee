import { loadNow } from "../../base/load-now.js";
import { type Steps, Unsupported } from "./limits.js";

/** A pattern may become a program of about this many instructions. */
const MAX_PROGRAM = 32_000;
/** How many instructions of a program cost one step. */
const PER_STEP = 8;

/** What the schema engine needs of a regular expression. */
export interface Pattern {
  test(text: string): boolean;
  toString(): string;
  /** How many instructions its program has. */
  readonly size: number;
}

/**
 * The patterns of a server's schemas, on an engine whose time is linear in the text: the one of JavaScript can take for ever, and
 * nothing can interrupt it.
 */
export class Patterns {
  readonly #known = new Map<string, Pattern>();

  constructor(private readonly steps: Steps) {}

  /** @throws Unsupported for what the linear engine cannot express: look-around, back-references, huge repeats */
  get(source: string): Pattern {
    let pattern = this.#known.get(source);
    if (!pattern) {
      pattern = this.#compile(source);
      this.#known.set(source, pattern);
    }
    return pattern;
  }

  #compile(source: string): Pattern {
    if (programOf(source) > MAX_PROGRAM) throw new Unsupported("a pattern is too large");
    const { RE2JS } = engine();
    let expression: import("re2js").RE2JS;
    try {
      expression = RE2JS.compile(RE2JS.translateRegExp(source));
    } catch {
      // Throws, and costs the whole check, where it is no pattern at all.
      new RegExp(source, "u");
      throw new Unsupported("a pattern needs what a linear-time engine cannot do, such as look-around");
    }
    const size = expression.programSize();
    const test = (text: string) => {
      this.steps.spendText(text, size / PER_STEP);
      return expression.test(text);
    };
    return { test, toString: () => source, size };
  }
}

/** About how large the program of a pattern gets, by its repeats: looked at before it is made. */
function programOf(source: string): number {
  let repeats = 1;
  for (const [, count, upTo] of source.matchAll(/\{(\d+)(?:,(\d*))?\}/g)) repeats += Number(upTo || count);
  return source.length * repeats;
}

let loaded: typeof import("re2js") | undefined;

/** Loaded with the first pattern, as most servers have none; and at once, since the SDK wants its validator at once. */
function engine(): typeof import("re2js") {
  try {
    loaded ??= loadNow<typeof import("re2js")>("re2js");
    return loaded;
  } catch {
    throw new Unsupported("re2js, which checks patterns, is not installed beside this bundle");
  }
}
