import type { CommandLine } from "./command-line.js";
import type { Mark } from "./mark.js";
import type { Edit, Field, Item, Span } from "./spans.js";

/** What gives a wrapped entry the command line that it had, with what was added to it since. Undefined: there is none. */
export function unwrapEdits(
  text: string,
  { holder, command, args }: CommandLine,
  { form, bare, length }: Mark,
): Edit[] | undefined {
  if (command.value.items) {
    const { items } = command.value;
    const [first, rest] = [items[0], items[length]];
    return first && rest && [removal(first.start, rest.start)];
  }
  // The command itself is not among the arguments.
  const items = args?.value.items ?? [];
  const original = items[length - 1];
  if (!args || !original) return undefined;
  const { start, end, value } = original.value;
  const written = bare ? String(value) : text.slice(start, end);
  const restored = { start: command.value.start, end: command.value.end, text: written };
  return [restored, argsEdit(text, holder, args, items.slice(length), form)];
}

function argsEdit(text: string, holder: Span, args: Field, rest: readonly Item[], form: Mark["form"]): Edit {
  const { start, end, block, items = [] } = args.value;
  const [next] = rest;
  if (form === "word" && next && rest.length === 1)
    return { start, end, text: text.slice(next.value.start, next.value.end) };
  const first = items[0]?.start ?? start;
  if (next) return removal(first, next.start);
  if (form === "none") return fieldRemoval(text, holder, args);
  if (form === "null") return { start, end, text: "null" };
  if (block) return { start, end: items.at(-1)?.value.end ?? end, text: "[]" };
  const last = items.at(-1)?.value.end ?? end;
  const comma = /^\s*,/.exec(text.slice(last)) ?? [""];
  return removal(first, last + comma[0].length);
}

/** Takes a field out, with the comma or the line that leads to it. */
function fieldRemoval(text: string, { fields = [] }: Span, field: Field): Edit {
  const before = Math.max(
    ...fields.filter(({ value }) => value.end <= field.start).map(({ value }) => value.end),
  );
  const { end } = field.value;
  if (Number.isFinite(before) && /^[\s,]*$/.test(text.slice(before, field.start)))
    return removal(before, end);
  const comma = /^\s*,\s*/.exec(text.slice(end)) ?? [""];
  return removal(field.start, end + comma[0].length);
}

const removal = (start: number, end: number): Edit => ({ start, end, text: "" });
