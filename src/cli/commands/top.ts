import { setTimeout as wait } from "node:timers/promises";
import { Command } from "commander";
import { liveRows, type Sample } from "../terminal/daemon-rows.js";
import { print } from "../terminal/print.js";
import { tableOf } from "../terminal/table.js";
import { NONE, statuses } from "./daemons.js";

/** How often the table is made anew. */
const TOP_MS = 1_000;

export const topCommand = new Command("top").action(async () => {
  for (let before: Sample | undefined; ; ) {
    const now: Sample = { at: Date.now(), daemons: await statuses() };
    const table = tableOf(now.daemons.length === 0 ? [[NONE]] : liveRows(now, before), process.stdout);
    if (process.stdout.isTTY) draw(table.split("\n"));
    else if (before) return print(table);
    before = now;
    await wait(TOP_MS);
  }
});

/** Over what is there already, each line alone, so that nothing flickers; what is left below goes. */
function draw(lines: readonly string[]): void {
  // The cursor stands in the last line.
  const room = Math.max(1, (process.stdout.rows ?? 24) - 2);
  const fitting =
    lines.length > room ? [...lines.slice(0, room), `… and ${lines.length - room} more`] : lines;
  const drawn = fitting.map((line) => `\u001b[K${line}\n`).join("");
  process.stdout.write(`\u001b[H${drawn}\u001b[J`);
}
