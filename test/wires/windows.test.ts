import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { systemProgram } from "../../src/base/system-program.js";
import { batchArguments, findProgram, isBatch } from "../../src/wires/windows.js";

/** What cmd.exe makes of a line: quotes switch the meaning of characters off, a caret outside of them that of the next one. */
function readByCmd(line: string): string {
  let read = "";
  let inQuotes = false;
  for (let i = 0; i < line.length; i++) {
    const char = line[i]!;
    if (char === "^" && !inQuotes) {
      read += line[++i] ?? "";
      continue;
    }
    if (char === '"') inQuotes = !inQuotes;
    else if (!inQuotes && /[&|<>()\r\n]/.test(char)) throw new Error(`${char} is obeyed in ${line}`);
    read += char;
  }
  // Variables are replaced before that, where a name stands between two percent signs.
  for (const [, name] of line.matchAll(/%([^%]*)(?=%)/g))
    if (!name!.includes("^")) throw new Error(`%${name}% is replaced`);
  return read;
}

/** How a program of Windows takes its command line apart. */
function wordsOf(line: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let inQuotes = false;
  for (const [, slashes = "", char = ""] of line.matchAll(/(\\*)([^\\]|$)/gs)) {
    const ended = char === "" || (!inQuotes && (char === " " || char === "\t"));
    if (slashes !== "" || !ended) word ??= "";
    if (char === '"') {
      word += "\\".repeat(slashes.length >> 1);
      if (slashes.length % 2 === 1) word += '"';
      else inQuotes = !inQuotes;
    } else if (ended) {
      if (word !== undefined) words.push(word + slashes);
      word = undefined;
    } else word += slashes + char;
  }
  return words;
}

describe("a batch file of Windows", () => {
  const FILE = "C:\\tools\\npx.cmd";
  const received = (args: string[]) => {
    const [d, s, c, line] = batchArguments(FILE, args);
    expect([d, s, c]).toEqual(["/d", "/s", "/c"]);
    // With /s the outer quotes are taken off, whatever stands between them.
    const first = readByCmd(line!.slice(1, -1));
    expect(first.startsWith(FILE)).toBe(true);
    // What the batch file itself does with %*.
    return wordsOf(readByCmd(first.slice(FILE.length)));
  };

  it("gets each argument as it is, and cmd.exe obeys none", () => {
    const text = fc
      .array(
        fc.oneof(
          fc.constantFrom('"', "\\", "%", "^", "&", "|", "<", ">", " ", "!", "PATH", "(", ")"),
          fc.string(),
        ),
        {
          maxLength: 8,
        },
      )
      .map((parts) => parts.join("").replace(/[\r\n\0]/g, ""));
    fc.assert(
      fc.property(fc.array(text, { maxLength: 4 }), (args) => {
        expect(received(args)).toEqual(args);
      }),
      { numRuns: 2_000 },
    );
  });

  it("gets those that are known to have done harm", () => {
    const args = [
      'a" & calc & "',
      "%PATH%",
      "a\\",
      'a\\" & calc',
      "",
      "^&calc",
      "--x=1 2",
      '{"a":[1,"<b>"]}',
    ];
    expect(received(args)).toEqual(args);
  });

  it("has a name with what cmd.exe would obey", () => {
    const [, , , line] = batchArguments("C:\\a & b (x86)\\100%\\npx.cmd", []);
    expect(readByCmd(line!.slice(1, -1))).toBe("C:\\a & b (x86)\\100%\\npx.cmd");
  });

  it("gets no line break, at which cmd.exe would stop reading", () => {
    for (const arg of ["a\nb", "a\rb", "a\0"])
      expect(() => batchArguments(FILE, [arg])).toThrow(/line break/);
  });

  it("is told by its ending", () => {
    expect(["a.cmd", "A.BAT", "a.exe", "cmd", "a.cmd.exe"].filter(isBatch)).toEqual(["a.cmd", "A.BAT"]);
  });
});

describe("a command of Windows", () => {
  const files = [
    "c:\\node\\npx.cmd",
    "c:\\node\\node.exe",
    "c:\\tools\\npx.exe",
    "npx.exe",
    ".\\npx.exe",
    "bin\\npx.exe",
  ];
  const isFile = (path: string) => files.includes(path.toLowerCase());
  const find = (command: string, env: Record<string, string> = {}) =>
    findProgram(command, { Path: 'C:\\none;.;;bin;"C:\\node";C:\\tools', ...env }, isFile)?.toLowerCase();

  it("is found on PATH, in the order of folders and endings, never in the current folder or one relative to it", () => {
    expect(find("npx")).toBe("c:\\node\\npx.cmd");
    expect(find("node.exe")).toBe("c:\\node\\node.exe");
    expect(find("NODE.EXE")).toBe("c:\\node\\node.exe");
    expect(find("npx", { PATHEXT: ".EXE" })).toBe("c:\\tools\\npx.exe");
    expect(find("npx", { Path: ".;bin" })).toBeUndefined();
    expect(findProgram("npx", {}, () => true)).toBeUndefined();
  });

  it("that is a path is taken from there", () => {
    expect(find("C:\\node\\npx")).toBe("c:\\node\\npx.cmd");
    expect(find("C:/node/npx.cmd")).toBe("c:\\node\\npx.cmd");
    expect(find("bin\\npx")).toBe("bin\\npx.exe");
    expect(find("C:\\none\\npx")).toBeUndefined();
  });

  it("of Windows itself is named by its path", () => {
    expect(systemProgram("cmd.exe", "D:\\Windows")).toBe("D:\\Windows\\System32\\cmd.exe");
    expect(systemProgram("cmd.exe", "")).toBe("C:\\Windows\\System32\\cmd.exe");
  });
});
