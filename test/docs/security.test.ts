import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { expectTests, heldBy } from "../support/held-by.js";

const page = readFileSync(new URL("../../docs/security.md", import.meta.url), "utf8");
const table = page.split("\n").filter((line) => line.startsWith("| ") && !/^\| (---|what could)/.test(line));

it("every row of docs/security.md names a test that there is", () => {
  const rows = heldBy("docs/security.md");
  expect(rows.length).toBeGreaterThan(15);
  expect(rows).toHaveLength(table.length);
  for (const held of rows) expectTests(held);
});
