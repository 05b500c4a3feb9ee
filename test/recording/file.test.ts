import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { RecordingFile } from "../../src/recording/file.js";
import { linesOf } from "../../src/recording/lines.js";
import { temporary } from "../support/temporary.js";

const line = (text: string) => ({ at: 1, id: "c1", type: "stderr", line: text });

it("ends where it is full, and says so once, to its reader too", () => {
  const path = join(temporary(), "a.jsonl");
  const file = new RecordingFile(path, 200);
  const release = file.hold("a");
  file.append(line("one"));
  expect(() => file.append(line("x".repeat(200)))).toThrow("the recording is full (200 bytes)");
  file.append(line("two"));
  release();
  expect(linesOf(readFileSync(path, "utf8")).map(({ type }) => type)).toEqual(["stderr", "recording.full"]);
});

it("holds what came before its first wire and after its last one", () => {
  const path = join(temporary(), "a.jsonl");
  const file = new RecordingFile(path);
  file.append(line("before"));
  const [first, second] = [file.hold("a"), file.hold("a")];
  first();
  first();
  file.append(line("between"));
  second();
  file.append(line("after"));
  expect(linesOf(readFileSync(path, "utf8")).map((one) => one["line"])).toEqual([
    "before",
    "between",
    "after",
  ]);
});
