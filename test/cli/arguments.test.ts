import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Tool } from "@modelcontextprotocol/client";
import { describe, expect, it, onTestFinished } from "vitest";
import { readArguments } from "../../src/cli/terminal/arguments.js";
import { didYouMean } from "../../src/cli/terminal/nearest.js";
import { signatureOf } from "../../src/cli/terminal/signature.js";
import { cut, tableOf, widthOf } from "../../src/cli/terminal/table.js";
import { toolArguments } from "../../src/cli/terminal/tool-arguments.js";

const tool = (properties: object, more: object = {}): Tool => ({
  name: "t",
  inputSchema: { type: "object", properties, ...more } as Tool["inputSchema"],
});
const args = async (of: Tool, ...given: string[]) => toolArguments(of, await readArguments(given));

describe("arguments on a command line", () => {
  it("get the types that the schema says, behind references and alternatives, too", async () => {
    const schema = tool(
      {
        text: { type: "string" },
        count: { type: "integer" },
        maybe: { anyOf: [{ type: "integer" }, { type: "null" }] },
        named: { $ref: "#/$defs/size" },
        either: { type: ["number", "string"] },
        list: { type: "array", items: { type: "integer" } },
        words: { anyOf: [{ type: "array", items: { type: "string" } }, { type: "null" }] },
        any: {},
        choice: { enum: [1, 2] },
      },
      { $defs: { size: { type: "number" } } },
    );
    expect(
      await args(
        schema,
        ...["text=1", "count=2", "maybe=3", "named=4", "either=5", "list=6", "list=7"],
        ...["words=8", "any=9", "choice=2"],
      ),
    ).toEqual({
      ...{ text: "1", count: 2, maybe: 3, named: 4, either: "5", list: [6, 7], words: ["8"], any: "9" },
      choice: 2,
    });
    expect(await args(schema, 'text:="a=b"', "list=[1,2]", "either:=5", 'any:={"a":1}')).toEqual({
      ...{ text: "a=b", list: [1, 2], either: 5, any: { a: 1 } },
    });
  });

  it("come from files", async () => {
    const folder = mkdtempSync(join(tmpdir(), "holdfast-arguments-"));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const [text, json] = [join(folder, "a.txt"), join(folder, "a.json")];
    writeFileSync(text, "a\nb");
    writeFileSync(json, '{"x": "1", "y": [2]}');
    const schema = tool({ x: { type: "string" }, y: {} });
    expect(await args(schema, `x=@${text}`, `y:=@${json}`)).toEqual({ x: "a\nb", y: { x: "1", y: [2] } });
    expect(await args(schema, `@${json}`, "x=2")).toEqual({ x: "2", y: [2] });
    writeFileSync(json, '\ufeff{"x": "of Windows"}');
    expect(await args(schema, `@${json}`)).toEqual({ x: "of Windows" });
    await expect(args(schema, "x=@none")).rejects.toThrow(/^x: ENOENT.*; for the text itself: x:='"@none"'$/);
    await expect(args(schema, "y:={")).rejects.toThrow(/^y: /);
    await expect(args(schema, `@${text}`)).rejects.toThrow(/^@.*a\.txt: /);
    await expect(readArguments([], "[1]")).rejects.toThrow("--args: expected an object");
    await expect(args(schema, "=x")).rejects.toThrow(/expected key=value/);
  });

  it("are refused before anything is sent, with all that is wrong, and what was meant", async () => {
    const schema = tool(
      {
        message: { type: "string", maxLength: 3 },
        level: { enum: ["low", "high"] },
        deep: { type: "object" },
      },
      { required: ["message"] },
    );
    const says = async (...given: string[]) =>
      args(schema, ...given).then(
        () => "",
        (error: Error) => error.message,
      );
    expect(await says("mesage=x", "levl=low")).toBe(
      't: there is no argument "mesage"; did you mean "message"? there is no argument "levl"; did you mean "level"? message is missing\n  t(message: string, level?: "low" | "high", deep?: Record<string, unknown>)',
    );
    expect(await says("message=x", "level=hgh")).toContain(
      't: level: expected one of "low", "high", got "hgh"; did you mean "high"?',
    );
    expect(await says("message=abcd")).toContain(
      't: message: must NOT have more than 3 characters, got "abcd"',
    );
    expect(await says("message=x", "deep=1")).toContain("t: deep: expected object, got 1");
    expect(await says("message=x")).toBe("");
    const numbered = tool({ id: { type: "integer" } }, { required: ["id"] });
    await expect(args(numbered, "id=12345678901234567890")).rejects.toThrow(
      "t: id: 12345678901234567890 is more than a number can hold; to send the nearest one: id:=12345678901234567000\n",
    );
    expect(await args(numbered, "id=9007199254740991")).toEqual({ id: 9007199254740991 });
  });

  it("may be others where the schema takes them", async () => {
    const open = tool({ a: {} }, { additionalProperties: { type: "number" } });
    expect(await args(open, "b:=1")).toEqual({ b: 1 });
    expect(await args(open, "b=2")).toEqual({ b: 2 });
    expect(Object.entries(await args(open, "__proto__=1", "constructor=2"))).toEqual([
      ["__proto__", 1],
      ["constructor", 2],
    ]);
    await expect(args(open, "b=x")).rejects.toThrow(/b: expected number, got "x"/);
    expect(await args({ name: "t", inputSchema: { type: "object" } }, "b=x")).toEqual({ b: "x" });
    await expect(args(tool({}, { additionalProperties: false }), "b=x")).rejects.toThrow(/no argument "b"/);
  });
});

