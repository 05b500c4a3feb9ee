/** How the arguments of a wrapped entry stood before: a list, no field, null, one text, or in one list with the command. */
export const FORMS = ["args", "none", "null", "word", "list"] as const;
export type Form = (typeof FORMS)[number];

/** What a wrapped entry says of itself, as the value of `--wrapped`. */
export interface Mark {
  form: Form;
  /** The command was a text of YAML without quotes, which it could not be among the arguments. */
  bare: boolean;
  /** How many words come before the command that was there. */
  length: number;
}

export interface MarkOptions {
  bare?: boolean;
  shared?: boolean;
  /** The names of the variables that the host gives to a shared server. */
  passed?: readonly string[];
}

/** The words that put a command behind holdfast. */
export const markWords = (
  form: Form,
  { bare = false, shared = false, passed = [] }: MarkOptions = {},
): string[] => [
  "serve",
  ...(shared ? ["--shared"] : []),
  ...(shared && passed.length > 0 ? ["--pass", passed.join(",")] : []),
  "--wrapped",
  bare ? `${form}-bare` : form,
  "--",
];

/** Reads the mark in a command line. Undefined: it is not ours. */
export function markIn(words: readonly string[]): Mark | undefined {
  const [serve, wrapped, end] = ["serve", "--wrapped", "--"].map((word) => words.indexOf(word)) as [
    number,
    number,
    number,
  ];
  if (serve < 0 || wrapped < serve || end < wrapped + 2) return undefined;
  const [, word, bare] = /^([a-z]+)(-bare)?$/.exec(words[wrapped + 1] ?? "") ?? [];
  const form = FORMS.find((each) => each === word);
  return form && { form, bare: bare !== undefined, length: end + 1 };
}
