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

it("ends where another program writes to the same file, whose lines stay as they are", () => {
  const path = join(temporary(), "a.jsonl");
  // Two programs: each knows nothing of the other.
  const [first, second] = [new RecordingFile(path), new RecordingFile(path)];
  const release = [first.hold("a")];
  first.append(line("first"));
  release.push(second.hold("b"));
  second.append(line("second"));
  expect(() => first.append(line("mixed"))).toThrow(
    "the recording ends here: another program writes to the same file",
  );
  second.append(line("more"));
  for (const each of release) each();
  expect(linesOf(readFileSync(path, "utf8")).map((one) => one["line"])).toEqual(["second", "more"]);
});

it("is read with what an editor put around its lines", () => {
  const text = `\ufeff{"type":"recording","version":1}\r\n${JSON.stringify(line("one"))}\r\n`;
  expect(linesOf(text)).toEqual([line("one")]);
});
