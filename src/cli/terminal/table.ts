import { styleText } from "node:util";
import truncatedWidth from "fast-string-truncated-width";
import { visibleLine } from "../../internal.js";

type Style = Parameters<typeof styleText>[0];

/** A cell of a table: its text, and how it looks where the terminal takes colours. */
export type Cell = string | { text: string; style: Style };

/** Where a table is shown. A pipe has no width and no colours. */
export interface Screen {
  isTTY?: boolean;
  columns?: number;
  hasColors?(): boolean;
}

const GAP = 2;
/** No column is cut below this, unless it is the last one, or there is no other room. */
const NARROWEST = 12;

/** How many columns of a terminal a text takes. */
export const widthOf = (text: string): number => truncatedWidth(text).width;

/** The text, cut to so many columns, with `…` for what is missing. */
export function cut(text: string, limit: number): string {
  const { index, truncated } = truncatedWidth(text, { limit, ellipsis: "…", ellipsisWidth: 1 });
  return truncated ? `${text.slice(0, index)}…` : text;
}

/** The text in a style, where the screen takes colours and NO_COLOR is not set. */
const styled = (text: string, style: Style, screen: Screen): string =>
  hasColours(screen) ? styleText(style, text, { validateStream: false }) : text;

/** Node knows the terminals without colours, NO_COLOR and FORCE_COLOR. */
const hasColours = (screen: Screen): boolean =>
  Boolean(screen.isTTY && !process.env["NO_COLOR"] && screen.hasColors?.());

/** Rows as lines with aligned columns. On a terminal no line is longer than the terminal is wide. */
export function tableOf(rows: readonly (readonly Cell[])[], screen: Screen): string {
  const shown = rows.map((row) => row.map((cell) => visibleLine(textOf(cell))));
  const natural = (shown[0] ?? []).map((_, at) => Math.max(...shown.map((row) => widthOf(row[at] ?? ""))));
  const widths = screen.isTTY && screen.columns ? fitted(natural, screen.columns) : natural;
  return rows
    .map((row, y) =>
      row
        .map((cell, x) => {
          const text = cut(shown[y]?.[x] ?? "", widths[x] ?? 0);
          const padding = x < row.length - 1 ? " ".repeat((widths[x] ?? 0) - widthOf(text)) : "";
          return (typeof cell === "string" ? text : styled(text, cell.style, screen)) + padding;
        })
        .join(" ".repeat(GAP))
        .trimEnd(),
    )
    .join("\n");
}

const textOf = (cell: Cell): string => (typeof cell === "string" ? cell : cell.text);

/** Takes what is too much from the last column first, then from the widest ones. */
function fitted(natural: readonly number[], columns: number): number[] {
  const widths = [...natural];
  const last = widths.length - 1;
  const over = () => widths.reduce((sum, width) => sum + width, GAP * last) - columns;
  widths[last] = Math.max(
    Math.min(NARROWEST * 2, natural[last] ?? 0),
    (widths[last] ?? 0) - Math.max(0, over()),
  );
  const narrow = (narrowest: number) => {
    while (over() > 0) {
      const widest = Math.max(...widths.slice(0, last));
      if (!(widest > narrowest)) break;
      widths[widths.indexOf(widest)] = widest - 1;
    }
  };
  narrow(NARROWEST);
  widths[last] = Math.max(1, (widths[last] ?? 0) - Math.max(0, over()));
  narrow(1);
  return widths;
}
