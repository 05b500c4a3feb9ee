import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { isHoldfastError } from "../../src/base/errors.js";
import { expand } from "../../src/config/expand.js";
import { readConfig } from "../../src/config/load.js";
import { parseConfig } from "../../src/config/parse.js";
import { inferTransport } from "../../src/infer/infer.js";

const good = { command: "good" };
const beside = (entry: object, options = {}) =>
  parseConfig({ mcpServers: { good, one: entry } }, { variables: {}, ...options });
const one = (entry: object) => beside(entry).servers["one"];

describe("the words of clients for one thing", () => {
  it("how a server is reached, in any case", () => {
    const url = "https://x/mcp";
    for (const word of [
      "http",
      "HTTP",
      "streamable",
      "streamable-http",
      "Streamable HTTP",
      "streamable_http",
      "streamableHttp",
      "http-stream",
    ])
      for (const key of ["type", "transport", "transportType", "transport_type"])
        expect(one({ url, [key]: word }), word).toMatchObject({ transport: "http" });
    for (const word of ["sse", "SSE", "http+sse"])
      expect(one({ url, type: word })).toMatchObject({ transport: "sse" });
    for (const word of ["stdio", "STDIO", "local"])
      expect(one({ command: "x", type: word })).toMatchObject({ transport: "stdio" });
    expect(one({ url, type: "remote" })).not.toHaveProperty("transport");
    expect(beside({ url, type: "pigeon" }).misconfigured["one"]![0]!.path).toBe("mcpServers.one.type");
  });

  it("that it is switched off, as a boolean or a word", () => {
    const off = [false, "false", "False", "no", "off", 0, "0", "disabled"];
    for (const key of ["enabled", "isActive", "is_active", "active", "isEnabled", "start_on_launch"]) {
      for (const value of off) expect(one({ command: "x", [key]: value }), `${key} ${value}`).toBeUndefined();
      for (const value of [true, "true", "yes", null, 1])
        expect(one({ command: "x", [key]: value })).toBeDefined();
    }
    for (const value of [true, "true", "YES", "on", 1])
      expect(one({ disabled: value }), `disabled ${value}`).toBeUndefined();
    expect(one({ command: "x", disabled: "false" })).toBeDefined();
    // Nobody may guess whether it should run.
    const { misconfigured } = beside({ command: "x", enabled: "perhaps" });
    expect(misconfigured["one"]).toEqual([
      { path: "mcpServers.one.enabled", message: "expected true or false" },
    ]);
  });

  it("how long a call may take, in each unit", () => {
    const timeout = (entry: object) => {
      const { servers, warnings } = beside({ command: "x", ...entry });
      return [servers["one"]!.timeout, warnings.length];
    };
    const rows: [object, number, number?][] = [
      [{ timeout: 0 }, 0],
      [{ timeout: 60 }, 60_000, 1],
      [{ timeout: 999 }, 999_000, 1],
      [{ timeout: "60" }, 60_000, 1],
      [{ timeout: 1000 }, 1000],
      [{ timeout: "30000" }, 30_000],
      [{ timeout: "500ms" }, 500],
      [{ timeout: "60s" }, 60_000],
      [{ timeout: "1.5 minutes" }, 90_000],
      [{ timeout: "1h" }, 3_600_000],
      [{ timeoutMs: 300 }, 300],
      [{ timeout_seconds: 5 }, 5000],
      [{ requestTimeoutSec: 5 }, 5000],
      [{ tool_timeout_sec: 5 }, 5000],
      [{ timeout: 3600, alwaysAllow: [] }, 3_600_000],
      [{ timeout: 120_000, autoApprove: [] }, 120_000],
    ];
    for (const [entry, ms, warnings = 0] of rows)
      expect(timeout(entry), JSON.stringify(entry)).toEqual([ms, warnings]);
    expect(one({ command: "x", startup_timeout_ms: 900 })).toMatchObject({ connectTimeout: 900 });
    expect(one({ cmd: "x", timeout: 7200 })).toMatchObject({ timeout: 7_200_000 });
  });

  it("null is as good as absent, wherever it stands", () => {
    expect(
      one({ command: "x", args: ["a", null], env: { A: null, B: "b" }, cwd: null, url: null, timeout: null }),
    ).toEqual({ command: "x", args: ["a"], env: { B: "b" } });
    expect(one({ command: "", url: "https://x", headers: null })).toEqual({ url: "https://x" });
  });

  it("tools that are shut off one by one, and lists of those that may be used", () => {
    expect(one({ command: "x", tools: { remove: false } })).toMatchObject({
      tools: { remove: { enabled: false } },
    });
    expect(one({ command: "x", tools: ["*"] })).toEqual({ command: "x" });
    expect(one({ command: "x", tools: ["a"] })).toEqual({ command: "x", includeTools: ["a"] });
    expect(one({ command: "x", blocked_tools: ["a"] })).toEqual({ command: "x", disabledTools: ["a"] });
    expect(beside({ command: "x", disabledTools: "a" }).misconfigured["one"]![0]!.path).toBe(
      "mcpServers.one.disabledTools",
    );
  });

  it("how it is signed in to; what is not understood is named", () => {
    const remote = (entry: object) => one({ url: "https://x", ...entry });
    expect(remote({ auth: { token: "t" } })).toMatchObject({ auth: "t" });
    expect(remote({ auth: "Bearer t" })).toMatchObject({ auth: "t" });
    expect(remote({ oauth: {} })).toMatchObject({ auth: "oauth", oauth: {} });
    expect(remote({ oauth: true })).toMatchObject({ auth: "oauth" });
    for (const entry of [{ oauth: false }, { oauth: { enabled: false } }])
      expect(remote(entry)).not.toHaveProperty("auth");
    for (const [entry, path] of [
      [{ auth: { type: "basic" } }, "auth.type"],
      [{ auth: { client_secret: "s" } }, "auth"],
      [{ oauth: { callbackPort: "many" } }, "oauth.callbackPort"],
      [{ headers_helper: "x" }, "headers_helper"],
    ] as const)
      expect(beside({ url: "https://x", ...entry }).misconfigured["one"]![0]!.path).toMatch(
        new RegExp(`^mcpServers\\.one\\.(${path}|oauth)`),
      );
  });
});

