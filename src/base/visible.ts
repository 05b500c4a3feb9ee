/**
 * What steers a terminal or cannot be seen on one: control characters, marks of direction, characters without width, tags, halves
 * of a surrogate pair. Newlines and tabs are none of them, nor is the selector behind an emoji that says how it is drawn.
 */
const UNSEEN =
  /\r\n|(?<!\p{Extended_Pictographic})[\ufe0e\ufe0f]|(?![\n\t]|\ufe0e|\ufe0f)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Default_Ignorable_Code_Point}]/gu;

/** Most texts, known at a glance: the other expression takes long to compile, and an engine forgets what it compiled. */
const PLAIN = /^[\t\n\x20-\x7e]*$/;

const shown = (found: string): string => `\\u{${found.codePointAt(0)!.toString(16)}}`;

/**
 * A text of a server's, or of anybody else's, for a terminal or a log: what would be obeyed or is invisible is shown as `\u{1b}`.
 * Newlines and tabs stay.
 */
export const visible = (text: string): string =>
  PLAIN.test(text) ? text : text.replace(UNSEEN, (found) => (found === "\r\n" ? "\n" : shown(found)));

/** The same for what must be one line: a name, a cell of a table, a line of a log. */
export const visibleLine = (text: string): string => visible(text).replace(/[\n\t]/g, shown);

/** A value as JSON in which the same characters are escapes of JSON: whoever reads it gets them as they were. */
export function visibleJson(value: unknown): string {
  const unit = (half: string) => `\\u${half.charCodeAt(0).toString(16).padStart(4, "0")}`;
  return JSON.stringify(value, null, 2).replace(UNSEEN, (found) => found.split("").map(unit).join(""));
}
