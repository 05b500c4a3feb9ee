import { applied, type Edit } from "./spans.js";

/** The lines that a change takes out (`-`) and puts in (`+`), in their order. `shown` takes out of each what must not be seen. */
export function difference(
  text: string,
  edits: readonly Edit[],
  shown: (line: string) => string = (line) => line,
): string[] {
  return blocksOf(text, edits).flatMap(({ start, end, inside }) => {
    const moved = inside.map((edit) => ({ ...edit, start: edit.start - start, end: edit.end - start }));
    const before = text.slice(start, end);
    const [old, fresh] = withoutSame(linesOf(before), linesOf(applied(before, moved)));
    const [left, right] = shortened(old.map(shown), fresh.map(shown));
    return [...left.map((line) => `- ${line}`), ...right.map((line) => `+ ${line}`)];
  });
}

interface Block {
  start: number;
  end: number;
  inside: Edit[];
}

/** Whole lines that edits touch; those that touch one line belong together. */
function blocksOf(text: string, edits: readonly Edit[]): Block[] {
  const blocks: Block[] = [];
  for (const edit of edits.toSorted((a, b) => a.start - b.start)) {
    const start = text.lastIndexOf("\n", edit.start - 1) + 1;
    const newLine = text.indexOf("\n", edit.end);
    const end = newLine < 0 ? text.length : newLine;
    const last = blocks.at(-1);
    if (last && start <= last.end) {
      last.end = Math.max(last.end, end);
      last.inside.push(edit);
    } else blocks.push({ start, end, inside: [edit] });
  }
  return blocks;
}

const linesOf = (text: string): string[] => text.split(/\r?\n/);

/** Without the lines at both ends that are the same. */
function withoutSame(old: string[], fresh: string[]): [string[], string[]] {
  const [first, last] = sameEnds(old, fresh);
  return [old.slice(first, old.length - last), fresh.slice(first, fresh.length - last)];
}

/** How much of two is the same at their beginning, and at their end. */
function sameEnds(old: ArrayLike<unknown>, fresh: ArrayLike<unknown>): [number, number] {
  const shorter = Math.min(old.length, fresh.length);
  let first = 0;
  while (first < shorter && old[first] === fresh[first]) first++;
  let last = 0;
  while (last < shorter - first && old[old.length - 1 - last] === fresh[fresh.length - 1 - last]) last++;
  return [first, last];
}

/** A file that is one line shows what changes of it, and so much on both sides. */
const AROUND = 60;
const LONGEST = 400;

function shortened(old: string[], fresh: string[]): [string[], string[]] {
  const [before = "", after = ""] = [old[0], fresh[0]];
  if (old.length !== 1 || fresh.length !== 1 || before.length <= LONGEST) return [old, fresh];
  const [first, last] = sameEnds(before, after);
  const part = (line: string) => {
    const [from, to] = [Math.max(0, first - AROUND), Math.min(line.length, line.length - last + AROUND)];
    return `${from > 0 ? "…" : ""}${line.slice(from, to)}${to < line.length ? "…" : ""}`;
  };
  return [[part(before)], [part(after)]];
}
