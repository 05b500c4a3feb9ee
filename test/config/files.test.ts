import {
  chmodSync,
  chownSync,
  lstatSync,
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
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { HoldfastError } from "../../src/base/errors.js";
import { loadConfig, readConfig } from "../../src/config/load.js";
import { replaceFile } from "../../src/config/replace-file.js";
import { updateConfigFile, writeConfig } from "../../src/config/write.js";
import { rejection } from "../support/fixtures.js";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "holdfast-config-"));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));
const at = (name: string, text?: string | Uint8Array) => {
  const path = join(directory, name);
  if (text !== undefined) writeFileSync(path, text);
  return path;
};

const COMMENTED = `{
  // what I use
  "mcpServers": {
    "one": { "command": "node", "args": ["\${SCRIPT}"], "note": "mine" }, /* keep */
  },
  "theme": "dark",
}
`;

describe("a config file is read", () => {
  it("with comments, trailing commas and a byte order mark", async () => {
    const path = at("c.json", `\uFEFF${COMMENTED}`);
    const { servers, extra } = await loadConfig(path, { variables: { SCRIPT: "s.js" } });
    expect(servers).toEqual({ one: { command: "node", args: ["s.js"], note: "mine" } });
    expect(extra).toEqual({ theme: "dark" });
  });

  it("with VS Code's inputs, which may ask a person", async () => {
    const path = at("mcp.json", '{"servers":{"s":{"url":"https://x","headers":{"A":"${input:token}"}}}}');
    const asked: string[] = [];
    const inputs = async (id: string) => {
      asked.push(id);
      return "secret";
    };
    expect((await loadConfig(path, { inputs })).servers).toMatchObject({ s: { headers: { A: "secret" } } });
    expect(asked).toEqual(["token"]);
  });

  it("or says where it is wrong, and never what stands there", async () => {
    const rows: [string, RegExp][] = [
      [join(directory, "missing.json"), /missing\.json cannot be read: ENOENT/],
      [directory, /cannot be read: EISDIR/],
      [at("cut.json", '{\n  "mcpServers": { "a": { "command": "canary" '), /is not JSON: .*line 2, column/],
      [at("text.json", "canary"), /is not JSON: InvalidSymbol \(line 1, column 1\)/],
      [at("empty.json", ""), /is empty, expected JSON/],
      [at("toml.toml", "a = canary"), /is not TOML \(line 1, column/],
      [
        at("latin1.json", Buffer.from('{ "mcpServers": { "é": 1 } }', "latin1")),
        /is neither UTF-8 nor UTF-16/,
      ],
      [at("yaml.yaml", "a: [canary\nb: c"), /is not YAML \(line/],
      [at("list.json", "[1]"), /expected an object/],
    ];
    for (const [path, message] of rows) {
      const error = (await rejection(loadConfig(path))) as HoldfastError;
      expect(error.code, path).toBe("CONFIG_INVALID");
      expect(error.message).toMatch(message);
      expect(error.message).toContain(path);
      expect(error.message.replace(path, "")).not.toContain("canary");
    }
  });
});

describe("a config file is written", () => {
  it("whole, with its variables as they stood there", () => {
    const path = at("c.json", COMMENTED);
    const copy = at("copy.json");
    writeConfig(copy, readConfig(path, { variables: { SCRIPT: "canary" } }));
    expect(JSON.parse(readFileSync(copy, "utf8"))).toEqual({
      mcpServers: { one: { command: "node", args: ["${SCRIPT}"], note: "mine" } },
      theme: "dark",
    });
    expect(statSync(copy).mode & 0o777).toBe(0o600);
  });

  it("in one place, and everything else stays: comments, order, unknown fields, variables", async () => {
    const path = at("c.json", COMMENTED);
    await updateConfigFile(path, "two", { url: "https://x", headers: { A: "${TOKEN}" } });
    const text = readFileSync(path, "utf8");
    for (const kept of [
      "// what I use",
      "/* keep */",
      '"${SCRIPT}"',
      '"theme": "dark"',
      '"${TOKEN}"',
      '"note": "mine"',
    ])
      expect(text).toContain(kept);
    expect(Object.keys(readConfig(path, { variables: { SCRIPT: "s", TOKEN: "t" } }).servers)).toEqual([
      "one",
      "two",
    ]);
    await updateConfigFile(path, "two", undefined);
    expect(Object.keys(readConfig(path, { variables: { SCRIPT: "s" } }).servers)).toEqual(["one"]);
  });

  it("in the dialect that is there, at the root too, and anew where there is none", async () => {
    const rows: [string, string | undefined, (config: Record<string, Record<string, unknown>>) => unknown][] =
      [
        ["vscode.json", '{"servers":{"a":{"command":"x"}}}', (c) => c["servers"]?.["b"]],
        ["root.json", '{"a":{"command":"x"}}', (c) => c["b"]],
        ["none.json", undefined, (c) => c["mcpServers"]?.["b"]],
        ["empty.json", "{}", (c) => c["mcpServers"]?.["b"]],
      ];
    for (const [name, text, find] of rows) {
      const path = at(name, text);
      await updateConfigFile(path, "b", { command: "y" });
      expect(find(JSON.parse(readFileSync(path, "utf8"))), name).toEqual({ command: "y" });
    }
  });

  it("not at all where something is wrong, and nothing is left behind", async () => {
    const path = at("c.json", COMMENTED);
    await expect(updateConfigFile(path, "two", { url: "nope" })).rejects.toThrow(/url: expected a URL/);
    await expect(updateConfigFile(at("bad.json", "{"), "two", { command: "x" })).rejects.toThrow(
      /is not JSON/,
    );
    await expect(updateConfigFile(join(directory, "no", "c.json"), "a", { command: "x" })).rejects.toThrow(
      /there is no folder/,
    );
    expect(() =>
      writeConfig(join(directory, "no", "c.json"), { mcpServers: { a: { command: "x" } } }),
    ).toThrow(/ENOENT/);
    expect(() => writeConfig(at("new.json"), { mcpServers: {} })).toThrow(/at least one server/);
    expect(readFileSync(path, "utf8")).toBe(COMMENTED);
    expect(readdirSync(directory).sort()).toEqual(["bad.json", "c.json"]);
  });

  it("with variables wherever they may stand, and not over a file of another form", async () => {
    const path = at("vars.json");
    writeConfig(path, { servers: { a: { url: "${BASE}/mcp", headers: { A: "${input:token}" } } } });
    await updateConfigFile(path, "b", { url: "https://host:${PORT}/mcp" });
    expect(Object.keys(JSON.parse(readFileSync(path, "utf8")).servers)).toEqual(["a", "b"]);
    const yaml = at("goose.yaml", "extensions: {}\n");
    await expect(updateConfigFile(yaml, "b", { command: "x" })).rejects.toThrow(/is YAML/);
    const project = at(
      "claude.json",
      JSON.stringify({ projects: { [process.cwd()]: { mcpServers: { p: { command: "x" } } } } }),
    );
    await updateConfigFile(project, "n", { command: "y" });
    expect(Object.keys(readConfig(project).servers)).toEqual(["p", "n"]);
  });

  it("behind a link and with its mode", async () => {
    const path = at("real.json", '{"mcpServers":{"a":{"command":"x"}}}');
    chmodSync(path, 0o640);
    const link = at("link.json");
    symlinkSync(path, link);
    await updateConfigFile(link, "b", { command: "y" });
    expect(readFileSync(path, "utf8")).toContain('"b"');
    expect(statSync(path).mode & 0o777).toBe(0o640);
    chmodSync(path, 0o664);
    writeConfig(link, { mcpServers: { a: { command: "x" } } });
    expect(statSync(path).mode & 0o777).toBe(0o664);
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
  });

  it("behind links that lead to nothing yet, and not where they lead in a circle", async () => {
    const links = [at("one.json"), at("two.json")] as const;
    symlinkSync("two.json", links[0]);
    symlinkSync(at("new.json"), links[1]);
    await updateConfigFile(links[0], "a", { command: "x" });
    expect(readFileSync(at("new.json"), "utf8")).toContain('"a"');
    expect(links.map((link) => lstatSync(link).isSymbolicLink())).toEqual([true, true]);
    symlinkSync(at("circle.json"), at("circle.json"));
    await expect(updateConfigFile(at("circle.json"), "a", { command: "x" })).rejects.toThrow(
      /more than 40 links/,
    );
  });

  it.skipIf(process.getuid?.() !== 0)("and stays its owner's", async () => {
    const path = at("theirs.json", "{}");
    chownSync(path, 1234, 1235);
    await updateConfigFile(path, "a", { command: "x" });
    expect(statSync(path)).toMatchObject({ uid: 1234, gid: 1235 });
  });

  it("by twenty at once, one after the other: nothing is lost, and nothing left behind", async () => {
    const path = at("c.json", COMMENTED);
    const names = Array.from({ length: 20 }, (_, i) => `s${i}`);
    await Promise.all(names.map((name) => updateConfigFile(path, name, { command: name })));
    expect(Object.keys(readConfig(path, { variables: { SCRIPT: "s" } }).servers)).toEqual(["one", ...names]);
    expect(readdirSync(directory)).toEqual(["c.json"]);
  });

  it("not where it changed in the last moment", () => {
    const path = at("c.json", "{}");
    expect(replaceFile(path, "lost", () => false)).toBe(false);
    expect(readFileSync(path, "utf8")).toBe("{}");
    expect(readdirSync(directory)).toEqual(["c.json"]);
  });
});
