import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it, onTestFinished } from "vitest";
import { findServers } from "../../../src/config/dialects.js";
import { serversIn } from "../../../src/config/load.js";
import { fromText } from "../../../src/config/syntax.js";
import { decodeText, encodeAs } from "../../../src/config/text.js";
import { difference } from "../../../src/config/wrap/difference.js";
import { readWhole, rewriteFile } from "../../../src/config/wrap/rewrite.js";
import { applied } from "../../../src/config/wrap/spans.js";
import { unwrapChange, type WrapOptions, wrapChange } from "../../../src/config/wrap/wrap.js";
import { runsOf } from "../../support/runs.js";

const wrap = (text: string, path = "mcp.json", options: Partial<WrapOptions> = {}) => {
  const change = wrapChange(text, path, { launcher: ["holdfast"], ...options });
  return { ...change, text: applied(text, change.edits) };
};
const unwrap = (text: string, path = "mcp.json", names?: string[]) => {
  const change = unwrapChange(text, path, names);
  return { ...change, text: applied(text, change.edits) };
};
const entries = (text: string, path: string) =>
  (findServers(fromText(text, path)) as { entries: Record<string, Record<string, unknown>> }).entries;

const FIXTURES = join(import.meta.dirname, "../../fixtures/clients");
/** Those whose servers have a command; a folder of one file each. */
const LOCAL: Record<string, string[]> = {
  "amazon-q.json": ["files", "off"],
  "amp.json": ["files"],
  "claude-code.json": ["files"],
  "claude.json": ["files"],
  "cline.json": ["files", "off"],
  "codex.toml": ["files", "off"],
  "continue.yaml": ["files"],
  "copilot.json": ["files", "off"],
  "cursor.json": ["files"],
  "gemini.json": ["files", "off"],
  "goose.yaml": ["files", "off"],
  "jetbrains.json": ["files", "off"],
  "kiro.json": ["files"],
  "lmstudio.json": ["files"],
  "opencode.jsonc": ["files", "off"],
  "roo.json": ["files", "off"],
  "vscode.jsonc": ["files"],
  "warp.json": ["files"],
  "windsurf.json": ["files"],
  "zed.jsonc": ["files", "older", "off"],
};

describe("the file of each client", () => {
  it.each(readdirSync(FIXTURES))("%s", (file) => {
    const path = join(FIXTURES, file);
    const text = readFileSync(path, "utf8");
    const wrapped = wrap(text, path);
    expect(wrapped.changed).toEqual(LOCAL[file]);
    expect(unwrap(wrapped.text, path).text).toBe(text);
    // Beside the command nothing of an entry changes.
    const left = Object.entries(entries(wrapped.text, path)).map(([name, entry]) => [name, beside(entry)]);
    const before = Object.entries(serversIn(path)).map(([name, entry]) => [name, beside(entry)]);
    expect(left).toEqual(before);
  });
});

/** An entry without its command line. */
function beside(entry: unknown) {
  const { command: _, args: __, cmd: ___, ...rest } = entry as Record<string, unknown>;
  return rest;
}

const JSON_FORMS: Record<string, string> = {
  "on one line": `{ "mcpServers": { "one": { "command": "npx", "args": ["-y", "x"] } } }`,
  "without arguments": `{ "mcpServers": { "one": { "command": "npx" } } }`,
  "without arguments, over lines": `{\n\t"mcpServers": {\n\t\t"one": {\n\t\t\t"command": "npx", // why\n\t\t\t"env": {}\n\t\t}\n\t}\n}`,
  "an empty list": `{ "servers": { "one": { "command": "npx", "args": [ /* none */ ] } } }`,
  "null for arguments": `{ "servers": { "one": { "args": null, "command": "npx" } } }`,
  "one word": `{ "servers": { "one": { "command": "node", "args": "server.mjs" } } }`,
  "arguments over lines": `{\n  "mcpServers": {\n    "one": {\n      "args": [\n        // first\n        "-y",\n        "x", // last\n      ],\n      "command": "npx",\n    },\n  },\n}\n`,
  escapes: `{ "mcpServers": { "o\\u006ee": { "command": "n\\u0070x", "args": ["\\"", "\\\\", "\\ud83d\\ude00"] } } }`,
  "a name twice": `{ "mcpServers": { "one": { "command": "old" }, "one": { "command": "npx", "command": "uvx", "args": [] } } }`,
  "a list": `{ "mcpServers": [{ "name": "one", "command": "npx" }, { "name": "far", "url": "https://a.example" }] }`,
  "at the root": `{ "one": { "command": "npx", "args": [] }, "other": 1 }`,
  "a list as the command": `{ "mcp": { "one": { "type": "local", "command": [ "npx" ] } } }`,
  "the way in an object": `{ "mcpServers": [{ "name": "one", "transport": { "type": "stdio", "command": "npx" } }] }`,
  "lines of Windows": `{\r\n  "mcpServers": {\r\n    "one": {\r\n      "command": "npx"\r\n    }\r\n  }\r\n}\r\n`,
};

