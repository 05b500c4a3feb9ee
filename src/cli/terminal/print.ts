import { visible, visibleJson } from "../../internal.js";
import { type Cell, tableOf } from "./table.js";

type Rows = readonly (readonly Cell[])[];

/** Prints a result on stdout. Nothing of a server reaches the terminal but through this module. */
export function print(text: string): void {
  aboveLive(() => console.log(visible(text)));
}

/** Prints what is no result, on stderr. */
export function say(text: string): void {
  aboveLive(() => console.error(visible(text)));
}

/** Prints a result as JSON. */
export function printJson(value: unknown): void {
  aboveLive(() => console.log(visibleJson(value)));
}

/** Prints rows with aligned columns, cut at the width of the terminal. Each cell is one line. */
export function printTable(rows: Rows): void {
  aboveLive(() => console.log(tableOf(rows, process.stdout)));
}

/** The same for what is no result. */
export function sayTable(rows: Rows): void {
  aboveLive(() => console.error(tableOf(rows, process.stderr)));
}

/** The rows at the end of the terminal that are rewritten. */
let live: Rows = [];
let drawn = 0;

/** Shows rows on stderr that later ones replace; none take them away. Only for a terminal. */
export function showLive(rows: Rows): void {
  eraseLive();
  const room = Math.max(1, (process.stderr.rows ?? 24) - 2);
  live = rows.length > room ? [...rows.slice(0, room), [`… and ${rows.length - room} more`]] : rows;
  if (live.length === 0) return;
  // One column less: a line that fills the last one may count as two.
  const columns = Math.max(1, (process.stderr.columns ?? 80) - 1);
  const screen = { isTTY: true, columns, hasColors: () => process.stderr.hasColors() };
  process.stderr.write(`${tableOf(live, screen)}\n`);
  drawn = live.length;
}

function eraseLive(): void {
  if (drawn > 0) process.stderr.write(`\u001b[${drawn}A\u001b[J`);
  drawn = 0;
}

function aboveLive(write: () => void): void {
  const rows = live;
  eraseLive();
  write();
  showLive(rows);
}
