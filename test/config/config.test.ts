import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type HoldfastError, isHoldfastError } from "../../src/base/errors.js";
import { parseConfig } from "../../src/config/parse.js";
import { runsOf } from "../support/runs.js";

const of = (server: unknown) => ({ mcpServers: { s: server } });
const first = (config: unknown, options = {}) => Object.values(parseConfig(config, options).servers)[0];

describe("a config is read in every dialect", () => {
  const expected = { weather: { command: "node", args: ["w.js"] }, news: { url: "https://example.com/mcp" } };
  const entries = { weather: { command: "node", args: ["w.js"] }, news: { url: "https://example.com/mcp" } };
  const rows: [string, unknown][] = [
    ["mcpServers", { mcpServers: entries }],
    ["servers at the root", entries],
    ["servers at the root, with a schema beside them", { $schema: "https://x", ...entries }],
    ["VS Code's servers and inputs", { servers: entries, inputs: [] }],
    ["VS Code's settings", { "editor.fontSize": 12, mcp: { servers: entries } }],
    [
      "Windsurf's serverUrl",
      { mcpServers: { weather: entries.weather, news: { serverUrl: "https://example.com/mcp" } } },
    ],
    [
      "Claude Code's project, beside its own",
      {
        mcpServers: { weather: entries.weather },
        projects: { [process.cwd()]: { mcpServers: { news: entries.news } } },
      },
    ],
    [
      "Goose's extensions",
      {
        extensions: {
          weather: { type: "stdio", cmd: "node", args: ["w.js"], enabled: true },
          news: { type: "streamable_http", uri: "https://example.com/mcp", enabled: true },
          off: { type: "builtin", enabled: false },
        },
      },
    ],
  ];
  for (const [name, config] of rows)
    it(name, () => {
      const { servers } = parseConfig(config);
      expect(Object.keys(servers)).toEqual(["weather", "news"]);
      expect(servers).toMatchObject(expected);
    });

  it("Gemini's httpUrl, and every word for how a server is reached", () => {
    const transport = (server: object) =>
      first(of({ url: "https://x/sse", ...server })) as { transport?: string };
    expect(first(of({ httpUrl: "https://x/sse" }))).toMatchObject({
      transport: "http",
      url: "https://x/sse",
    });
    for (const word of ["http", "streamable-http", "streamableHttp", "streamable_http"]) {
      expect(transport({ type: word }).transport).toBe("http");
      expect(transport({ transport: word }).transport).toBe("http");
    }
    expect(transport({ type: "sse" }).transport).toBe("sse");
    expect(transport({}).transport).toBeUndefined();
    expect(first(of({ url: "wss://x", type: "websocket" }))).toMatchObject({ transport: "ws" });
  });

  it("with the words of each for the same thing, and what it does not know kept", () => {
    const { servers, extra } = parseConfig({
      mcpServers: {
        s: {
          command: "x",
          keep_alive: false,
          mode: "legacy",
          include_tags: ["a"],
          timeout: 5_000,
          icon: "i",
          env: { N: 1, B: true },
        },
        off: { disabled: true },
      },
      theme: "dark",
    });
    expect(servers).toEqual({
      s: {
        command: "x",
        keepAlive: false,
        era: "legacy",
        includeTags: ["a"],
        timeout: 5_000,
        icon: "i",
        env: { N: "1", B: "true" },
      },
    });
    expect(extra).toEqual({ theme: "dark" });
    expect(first({ extensions: { s: { cmd: "x", timeout: 300 } } })).toMatchObject({ timeout: 300_000 });
  });

  it("once: what was read is taken as it is", () => {
    const config = parseConfig(of({ command: "x" }));
    expect(parseConfig(config)).toBe(config);
  });
});

