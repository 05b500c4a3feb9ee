import { findServers } from "../dialects.js";
import { invalidConfig } from "../invalid.js";
import { inWords, renameFields } from "../words.js";
import { spansOf } from "./read-spans.js";
import { type Field, fieldOf, isAt, plainValue, type Span, spanAt } from "./spans.js";

/** Where the command line of a server stands. */
export interface CommandLine {
  /** What holds its command: the entry, or an object in it. */
  holder: Span;
  /** A text, or a list with the arguments. */
  command: Field;
  args: Field | undefined;
}

export interface Entry {
  name: string;
  span: Span;
}

/**
 * Every server of a config file, in any dialect, and where it stands.
 * @throws HoldfastError `CONFIG_INVALID` where the file cannot be parsed, or has no servers
 */
export function entriesOf(text: string, path: string): Entry[] {
  const { config, root } = spansOf(text, path);
  const found = findServers(config);
  if (typeof found === "string") throw invalidConfig([{ path: "", message: found }], path);
  const places = [found.place, ["projects", process.cwd(), "mcpServers"]].map((at) => spanAt(root, at));
  const servers = [...new Set(places)].flatMap((span) => (span ? entriesIn(span) : []));
  // At the root there are other things, too.
  const all = servers.filter(({ name }) => Object.hasOwn(found.entries, name));
  if (!isAt(root, config))
    throw invalidConfig([{ path: "", message: "is written in a way that only a person can change" }], path);
  return all;
}

function entriesIn({ fields = [], items = [] }: Span): Entry[] {
  const listed = items.map(({ value }) => ({
    name: String(fieldOf(value, "name")?.value.value),
    span: value,
  }));
  const last = new Map(fields.map(({ key, value }) => [key, value]));
  return [...[...last].map(([name, span]) => ({ name, span })), ...listed];
}

/** The command line of an entry, or why it has none that can be put behind another command. */
export function commandLineOf({ span }: Entry): CommandLine | string {
  const holder = holderOf(span);
  const { command: key, args: argsKey } = namesIn(holder);
  const command = key === undefined ? undefined : fieldOf(holder, key);
  if (!command) return "url" in namesIn(span) ? "it is a remote server" : "it has no command";
  const args = argsKey === undefined ? undefined : fieldOf(holder, argsKey);
  if ([span, holder, command.value, args?.value].some((each) => each?.tied))
    return "it uses an anchor or a tag of YAML, which other entries may share";
  if (wordsOf({ holder, command, args }) === undefined) return "its command or arguments are no texts";
  return { holder, command, args };
}

/** The command and its arguments. Undefined: they are not all texts. */
export function wordsOf({ command, args }: CommandLine): string[] | undefined {
  const words = [plainValue(command.value), args ? (plainValue(args.value) ?? []) : []].flat();
  const isText = words.length > 0 && words.every((word) => ["string", "number"].includes(typeof word));
  return isText && typeof words[0] === "string" ? words.map(String) : undefined;
}

/** Continue and Zed once wrote the way of a server in an object of its own. */
function holderOf(entry: Span): Span {
  for (const key of ["transport", "command"]) {
    const inner = fieldOf(entry, key)?.value;
    if (inner?.fields && namesIn(inner).command !== undefined) return inner;
  }
  return entry;
}

function namesIn(span: Span): Record<string, string> {
  const fields = Object(plainValue(span)) as Record<string, unknown>;
  const { named } = renameFields(fields);
  const empty = Object.keys(fields).find((key) => inWords(key) === "args");
  const path = fields["path"] === undefined ? {} : { command: "path" };
  return { ...(empty !== undefined && { args: empty }), ...path, ...named };
}