describe("the signature of a tool", () => {
  it("has the types of its arguments, what is required first", () => {
    const schema = tool(
      {
        times: { type: "integer" },
        message: { type: "string" },
        "a-b": { type: ["string", "null"] },
        tags: { type: "array", items: { enum: ["x", "y"] } },
        at: { type: "object", properties: { x: { type: "number" } }, required: ["x"] },
        map: { type: "object", additionalProperties: { type: "boolean" } },
        ref: { $ref: "#/$defs/id" },
        all: { allOf: [{ $ref: "#/$defs/id" }, { type: "object", properties: { y: {} } }] },
        only: { const: 1 },
        nothing: false,
      },
      { required: ["message"], $defs: { id: { oneOf: [{ type: "string" }, { type: "number" }] } } },
    );
    expect(signatureOf(schema)).toBe(
      't(message: string, times?: number, "a-b"?: string | null, tags?: ("x" | "y")[], at?: { x: number }, ' +
        "map?: Record<string, boolean>, ref?: string | number, all?: (string | number) & { y?: unknown }, only?: 1, nothing?: never)",
    );
  });

  it("knows the types of JSON Schema, and no others", () => {
    const schema = tool({
      a: { type: "constructor" },
      b: { type: ["toString", "null"] },
      c: { type: "__proto__" },
    });
    expect(signatureOf(schema)).toBe("t(a?: unknown, b?: unknown, c?: unknown)");
  });

  it("ends, whatever a server sends", () => {
    const deep = JSON.parse(`${'{"anyOf":['.repeat(50)}{}${"]}".repeat(50)}`);
    const wide = { anyOf: Array.from({ length: 50 }, () => ({ $ref: "#/properties/wide" })) };
    const many = { enum: Array.from({ length: 100_000 }, (_, i) => i) };
    const schema = tool({ deep, wide, many, self: { $ref: "#/properties/self" }, gone: { $ref: "#/none" } });
    expect(signatureOf(schema).length).toBeLessThan(10_000);
  });
});

describe("a table", () => {
  const rows = [
    ["name", "what it does"],
    ["日本語の名前", "一二三四五六七八九十一二三四五六七八九十"],
    ["emoji 🇩🇪", "x".repeat(60)],
  ];

  it("counts wide characters, and cuts with … at the width of the terminal", () => {
    const lines = tableOf(rows, { isTTY: true, columns: 40 }).split("\n");
    expect(lines.map(widthOf)).toEqual([26, 39, 40]);
    expect(lines[1]).toMatch(/^日本語の名前 {2}一.*…$/);
    // The second column begins at the same place.
    expect(lines.map((line) => widthOf(line.split(/ {2,}/)[0]!))).toEqual([4, 12, 8]);
    // The last column is first the one to give, then all of them.
    const four = rows.map(([name = "", what = ""]) => [name, `${name} of a server`, what, what]);
    for (const columns of [10, 20, 80])
      for (const line of [rows, four].flatMap((all) => tableOf(all, { isTTY: true, columns }).split("\n")))
        expect(widthOf(line)).toBeLessThanOrEqual(columns);
  });

  it("is whole in a pipe, and has colours only where a terminal takes them", () => {
    expect(tableOf(rows, { columns: 10 })).toContain("x".repeat(60));
    const coloured = [[{ text: "up", style: "green" as const }]];
    const screen = { isTTY: true, columns: 80, hasColors: () => true };
    expect(tableOf(coloured, screen)).toBe("\u001b[32mup\u001b[39m");
    expect(tableOf(coloured, { ...screen, isTTY: false })).toBe("up");
    expect(tableOf(coloured, { ...screen, hasColors: () => false })).toBe("up");
  });

  it("cuts between characters", () => {
    expect([cut("abcdef", 4), cut("日本語", 4), cut("abc", 3)]).toEqual(["abc…", "日…", "abc"]);
  });
});

describe("a slip", () => {
  it("is recognized where it is near enough", () => {
    expect(didYouMean("Ecoh", ["echo", "read"])).toBe('; did you mean "echo"?');
    expect(didYouMean("nonsense", ["continue", "cursor"])).toBe("");
    expect(didYouMean("x", [])).toBe("");
  });
});
