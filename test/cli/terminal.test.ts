import { readdirSync, readFileSync } from "node:fs";
import { PassThrough } from "node:stream";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { visible, visibleJson, visibleLine } from "../../src/base/visible.js";
import { run } from "../../src/cli/program.js";
import { elicitOnTerminal } from "../../src/cli/terminal/ask.js";
import { junit } from "../../src/cli/terminal/report.js";
import { Recorder, toRecording } from "../../src/inspect/recorder.js";
import { fixture } from "../support/fixtures.js";

const span = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, i) => String.fromCodePoint(from + i));

/** Everything that steers a terminal or cannot be seen: C0, DEL, C1, direction, no width, tags, selectors, half a pair. */
const STEERING = [
  ...span(0x00, 0x1f).filter((char) => char !== "\n" && char !== "\t"),
  ...span(0x7f, 0x9f),
  ...["\u00ad", "\u034f", "\u061c", "\u115f", "\u180e", "\u3164", "\ufeff", "\ufff9"],
  ...span(0x200b, 0x200f),
  ...span(0x2028, 0x202e),
  ...span(0x2060, 0x206f),
  ...["\ufe00", "\ufe0f", "\u{e0001}", "\u{e0100}", "\ud800"],
  ...span(0xe0020, 0xe007f),
];
const BAD = `<${STEERING.join("~")}>`;

/** What reached the terminal. */
let out: string;
beforeEach(() => {
  out = "";
  const take = (text: unknown) => {
    out += `${String(text)}\n`;
    return true;
  };
  for (const method of ["log", "info", "warn", "error", "debug"] as const)
    vi.spyOn(console, method).mockImplementation(take);
  vi.spyOn(process.stdout, "write").mockImplementation(take);
  vi.spyOn(process.stderr, "write").mockImplementation(take);
  return () => vi.restoreAllMocks();
});

const steeringIn = (text: string) => STEERING.filter((char) => text.includes(char));
const server = (...extra: string[]) => [
  ...["--", process.execPath, fixture("steering-server.mjs"), JSON.stringify(BAD)],
  ...extra,
];

describe("no character of a server's steers the terminal", () => {
  it.each([
    ["status", "\\u{1b}", []],
    ["status --json --verbose", "\\\\u{1b}", []],
    ["tools", "\\u{1b}", []],
    ["tools --long", "\\u{1b}", []],
    ["tools --json", "\\u001b", []],
    ["prompts", "\\u{202e}", []],
    ["prompts --json", "\\u202e", []],
    ["resources", "\\u{9b}", []],
    ["resources --json", "\\u009b", []],
    ["call say --verbose", "\\u{9b}", []],
    ["call say --json", "\\u{1b}", []],
    ["call fail", "\\u{e0041}", []],
    ["call fail --json", "\\udb40\\udc41", []],
    ["call refuse", "\\u{1b}", []],
    ["call nothing", "\\u{1b}", []],
    ["read test://a", "\\u{0}", []],
    ["read test://a --json", "\\u0000", []],
    ["prompt any", "\\u{d800}", []],
    ["prompt any --json", "\\ud800", []],
    ["prompt refuse", "\\u{1b}", []],
    ["status", "\\u{1b}", ["dies"]],
    ["check --runs 0", "\\u{1b}", ["dies"]],
  ])("holdfast %s", async (line, shown, extra) => {
    await run([...line.split(" "), ...server(...extra)]);
    expect(out).toContain(shown);
    expect(steeringIn(out)).toEqual([]);
  });

  it("in a question to the person", async () => {
    const input = new PassThrough();
    vi.spyOn(process, "stdin", "get").mockReturnValue(input as never);
    const field = { type: "string", title: BAD, enum: [BAD], default: BAD };
    const asked = elicitOnTerminal(
      {
        message: `give\nholdfast: ${BAD}`,
        requestedSchema: { type: "object", properties: { [BAD]: field } },
      } as never,
      { server: `files\n${BAD}`, signal: new AbortController().signal },
    );
    input.end("\n");
    await asked;
    expect(out).toContain("\n  holdfast: <\\u{0}");
    // What readline itself sends steers only where the output is a terminal.
    expect(steeringIn(out)).toEqual([]);
  });

  it("in a report for a CI", () => {
    const finding = { id: "P1", text: BAD, runs: 1, failures: 1, reason: BAD, story: BAD, seed: "1" };
    const text = junit(BAD, { findings: [finding], durationMs: 1, stories: 1, seed: "1" } as never);
    expect(steeringIn(text)).toEqual([]);
  });

  it("in a recording, and on the page", () => {
    const recorder = new Recorder(100);
    const listened: unknown[] = [];
    recorder.onEvent((event) => listened.push(event));
    const about = { at: 1, id: "c1" };
    recorder.add({ ...about, type: "stderr", line: BAD });
    recorder.add({ ...about, type: "warning", message: BAD });
    recorder.add({ ...about, type: "request.started", request: 1, method: "tools/call", name: BAD });
    const recording = toRecording(recorder.events());
    expect(recording).toContain("u{1b}");
    expect(steeringIn(recording + JSON.stringify(listened))).toEqual([]);
  });

  it("because every command prints by one function", () => {
    const folders = ["commands", "demo", "terminal"].map(
      (name) => new URL(`../../src/cli/${name}/`, import.meta.url),
    );
    const prints = folders.flatMap((folder) =>
      readdirSync(folder)
        .sort()
        .flatMap((file) =>
          [
            ...readFileSync(new URL(file, folder), "utf8").matchAll(
              /console\.\w+\(|process\.std\w+\.write\(.*/g,
            ),
          ].map(([found]) => `${file}: ${found}`),
        ),
    );
    expect(prints).toEqual([
      'check.ts: process.stderr.write("\\n");',
      "check.ts: process.stderr.write(`\\r\\u001b[K${visibleLine(text)}`);",
      // JSON for the shim that started it.
      "daemon.ts: process.stdout.write(lineOf(ready));",
      // Tables, whose cells are shown by the same function.
      "top.ts: process.stdout.write(`\\u001b[H${drawn}\\u001b[J`);",
      "watch-servers.ts: process.stdout.write(`\\u001b[2J\\u001b[H${tableOf(rows, process.stdout)}\\n`);",
      // A program that another process runs.
      "servers.ts: process.stdout.write(process.env.PATH ?? process.env.Path)`;",
      "print.ts: console.log(",
      "print.ts: console.error(",
      "print.ts: console.log(",
      "print.ts: console.log(",
      "print.ts: console.error(",
      "print.ts: process.stderr.write(`${tableOf(live, screen)}\\n`);",
      "print.ts: process.stderr.write(`\\u001b[${drawn}A\\u001b[J`);",
    ]);
  });
});

describe("a text that is shown", () => {
  it("names every character that steers or is not seen", () => {
    for (const char of STEERING) {
      const named = `a\\u{${char.codePointAt(0)!.toString(16)}}b`;
      expect([visible(`a${char}b`), visibleLine(`a${char}b`)]).toEqual([named, named]);
      const json = visibleJson([`a${char}b`]);
      expect(steeringIn(json)).toEqual([]);
      expect(JSON.parse(json)).toEqual([`a${char}b`]);
    }
  });

  it("keeps lines, tabs, letters of all scripts and emoji", () => {
    const text = "a\n\tb é שלום नमस्ते 日本 ⚠️ 🙂";
    expect(visible(text)).toBe(text);
    expect(visible("a\r\nb\rc")).toBe("a\nb\\u{d}c");
    expect(visibleLine("a\n\tb")).toBe("a\\u{a}\\u{9}b");
  });
});
