let words: readonly string[] | undefined;

/** Splits off the server's command after `--`, which must not be parsed as options of ours. Returns the arguments before it. */
export function splitCommand(argv: readonly string[]): readonly string[] {
  const at = argv.indexOf("--");
  words = at === -1 ? undefined : argv.slice(at + 1);
  return at === -1 ? argv : argv.slice(0, at);
}

/** The server's command line after `--`. */
export const serverCommand = (): readonly string[] | undefined => words;