const YAML_FORMS: Record<string, string> = {
  "a list of it":
    "mcpServers:\n  # mine\n  - name: one\n    command: npx # why\n    args:\n      - -y\n      # here\n      - x\n",
  "less indented": "mcpServers:\n- command: 'npx'\n  args:\n  - x\n  name: one\n",
  "without arguments": "extensions:\n  one:\n    cmd: npx   # why\n    envs: {A: '1'}\n",
  "without arguments, at a dash": "mcpServers:\n  - command: npx\n    name: one",
  braces: "extensions: { one: { cmd: npx, args: [ -y, x ], envs: {} } }\n",
  "braces over lines": "extensions:\n  one: {\n    cmd: npx,\n    enabled: true\n  }\n",
  "a variable without quotes": "extensions:\n  one:\n    cmd: ${BIN}/x, y\n    args: [a]\n",
  "the same, without arguments": "extensions:\n  one:\n    cmd: ${BIN}\n",
  "null for arguments": "extensions:\n  one:\n    cmd: npx\n    args: null\n",
  "lines of Windows": "extensions:\r\n  one:\r\n    cmd: npx\r\n    args:\r\n      - x\r\n",
  "a key in quotes": 'extensions:\n  one:\n    "cmd": npx\n',
};

const TOML_FORMS: Record<string, string> = {
  "a table":
    '[mcp_servers.one]\ncommand = "npx" # why\nargs = [\n  "-y", # yes\n  "x",\n]\n\n[mcp_servers.one.env]\nA = "1"\n',
  "literal texts": "[mcp_servers.one]\ncommand = 'C:\\bin\\npx'\nargs = ['a', \"b\\u0041\", '''c\nd''']\n",
  "without arguments": '[mcp_servers."one"]\n  command = "npx"\n  startup_timeout_sec = 1_000\n',
  "an inline table": 'mcp_servers = { one = { command = "npx", env = { A = "}" } } }\n',
  "dotted keys": '[mcp_servers]\none.command = "npx" # why\none.cwd = "/"\n',
  "dotted keys at the root": 'mcp_servers.one.command = "npx"\nmcp_servers.one.args = []\n',
  "a list of tables":
    '[[mcpServers]]\nname = "one"\ncommand = "npx"\n[[mcpServers]]\nname = "far"\nurl = "https://a.example"\n',
  "dates and other values":
    'when = 1979-05-27 07:32:00\nn = [1, 0x1F, +inf, [true]]\n[mcp_servers.one]\ncommand = """npx"""\nargs = ["#", "]", "=",]\n[tail]\nx = 1\n',
  "lines of Windows": '[mcp_servers.one]\r\ncommand = "npx"\r\n\r\n',
};

describe.each([
  ["mcp.json", JSON_FORMS],
  ["mcp.yaml", YAML_FORMS],
  ["mcp.toml", TOML_FORMS],
])("%s", (path, forms) => {
  it.each(Object.entries(forms))("%s", (_, text) => {
    const wrapped = wrap(text, path);
    expect(wrapped.changed).toEqual(["one"]);
    expect(wrapped.text).not.toBe(text);
    const back = unwrap(wrapped.text, path);
    expect(back.text).toBe(text);
    // Twice is once.
    expect(wrap(wrapped.text, path)).toMatchObject({
      edits: [],
      changed: [],
      left: expect.arrayContaining([{ name: "one", why: "it is wrapped already" }]),
    });
  });
});

