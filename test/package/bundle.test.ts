import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";
import { expect, it, onTestFinished } from "vitest";
import { expectTools, LISTING_PROGRAM, OPTIONAL_PEERS } from "../support/one-file.js";

const bundled = fileURLToPath(new URL("../../dist/bundle/index.js", import.meta.url));

it.each([
  ["esm", "program.mjs"],
  ["cjs", "program.cjs"],
] as const)("a program made into one %s file by rolldown works alone in a folder", async (format, name) => {
  const directory = mkdtempSync(join(tmpdir(), "holdfast-bundle-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const entry = join(directory, "entry.mjs");
  writeFileSync(entry, LISTING_PROGRAM);
  const made = await rolldown({
    input: entry,
    resolve: { alias: { holdfast: bundled } },
    platform: "node",
    external: OPTIONAL_PEERS,
    logLevel: "silent",
  });
  const { output } = await made.write({
    file: join(directory, name),
    format,
    codeSplitting: false,
    minify: true,
  });
  expect(output).toHaveLength(1);
  await made.close();
  rmSync(entry);
  await expectTools(directory, name);
});
