import { readFileSync } from "node:fs";
import { expect } from "vitest";

const root = new URL("../../", import.meta.url);

/** The last cells of a page's table that name tests: `` `room/file` › *title*, *title*; `room/file` › *title* ``. */
export function heldBy(page: string): string[] {
  const text = readFileSync(new URL(page, root), "utf8");
  return [...text.matchAll(/^\| .+ \| (`[a-z0-9/-]+` › .*) \|$/gm)].map(([, held]) => held!);
}

/** Expects that each test that a cell names is there. */
export function expectTests(held: string): void {
  for (const part of held.split(/; (?=`)/)) {
    const [, file] = /^`([a-z0-9/-]+)` › /.exec(part) ?? [];
    const source = readFileSync(new URL(`test/${file}.test.ts`, root), "utf8");
    const titles = [...part.matchAll(/\*([^*]+)\*/g)].map(([, title]) => title!);
    expect(titles.length, part).toBeGreaterThan(0);
    for (const title of titles) expect(source, `${file}: ${title}`).toContain(`"${title}"`);
  }
}