describe("a wrapped entry", () => {
  const one = `{ "servers": { "one": { "command": "npx", "args": ["-y"] }, "two": { "command": "b" } } }`;

  it("starts holdfast, which starts the command", () => {
    expect(entries(wrap(one).text, "mcp.json")["one"]).toEqual({
      command: "holdfast",
      args: ["serve", "--wrapped", "args", "--", "npx", "-y"],
    });
    const launcher = ["/usr/bin/node", "/a b/main.js"] as const;
    expect(entries(wrap(one, "mcp.json", { launcher, shared: true }).text, "mcp.json")["two"]).toEqual({
      command: "/usr/bin/node",
      args: ["/a b/main.js", "serve", "--shared", "--wrapped", "none", "--", "b"],
    });
  });

  it("names the variables that its host gives, where hosts share it", () => {
    const text = `{ "servers": { "one": { "command": "npx", "args": [], "env": { "A": "1", "B_C": "2" }, "env_vars": ["D"] } } }`;
    const wrapped = wrap(text, "mcp.json", { shared: true }).text;
    expect(entries(wrapped, "mcp.json")["one"]?.["args"]).toEqual([
      ...["serve", "--shared", "--pass", "A,B_C,D", "--wrapped", "args", "--", "npx"],
    ]);
    expect(unwrap(wrapped).text).toBe(text);
  });

  it("is made of those that are named, and of no other", () => {
    expect(wrap(one, "mcp.json", { names: ["two"] })).toMatchObject({ changed: ["two"], left: [] });
    expect(() => wrap(one, "mcp.json", { names: ["tow"] })).toThrow('no server "tow"; it has: one, two');
  });

  it("keeps what a person changed since", () => {
    const edited = wrap(one)
      .text.replace('"two"', '"renamed"')
      .replace('"-y"', '"-y", "more"')
      .replace('"--wrapped"', '"--verbose", "--wrapped"')
      .replace('"b"] }', '"b", "added"], "env": { "A": "1" } }, "three": { "command": "c" }');
    expect(unwrap(edited).text).toBe(
      `{ "servers": { "one": { "command": "npx", "args": ["-y", "more"] }, "renamed": { "command": "b", "args": ["added"], "env": { "A": "1" } }, "three": { "command": "c" } } }`,
    );
  });

  it("is found when a program wrote the file anew", () => {
    const anew = JSON.stringify(JSON.parse(wrap(one).text), null, 2);
    expect(JSON.parse(unwrap(anew).text)).toEqual(JSON.parse(one));
  });

  it("keeps what was put between its command and its arguments", () => {
    const text = wrap(one)
      .text.replace('"command": "holdfast", "args": ["serve", "--wrapped", "none"', '"env": {}, $&')
      .replace(
        '"command": "holdfast", "args": ["serve", "--wrapped", "none"',
        '"command": "holdfast", /* here */ "cwd": "/", "args": ["serve", "--wrapped", "none"',
      );
    expect(JSON.parse(unwrap(text).text.replace("/* here */", ""))["servers"]["two"]).toEqual({
      env: {},
      command: "b",
      cwd: "/",
    });
    expect(unwrap(text).text).toContain("/* here */");
  });

  it("is told where its command is gone", () => {
    const text = `{ "servers": { "one": { "command": "holdfast", "args": ["serve", "--wrapped", "args", "--"] } } }`;
    expect(unwrap(text)).toMatchObject({
      changed: [],
      left: [{ name: "one", why: /gone/ }].map(({ name }) => ({
        name,
        why: expect.stringContaining("gone"),
      })),
    });
  });
});

describe("what stays as it is", () => {
  it.each([
    [
      "a remote server",
      "mcp.json",
      `{ "servers": { "a": { "url": "https://a.example" } } }`,
      "it is a remote server",
    ],
    ["no command", "mcp.json", `{ "servers": { "a": { "disabled": true } } }`, "it has no command"],
    [
      "a number",
      "mcp.json",
      `{ "servers": { "a": { "command": 1 } } }`,
      "its command or arguments are no texts",
    ],
    [
      "a line as arguments",
      "mcp.json",
      `{ "servers": { "a": { "command": "x", "args": "a b" } } }`,
      "its arguments are one text",
    ],
    ["an anchor", "mcp.yaml", "extensions:\n  a:\n    cmd: x\n    args: &some [b]\n", "an anchor"],
    [
      "a text over lines",
      "mcp.yaml",
      "extensions:\n  a:\n    cmd: |\n      x\n    args: [b]\n",
      "only a person",
    ],
  ])("%s", (_, path, text, why) => {
    expect(wrap(text, path)).toMatchObject({
      edits: [],
      left: [{ name: "a", why: expect.stringContaining(why) }],
    });
  });

  it.each([
    ["mcp.json", "{"],
    ["mcp.json", ""],
    ["mcp.json", "{}"],
    ["mcp.yaml", "a: [\n"],
    ["mcp.toml", "[a\n"],
    ["mcp.toml", "a = 1\n"],
  ])("%s with what is no config: %j", (path, text) => {
    expect(() => wrap(text, path)).toThrow(/^mcp\.\w+ is not valid/);
    expect(() => unwrap(text, path)).toThrow(/^mcp\.\w+ is not valid/);
  });
});

const word = fc.oneof(
  fc.string({ unit: "grapheme" }),
  fc.constantFrom("-y", "--", "serve", "--wrapped", "a b", '"', "'", "\\", "#", "${X}", "]"),
);