describe("variables in a config", () => {
  const variables = { KEY: "k", EMPTY: "" };
  const expand = (text: string, options = {}) =>
    (first(of({ command: "x", args: [text] }), { variables, ...options }) as { args: string[] }).args[0];

  it("are replaced in every form", () => {
    expect(expand("${KEY}")).toBe("k");
    expect(expand("a-${env:KEY}-${KEY}")).toBe("a-k-k");
    expect(expand("${NONE:-fallback}")).toBe("fallback");
    expect(expand("${NONE:-}")).toBe("");
    expect(expand("${env:NONE:-fallback}")).toBe("fallback");
    expect(expand("${EMPTY:-fallback}")).toBe("fallback");
    expect(expand("${KEY:-fallback}")).toBe("k");
    expect(expand("$${KEY} costs $$5 or $5")).toBe("${KEY} costs $5 or $5");
    expect(expand("${KEY} ${ $$5 ${KEY")).toBe("k ${ $5 ${KEY");
    expect(expand("${a${KEY}")).toBe("${ak");
    expect(expand("${workspaceFolder}")).toBe(process.cwd());
    expect(expand("${input:token}", { inputs: (id: string) => `<${id}>` })).toBe("<token>");
  });

  it("cost no more than the text is long", () => {
    // The square of these would take hours.
    for (const part of ["${", "${a", "${a:", "${a:-", "${a::", "$"]) {
      const text = part.repeat(500_000);
      expect(expand(text)).toHaveLength(part === "$" ? text.length / 2 : text.length);
      expect(() => expand(`${text}}`)).not.toThrow(RangeError);
    }
  });

  it("are replaced in what reaches the server, and nowhere else", () => {
    const server = first(
      of({ url: "https://${KEY}/", headers: { A: "${KEY}" }, auth: "${KEY}", description: "${KEY}" }),
      { variables },
    );
    expect(server).toMatchObject({
      url: "https://k/",
      headers: { A: "k" },
      auth: "k",
      description: "${KEY}",
    });
  });

  it("that are not set are named, with where they stand", () => {
    expect(() =>
      parseConfig(of({ url: "https://x", headers: { Authorization: "Bearer ${TOKEN}" } }), { variables }),
    ).toThrow(/mcpServers\.s\.headers\.Authorization: the variable TOKEN is not set/);
    expect(() => expand("${input:token}")).toThrow(/the input "token" has no answer/);
  });
});

const CANARY = "canary-secret";

