import { isDeepStrictEqual } from "node:util";
import { HoldfastError } from "../../base/errors.js";
import { syntaxOf } from "../syntax.js";
import { type CommandLine, commandLineOf, type Entry, entriesOf, wordsOf } from "./command-line.js";
import { variablesOf } from "./data.js";
import { type Form, markIn, markWords } from "./mark.js";
import { applied, type Edit, plainValue } from "./spans.js";
import { unwrapEdits } from "./unwrap.js";
import { type Writing, writingOf } from "./writing.js";

/** A change of a config file that nobody has written yet. */
export interface ConfigChange {
  edits: Edit[];
  /** The servers that it changes. */
  changed: string[];
  /** The others, and why they stay as they are. */
  left: { name: string; why: string }[];
}

export interface WrapOptions {
  /** The command that starts holdfast, as a host would start it, and its arguments. */
  launcher: readonly [string, ...string[]];
  /** The only servers that are wrapped. Default: all. */
  names?: readonly string[] | undefined;
  /** Whether one process serves all hosts. Default false. */
  shared?: boolean | undefined;
}

const WRAPPED = "it is wrapped already";

/**
 * Puts the servers of a config file behind holdfast. Only the command and the arguments of an entry change, and in such a way that
 * `unwrapChange` gives the same text again; an entry for which that cannot be had stays as it is.
 * @throws HoldfastError `CONFIG_INVALID` where the file cannot be parsed or has no servers, `SERVER_UNKNOWN` for another name
 */
export function wrapChange(text: string, path: string, options: WrapOptions): ConfigChange {
  return changeOf(text, path, options.names, (entry) => {
    const line = commandLineOf(entry);
    if (typeof line === "string") return line;
    const words = wordsOf(line) ?? [];
    if (markIn(words)) return WRAPPED;
    const mark = { shared: options.shared === true, passed: variablesOf(plainValue(entry.span)) };
    const wrapped = (form: Form, bare?: boolean) => [
      ...options.launcher,
      ...markWords(form, { ...mark, bare: bare === true }),
    ];
    const edits = wrapEdits(text, line, wrapped, writingOf(text, syntaxOf(text, path)));
    if (typeof edits === "string") return edits;
    const isSound = keepsEverything(text, path, entry.name, edits, words);
    return isSound ? edits : "it is written in a way that only a person can change";
  });
}

/**
 * Takes the servers of a config file from behind holdfast. What a person changed beside the mark of `wrapChange` stays.
 * @throws HoldfastError as `wrapChange`
 */
export function unwrapChange(text: string, path: string, names?: readonly string[]): ConfigChange {
  return changeOf(text, path, names, (entry) => {
    const line = commandLineOf(entry);
    const mark = typeof line === "string" ? undefined : markIn(wordsOf(line) ?? []);
    if (typeof line === "string" || !mark) return names ? "it is not wrapped" : undefined;
    return unwrapEdits(text, line, mark) ?? "the command that it had is gone from behind its --";
  });
}

function changeOf(
  text: string,
  path: string,
  names: readonly string[] | undefined,
  /** Why there are none, or undefined where that is not to be told. */
  editsFor: (entry: Entry) => Edit[] | string | undefined,
): ConfigChange {
  const entries = entriesOf(text, path);
  const unknown = names?.find((name) => !entries.some((entry) => entry.name === name));
  if (unknown !== undefined) {
    const known = entries.map(({ name }) => name).join(", ");
    const message = `${path} has no server ${JSON.stringify(unknown)}; it has: ${known}`;
    throw new HoldfastError("SERVER_UNKNOWN", message, {});
  }
  const change: ConfigChange = { edits: [], changed: [], left: [] };
  for (const entry of entries) {
    const { name } = entry;
    if (names && !names.includes(name)) continue;
    const edits = editsFor(entry);
    if (typeof edits === "string") change.left.push({ name, why: edits });
    else if (edits) {
      change.edits.push(...edits);
      change.changed.push(name);
    }
  }
  return change;
}

/** Whether the changed file starts the same command behind holdfast, and can be changed back to the same text. */
function keepsEverything(
  text: string,
  path: string,
  name: string,
  edits: readonly Edit[],
  words: readonly string[],
): boolean {
  try {
    const after = applied(text, edits);
    const wrapped = entriesOf(after, path).flatMap((entry) => {
      const line = entry.name === name ? commandLineOf(entry) : "";
      const now = typeof line === "string" ? undefined : wordsOf(line);
      const mark = now && markIn(now);
      return mark ? [now.slice(mark.length)] : [];
    });
    const isSame = wrapped.some((now) => isDeepStrictEqual(now, words));
    return isSame && applied(after, unwrapChange(after, path, [name]).edits) === text;
  } catch {
    return false;
  }
}

function wrapEdits(
  text: string,
  { holder, command, args }: CommandLine,
  wrapped: (form: Form, bare?: boolean) => string[],
  writing: Writing,
): Edit[] | string {
  if (command.value.items) return [writing.inFront(command.value, wrapped("list"))];
  const { start, end } = command.value;
  const raw = text.slice(start, end);
  const words = (form: Form, bare: boolean) => wrapped(form, bare).slice(1);
  const replaced = { start, end, text: writing.quoted(wrapped("args")[0]!) };
  if (args?.value.items) {
    const bare = !args.value.block && writing.isBare(raw);
    return [
      replaced,
      writing.inFront(args.value, words("args", bare), bare ? writing.quotedValue(command) : raw),
    ];
  }
  const bare = writing.isBare(raw);
  const first = bare ? writing.quotedValue(command) : raw;
  if (!args) return [replaced, writing.newArgs(holder, command, writing.list(words("none", bare), first))];
  const { value } = args;
  if (value.value === null)
    return [replaced, { ...value, text: writing.list(words("null", bare), first) }].map(plainEdit);
  if (/\s/.test(String(value.value)))
    return "its arguments are one text, which its host splits in its own way";
  const word = text.slice(value.start, value.end);
  return [replaced, { ...value, text: writing.list(words("word", bare), first, word) }].map(plainEdit);
}

const plainEdit = ({ start, end, text }: Edit): Edit => ({ start, end, text });
