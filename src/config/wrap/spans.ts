import { isDeepStrictEqual } from "node:util";

/** A value of a config file and where it stands, so that a change leaves every other character as it is. */
export interface Span {
  start: number;
  end: number;
  /** Of what is neither a map nor a list. */
  value?: unknown;
  fields?: Field[];
  items?: Item[];
  /** A list or a map of YAML that is written by indentation. A table of TOML, too. */
  block: boolean;
  /** It is used in other places, too (an anchor of YAML): a change here would be one there. */
  tied: boolean;
}

export interface Field {
  key: string;
  /** Where the key begins. */
  start: number;
  /** The key as it is written. */
  written: string;
  value: Span;
}

export interface Item {
  /** Where it begins, with the dash of a list of YAML. */
  start: number;
  value: Span;
}

/** A piece of a text that is replaced. */
export interface Edit {
  start: number;
  end: number;
  text: string;
}

export const applied = (text: string, edits: readonly Edit[]): string =>
  edits
    .toSorted((a, b) => b.start - a.start)
    .reduce((before, { start, end, text: by }) => before.slice(0, start) + by + before.slice(end), text);

/** The last of that name, as parsers have it. */
export const fieldOf = (span: Span | undefined, key: string): Field | undefined =>
  span?.fields?.findLast((field) => field.key === key);

export const spanAt = (root: Span, path: readonly string[]): Span | undefined =>
  path.reduce<Span | undefined>((at, key) => fieldOf(at, key)?.value, root);

/** Whether we read at this place what the parser of the syntax reads there. Its objects may have no prototype. */
export const isAt = (span: Span, value: unknown): boolean =>
  isDeepStrictEqual(structuredClone(plainValue(span)), structuredClone(value));

export function plainValue({ fields, items, value }: Span): unknown {
  if (items) return items.map((item) => plainValue(item.value));
  return fields ? Object.fromEntries(fields.map((field) => [field.key, plainValue(field.value)])) : value;
}