describe("one wrong entry costs itself", () => {
  const config = {
    mcpServers: { good, bad: { command: "x", env: { A: "${NOT_SET}" }, timeout: -1 }, odd: 3 },
  };
  it("with every problem and path, and the others are used", () => {
    const { servers, misconfigured } = parseConfig(config, { variables: {} });
    expect(servers).toEqual({ good });
    expect(Object.values(misconfigured).map((problems) => problems.map(({ path }) => path))).toEqual([
      ["mcpServers.bad.env.A", "mcpServers.bad.timeout"],
      ["mcpServers.odd"],
    ]);
  });

  it("unless it is strict, nobody is left, or what is said of all is wrong", () => {
    const { good: _, ...others } = config.mcpServers;
    for (const work of [
      () => parseConfig(config, { variables: {}, strict: true }),
      () => parseConfig({ mcpServers: others }, { variables: {} }),
      () => parseConfig({ ...config, allow: 3 }, { variables: {} }),
    ])
      try {
        expect(work()).toBe("an error");
      } catch (error) {
        expect(isHoldfastError(error, "CONFIG_INVALID"), String(error)).toBe(true);
      }
  });
});

describe("variables", () => {
  const variables = { KEY: "k" };
  const replaced = (text: string, platform: NodeJS.Platform = "linux") =>
    expand(text, { variables }, (why) => expect.fail(why), platform);
  it("of others stay as they are", () => {
    for (const text of [
      "${#KEY}",
      "${KEY:?}",
      "${KEY%x}",
      "${x-y}",
      "{input:KEY}",
      "$KEY",
      "%KEY%",
      "${other:KEY}",
    ])
      expect(replaced(text)).toBe(text);
    expect(replaced("$${env:KEY}")).toBe("${env:KEY}");
    expect(replaced("{env:KEY} ${{ secrets.KEY }} ${{secrets.KEY}}")).toBe("k k k");
    expect(replaced("%KEY% %NOT_SET%", "win32")).toBe("k %NOT_SET%");
  });
  it("of an editor that mean nothing here are named", () => {
    const why: string[] = [];
    for (const text of ["${config:a.b}", "${command:c}", "${file:/x}", "${workspaceFolder:elsewhere}"])
      expand(text, { variables }, (message) => why.push(message));
    expect(why).toHaveLength(4);
    for (const message of why) expect(message).toMatch(/is not supported/);
  });
});

describe("a file", () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "holdfast-words-"));
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));
  const text = '{ "mcpServers": { "é": { "command": "x" } } }';
  const utf16 = (order: "le" | "be") => {
    const bytes = Buffer.from(text, "utf16le");
    return order === "le" ? bytes : bytes.swap16();
  };

  it("in every encoding of an editor, with or without a mark", () => {
    const path = join(directory, "mcp.json");
    for (const bytes of [
      Buffer.from(text),
      Buffer.from(`\uFEFF${text}`),
      utf16("le"),
      utf16("be"),
      Buffer.concat([Buffer.from([0xff, 0xfe]), utf16("le")]),
      Buffer.concat([Buffer.from([0xfe, 0xff]), utf16("be")]),
    ]) {
      writeFileSync(path, bytes);
      expect(readConfig(path).servers).toEqual({ é: { command: "x" } });
    }
  });

  it("of any ending is a config where it holds servers, and nothing else is", () => {
    const at = (name: string, content: string) => {
      writeFileSync(join(directory, name), content);
      return join(directory, name);
    };
    for (const path of [
      at("settings", text),
      at("c.conf", '[mcp_servers.a]\ncommand = "x"\n'),
      at("c.txt", "mcpServers:\n  a: { command: x }\n"),
    ])
      expect(inferTransport(path).name, path).toBeTruthy();
    for (const path of [at("README.md", "# Hello: world\n\n- [x]\n"), at("empty", "")])
      expect(() => inferTransport(path), path).toThrow(/cannot tell how to reach/);
  });

  it("of variables is read for its server, and what is not there is named", () => {
    const path = join(directory, "vars");
    writeFileSync(path, "\uFEFFA=1\nexport B='two words' # note\n\nC=\n");
    expect(one({ command: "x", envFile: path, env: { A: "own" } })).toMatchObject({
      env: { A: "own", B: "two words", C: "" },
    });
    for (const [file, why] of [
      [join(directory, "none"), /cannot be read \(ENOENT\)/],
      [directory, /is not a file/],
    ] as const) {
      const [problem] = beside({ command: "x", env_file: file }).misconfigured["one"]!;
      expect(problem).toMatchObject({ path: "mcpServers.one.env_file", message: expect.stringMatching(why) });
    }
  });
});