/** Each wrong config, and what its error says. */
const wrong: [name: string, config: unknown, message: RegExp][] = [
  ["nothing", undefined, /expected an object/],
  ["null", null, /expected an object/],
  ["a text", CANARY, /expected an object/],
  ["a number", 3, /expected an object/],
  ["a list", [CANARY], /expected an object/],
  ["an empty object", {}, /no servers: expected mcpServers/],
  ["an object without servers", { theme: "dark" }, /no servers/],
  ["a fastmcp.json", { source: { path: "server.py" }, deployment: {} }, /fastmcp\.json/],
  ["servers that are a list", { mcpServers: [CANARY] }, /mcpServers: expected an object/],
  ["a list without a server", { mcpServers: [] }, /mcpServers: expected at least one server/],
  ["servers that are a text", { mcpServers: CANARY }, /mcpServers: expected an object/],
  ["servers that are null", { mcpServers: null }, /no servers/],
  ["no server", { mcpServers: {} }, /expected at least one server/],
  ["only servers that are off", of({ command: "x", disabled: true }), /every server is disabled/],
  ["a server that is a text", of(CANARY), /mcpServers\.s: expected an object with a command or a url/],
  ["a server that is a list", of([CANARY]), /mcpServers\.s: expected an object/],
  ["a server that is null", of(null), /mcpServers\.s: expected an object/],
  ["a server without a way", of({ args: [] }), /mcpServers\.s: expected a command or a url/],
  ["a server with two ways", of({ command: "x", url: "https://x" }), /has a command and a url/],
  ["a command that is empty", of({ command: "" }), /mcpServers\.s\.command: .*>=1 characters/],
  ["a command that is an empty list", of({ command: [] }), /s: expected a command or a url/],
  [
    "a command that is a list of numbers",
    of({ command: [1] }),
    /s\.command: expected string, received number/,
  ],
  [
    "arguments that are a text",
    of({ command: "x", args: `${CANARY} two` }),
    /s\.args: expected array, received string/,
  ],
  ["an argument that is an object", of({ command: "x", args: ["a", { a: CANARY }] }), /s\.args\[1\]: /],
  [
    "an environment that is a list",
    of({ command: "x", env: [CANARY] }),
    /s\.env: expected record, received array/,
  ],
  ["a variable that is an object", of({ command: "x", env: { A: {} } }), /s\.env\.A/],
  [
    "Goose's variables, wrong",
    { extensions: { s: { cmd: "x", envs: 3 } } },
    /extensions\.s\.envs: expected record/,
  ],
  ["a directory that is a number", of({ command: "x", cwd: 1 }), /s\.cwd: expected string, received number/],
  ["a url that is none", of({ url: CANARY }), /s\.url: expected a URL/],
  ["a url that is a number", of({ url: 1 }), /s\.url: expected string/],
  ["Windsurf's url, wrong", of({ serverUrl: "nope" }), /s\.serverUrl: expected a URL/],
  ["a url of another scheme", of({ url: "ftp://x" }), /s\.url: expected an http, https, ws or wss URL/],
  ["headers that are a text", of({ url: "https://x", headers: CANARY }), /s\.headers: expected record/],
  ["a header that is a list", of({ url: "https://x", headers: { A: [CANARY] } }), /s\.headers\.A: /],
  [
    "a transport that nobody knows",
    of({ url: "https://x", transport: "pigeon" }),
    /s\.transport: .*"http"\|"sse"\|"ws"/,
  ],
  ["a type that nobody knows", of({ url: "https://x", type: "pigeon" }), /s\.type: .*"http"\|"sse"\|"ws"/],
  ["a url over stdio", of({ url: "https://x", type: "stdio" }), /s\.type: a url is reached by http, sse, ws/],
  [
    "a command over http",
    of({ command: "x", transport: "http" }),
    /s\.transport: a command is reached by stdio/,
  ],
  [
    "a web page as a socket",
    of({ url: "https://x", transport: "ws" }),
    /s\.url: is not reached by the transport "ws"/,
  ],
  ["auth that is a number", of({ url: "https://x", auth: 1 }), /s\.auth: expected a bearer token/],
  ["a timeout below zero", of({ command: "x", timeout: -1 }), /s\.timeout: .*>=0/],
  [
    "a timeout in words",
    of({ command: "x", timeout: "soon" }),
    /s\.timeout: expected number, received string/,
  ],
  [
    "keep_alive in words",
    of({ command: "x", keep_alive: "yes" }),
    /s\.keep_alive: expected boolean, received string/,
  ],
  ["an era that nobody knows", of({ command: "x", era: "stone" }), /s\.era: .*"auto"\|"legacy"\|"modern"/],
  ["tags that are a text", of({ command: "x", include_tags: "a" }), /s\.include_tags: expected array/],
  [
    "a transform with a field that nobody knows",
    of({ command: "x", tools: { t: { nmae: "x" } } }),
    /s\.tools\.t: Unrecognized key: "nmae"/,
  ],
  [
    "a transform of an argument, likewise",
    of({ command: "x", tools: { t: { arguments: { a: { hidden: true } } } } }),
    /tools\.t\.arguments\.a: Unrecognized key: "hidden"/,
  ],
  [
    "two tools renamed to one",
    of({ command: "x", tools: { a: { name: "c" }, b: { name: "c" } } }),
    /s\.tools\.b\.name: another tool is called "c" already/,
  ],
];

