import { readFileSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { DEFAULTS } from "../../src/contract/options.js";
import { mermaid } from "../../src/machines/mermaid.js";

const root = new URL("../../", import.meta.url);
const read = (name: string) => readFileSync(new URL(name, root), "utf8");
const CHART = /```mermaid\n([\s\S]*?)\n```/;

describe("the documentation", () => {
  it("draws the chart that the machine has", () => {
    const drawn = mermaid();
    for (const name of ["README.md", "docs/lifecycle.md"]) {
      if (process.env["HOLDFAST_WRITE"])
        writeFileSync(new URL(name, root), read(name).replace(CHART, `\`\`\`mermaid\n${drawn}\n\`\`\``));
      // To mend: npm run chart.
      expect(CHART.exec(read(name))?.[1], name).toBe(drawn);
    }
  });

  it("names for each rule of the lifecycle a test that there is", () => {
    const rows = [...read("docs/lifecycle.md").matchAll(/^\| .+ \| (`[a-z/-]+` › .*) \|$/gm)].map(
      ([, held]) => held!,
    );
    expect(rows.length).toBeGreaterThan(15);
    for (const held of rows)
      for (const part of held.split("; ")) {
        const [, file] = /^`([a-z/-]+)` › /.exec(part) ?? [];
        const source = read(`test/${file}.test.ts`);
        const titles = [...part.matchAll(/\*([^*]+)\*/g)].map(([, title]) => title!);
        expect(titles.length, part).toBeGreaterThan(0);
        for (const title of titles) expect(source, `${file}: ${title}`).toContain(`"${title}"`);
      }
  });

  it("names the defaults that the code has", () => {
    const table = read("docs/options.md");
    for (const [name, value] of Object.entries({
      connectTimeoutMs: DEFAULTS.connectTimeoutMs,
      closeTimeoutMs: DEFAULTS.closeTimeoutMs,
    })) {
      expect(table).toMatch(new RegExp(`\`${name}\`.*${value.toLocaleString("en")}`));
    }
    expect(table).toMatch(/`maxMessageBytes`.*64 MiB/);
    expect(DEFAULTS.maxMessageBytes).toBe(64 * 1024 * 1024);
    expect(table).toMatch(new RegExp(`\`timeoutMs\`.*${DEFAULTS.callTimeoutMs.toLocaleString("en")}`));
  });
});
