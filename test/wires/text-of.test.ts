import { expect, it } from "vitest";
import { textOf } from "../../src/wires/text-of.js";

const LARGE = "a".repeat(100_000);

it.each([
  ["small ASCII", "a word"],
  ["small, beyond ASCII", "ein Wörtchen 🙂"],
  ["large ASCII", `${LARGE}\u0000\u007f`],
  ["large, its last letter beyond ASCII", `${LARGE}é`],
  ["large, beyond Latin 1", `${LARGE}€🙂`],
])("bytes in UTF-8 are their text: %s", (_what, text) => {
  expect(textOf(Buffer.from(text)) === text).toBe(true);
});

it("bytes that are no UTF-8 are read as they always were", () => {
  const bytes = Buffer.concat([Buffer.from(LARGE), Buffer.from([0xe9, 0x80])]);
  expect(textOf(bytes) === bytes.toString("utf8")).toBe(true);
});