describe("a wrong config gives one clear error", () => {
  for (const [name, config, message] of wrong)
    it(name, () => {
      const error = thrown(() => parseConfig(config));
      expect(isHoldfastError(error, "CONFIG_INVALID")).toBe(true);
      expect((error as HoldfastError).message).toMatch(message);
      expect(`${(error as HoldfastError).message} ${JSON.stringify(error)}`).not.toContain(CANARY);
    });

  it("that lists everything, each with its path", () => {
    const error = thrown(() =>
      parseConfig(
        {
          mcpServers: {
            a: { args: [] },
            b: { url: "nope" },
            c: { command: "x", args: [{}], env: { A: "${NOPE}" } },
          },
        },
        { variables: {} },
      ),
    ) as HoldfastError<"CONFIG_INVALID"> & { problems: { path: string }[] };
    expect(error.problems.map(({ path }) => path)).toEqual([
      "mcpServers.a",
      "mcpServers.b.url",
      "mcpServers.c.env.A",
      "mcpServers.c.args[0]",
    ]);
    expect(error.message.split("\n")).toHaveLength(5);
  });

  it("that contains itself, or is nested without end: where that is", () => {
    const loop: unknown[] = ["x"];
    loop.push(loop, loop);
    let deep: unknown = "x";
    for (let level = 0; level < 100_000; level++) deep = [deep];
    const env: Record<string, unknown> = {};
    env["self"] = { env };
    const servers = { loop: { command: "x", args: loop, env }, deep: { url: "http://x", headers: { deep } } };
    const error = thrown(() => parseConfig({ mcpServers: servers })) as HoldfastError<"CONFIG_INVALID">;
    expect(isHoldfastError(error, "CONFIG_INVALID"), String(error)).toBe(true);
    expect(error.message.split("\n").slice(1)).toEqual(
      expect.arrayContaining([
        "  mcpServers.loop.args[1]: contains itself",
        "  mcpServers.loop.env.self.env: contains itself",
        `  mcpServers.deep.headers.deep${"[0]".repeat(19)}: is nested deeper than 20 levels`,
      ]),
    );
  });

  it("and nothing else, whatever is done to it", () => {
    const good = {
      mcpServers: {
        a: {
          command: "node",
          args: ["x"],
          env: { KEY: CANARY, N: 1 },
          keep_alive: true,
          tools: { t: { arguments: { b: { hide: true } } } },
        },
        b: { url: "https://x/mcp", headers: { A: CANARY }, auth: CANARY, type: "sse", timeout: 5 },
      },
    };
    const paths = pathsOf(good);
    const junk = fc.oneof(
      fc.anything(),
      fc.jsonValue(),
      fc.constantFrom(undefined, null, "", "${NONE}", -1, Number.NaN, ITSELF),
      // Made anew: what one run changes in it, the next must not see.
      fc.constantFrom([], {}).map((empty) => structuredClone(empty)),
    );
    const mutation = fc.record({
      path: fc.constantFrom(...paths),
      value: junk,
      rename: fc.option(fc.string()),
    });
    fc.assert(
      fc.property(fc.array(mutation, { minLength: 1, maxLength: 4 }), (mutations) => {
        const config = structuredClone(good);
        for (const { path, value, rename } of mutations) mutate(config, path, value, rename);
        try {
          parseConfig(config, { variables: {} });
        } catch (error) {
          expect(isHoldfastError(error, "CONFIG_INVALID"), String(error)).toBe(true);
          expect((error as Error).message).not.toContain(CANARY);
        }
      }),
      { numRuns: runsOf(5_000) },
    );
  });
});

function thrown(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}

function pathsOf(value: unknown, at: string[] = []): string[][] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => [[...at, key], ...pathsOf(inner, [...at, key])]);
}

/** Stands for the config itself. */
const ITSELF = Symbol("itself");

function mutate(root: object, path: readonly string[], value: unknown, rename: string | null): void {
  let at = root as Record<string, unknown>;
  for (const key of path.slice(0, -1)) {
    if (typeof at[key] !== "object" || at[key] === null) return;
    at = at[key] as Record<string, unknown>;
  }
  const key = path.at(-1)!;
  const put = value === ITSELF ? root : value;
  // Only objects have names to change: an array renamed to `length` throws here, not in parseConfig.
  if (rename === null || Array.isArray(at)) at[key] = put;
  else {
    at[rename] = at[key];
    delete at[key];
  }
}