describe("any command line", () => {
  it("comes back, in JSON", () => {
    fc.assert(
      fc.property(word, fc.array(word), fc.constantFrom(undefined, 2, "\t"), (command, args, indent) => {
        const text = JSON.stringify(
          { mcpServers: { one: { args, command, env: { A: "1" } } } },
          null,
          indent,
        );
        const wrapped = wrap(text);
        if (wrapped.changed.length === 0) return wrapped.left[0]?.why === "it is wrapped already";
        return unwrap(wrapped.text).text === text;
      }),
      { numRuns: runsOf(1_000) },
    );
  });
});

describe("the difference", () => {
  it("is the lines that change", () => {
    const text =
      '{\n  "servers": {\n    "one": {\n      "command": "npx",\n      "args": [\n        "-y"\n      ]\n    }\n  }\n}\n';
    expect(difference(text, wrap(text).edits)).toEqual([
      '-       "command": "npx",',
      '+       "command": "holdfast",',
      '+         "serve", "--wrapped", "args", "--", "npx",',
    ]);
  });
});

describe("the difference of a file of one line", () => {
  const more = Array.from({ length: 20 }, (_, index) => [`other${index}`, { url: "https://a.example/mcp" }]);
  const text = JSON.stringify({
    servers: { one: { command: "npx", args: ["-y"] }, ...Object.fromEntries(more) },
  });

  it("is the part that changes", () => {
    expect(difference(text, wrap(text).edits)).toEqual([
      '- {"servers":{"one":{"command":"npx","args":["-y"]},"other0":{"url":"https://a.example/mcp"},"other1":{"u…',
      '+ {"servers":{"one":{"command":"holdfast","args":["serve", "--wrapped", "args", "--", "npx", "-y"]},"other0":{"url":"https://a.example/mcp"},"other1":{"u…',
    ]);
  });

  it("is cut after its secrets were taken out", () => {
    const secret = "canary".repeat(20);
    const keyed = text.replace('"https://a.example/mcp"', JSON.stringify(secret));
    const lines = difference(keyed, wrap(keyed).edits, (line) => line.replace(secret, "[redacted]"));
    expect(lines.join()).toContain("[redacted]");
    expect(lines.join()).not.toContain("canary");
  });
});

describe("writing a changed file", () => {
  function fileOf(text: string) {
    const folder = mkdtempSync(join(tmpdir(), "holdfast-rewrite-"));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const path = join(folder, "mcp.json");
    writeFileSync(path, text);
    return { folder, path };
  }

  it("leaves a file alone that was changed since it was read", async () => {
    const { folder, path } = fileOf("{}");
    const read = readWhole(path);
    writeFileSync(path, "[]");
    await expect(rewriteFile(read, "x")).rejects.toMatchObject({
      code: "CONFIG_INVALID",
      message: `${path} was changed meanwhile, and is left alone; repeat the command`,
    });
    expect(readFileSync(path, "utf8")).toBe("[]");
    expect(readdirSync(folder)).toEqual(["mcp.json"]);
  });

  it("keeps each text once, and replaces nothing that stands where it goes", async () => {
    const { folder, path } = fileOf("first");
    const other = join(folder, "other");
    writeFileSync(other, "mine");
    symlinkSync(other, `${path}.holdfast-backup`);
    const kept: string[] = [];
    for (const next of ["second", "first", "third", "first"])
      kept.push(await rewriteFile(readWhole(path), next));
    const backup = (n: number) => `${path}.holdfast-backup-${n}`;
    expect(kept).toEqual([backup(2), backup(3), backup(2), backup(4)]);
    expect([2, 3, 4].map((n) => readFileSync(backup(n), "utf8"))).toEqual(["first", "second", "third"]);
    expect([readFileSync(path, "utf8"), readFileSync(other, "utf8")]).toEqual(["first", "mine"]);
    for (const each of kept) expect(statSync(each).mode & 0o777).toBe(0o600);
  });
});

describe("the bytes of a file", () => {
  const text = '{ "servers": {} } 😀\r\n';
  const wide = Buffer.from(`\ufeff${text}`, "utf16le");
  it.each([
    ["UTF-8", Buffer.from(text)],
    ["UTF-8 with a mark", Buffer.from(`\ufeff${text}`)],
    ["UTF-16LE", Buffer.from(text, "utf16le")],
    ["UTF-16LE with a mark", wide],
    ["UTF-16BE with a mark", Buffer.from(wide).swap16()],
    ["UTF-16BE", Buffer.from(text, "utf16le").swap16()],
  ])("%s are written as they were read", (_, bytes) => {
    expect(decodeText(bytes)).toBe(text);
    expect(encodeAs(bytes, decodeText(bytes))).toEqual(bytes);
  });
});
