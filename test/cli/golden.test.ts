import { execFileSync, spawnSync } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { fixture } from "../support/fixtures.js";

// What each command prints, in a pipe and on terminals. `HOLDFAST_GOLDEN=1 npx vitest run test/cli/golden.test.ts` writes them anew.

const main = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));
const golden = fileURLToPath(new URL("./golden/", import.meta.url));
const WRITE = process.env["HOLDFAST_GOLDEN"] === "1";
const folder = mkdtempSync(join(tmpdir(), "holdfast-golden-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

// What is cut at the width of a terminal must be as long on every machine: no path of this one.
const demo = { command: "node", args: ["server.mjs"] };
copyFileSync(fixture("golden-server.mjs"), join(folder, "server.mjs"));
writeFileSync(
  join(folder, "mcp.json"),
  JSON.stringify({
    mcpServers: {
      demo,
      gone: { command: "no-such-command-anywhere" },
      wrong: { url: 1, headers: { a: [] } },
    },
  }),
);
mkdirSync(join(folder, "home/.cursor"), { recursive: true });
writeFileSync(
  join(folder, "home/.cursor/mcp.json"),
  JSON.stringify({
    mcpServers: {
      weather: { command: "npx", args: ["-y", "weather-server", "--api-key=not-to-be-seen-0123456789"] },
      off: { url: "https://example.com/mcp", disabled: true },
    },
  }),
);
/** What `wrap` changes, so that each run begins with it. */
const WORK = `{
  "mcpServers": {
    // mine
    "weather": {
      "command": "npx",
      "args": ["-y", "weather-server", "--api-key=not-to-be-seen-0123456789"],
      "env": { "UNITS": "metric" }
    },
    "notes": { "command": "uvx", "args": ["notes"], "disabled": true },
    "docs": { "url": "https://example.com/mcp" }
  }
}
`;
/** A home in which several things are wrong. */
const ill = join(folder, "ill");
for (const made of [".cursor", ".lmstudio", ".codex"]) mkdirSync(join(ill, made), { recursive: true });
writeFileSync(
  join(ill, ".cursor/mcp.json"),
  JSON.stringify({
    mcpServers: {
      weather: { command: "weather-server", args: ["--stdio"] },
      notes: { command: "node", args: ["/nowhere/notes.mjs"], env: { NOTES_KEY: "${NOTES_KEY}" } },
      docs: { url: "https://example.com/mcp", oauth: { clientId: "me" } },
      time: { command: "node", args: ["-p", "1"] },
    },
  }),
);
writeFileSync(
  join(ill, ".lmstudio/mcp.json"),
  JSON.stringify({ mcpServers: { clock: { command: "node", args: ["-p", "1"] } } }),
);
writeFileSync(join(ill, ".codex/config.toml"), "[mcp_servers.one\n");
mkdirSync(join(folder, "bin"));
symlinkSync(main, join(folder, "bin/holdfast"));
writeFileSync(join(folder, "arguments.json"), '{"message": "日本語", "times": 2}');

const COMMANDS: Record<string, string[]> = {
  status: ["status", "mcp.json"],
  tools: ["tools", "mcp.json"],
  "tools-one": ["tools", "mcp.json:demo"],
  "tools-long": ["tools", "--long", "mcp.json:demo"],
  "tools-json": ["tools", "--json", "mcp.json:demo"],
  prompts: ["prompts", "mcp.json:demo"],
  resources: ["resources", "mcp.json:demo"],
  call: ["call", "mcp.json:demo", "echo", "@arguments.json"],
  "call-json": ["call", "mcp.json:demo", "echo", "message=hello", "--json"],
  "call-slip": ["call", "mcp.json:demo", "echo", "mesage=hello"],
  "call-failed": ["call", "mcp.json:demo", "fail"],
  "call-deadline": ["call", "mcp.json:demo", "never", "--timeout", "5"],
  read: ["read", "mcp.json:demo", "note://one"],
  prompt: ["prompt", "mcp.json:demo", "greet", "name=Ada"],
  "no-server": ["status", "mcp.json:gone"],
  "no-target": ["status", "cursr"],
  misconfigured: ["status", "mcp.json:wrong"],
  discover: ["discover"],
  doctor: ["doctor"],
  wrap: ["wrap", "work.json", "--yes"],
  "wrap-unasked": ["wrap", "work.json"],
  generate: ["generate", "types", "mcp.json:demo"],
};

/** Those that print a table, or what a terminal shows in another way. */
const WIDE = [
  "status",
  "tools",
  "tools-one",
  "tools-long",
  "prompts",
  "resources",
  "call",
  "call-failed",
  "discover",
  "doctor",
  "wrap",
];

/** What a command sees besides. */
const ENVIRONMENTS: Record<string, Record<string, string>> = { doctor: { HOME: ill } };

/** Without what differs by machine or run. */
const settled = (text: string): string =>
  text
    .replaceAll(folder, "/tmp")
    // Others may run daemons on this machine.
    .replace(/^process \d+ .*\n/gm, "")
    .replace(/pid \d+/g, "pid 1")
    .replace(/[ \t]+$/gm, "")
    .trimEnd();

const environment = {
  ...process.env,
  ...{ HOME: join(folder, "home"), NO_COLOR: "", FORCE_COLOR: "", LC_ALL: "C.UTF-8" },
  PATH: [join(folder, "bin"), dirname(process.execPath), process.env["PATH"]].join(delimiter),
};
const env = Object.fromEntries(
  Object.entries(environment).filter(
    ([name, value]) => value && !/^(XDG_|HOLDFAST_|CI$|COLORTERM)/.test(name),
  ),
) as Record<string, string>;

function inPipe(args: string[], more: Record<string, string> = {}): string {
  writeFileSync(join(folder, "work.json"), WORK);
  const { stdout, stderr, status } = spawnSync(process.execPath, [main, ...args], {
    cwd: folder,
    env: { ...env, ...more },
    encoding: "utf8",
  });
  const parts = [stdout && `stdout:\n${stdout}`, stderr && `stderr:\n${stderr}`, `exit code: ${status}`];
  return settled(parts.filter(Boolean).join("\n"));
}

const quoted = (word: string) => `'${word.replaceAll("'", "'\\''")}'`;

/** What is left on a terminal of so many columns: in tmux where it is there, else by `script`. */
function onTerminal(args: string[], columns: number, more: Record<string, string> = {}): string {
  writeFileSync(join(folder, "work.json"), WORK);
  const line = [process.execPath, main, ...args].map(quoted).join(" ");
  return settled(hasTmux ? inTmux(line, columns, more) : inScript(line, columns, more));
}

const hasTmux = !process.env["HOLDFAST_SCRIPT"] && spawnSync("tmux", ["-V"]).status === 0;
const hasScript = spawnSync("script", ["--version"]).status === 0;

/** Each has a server of its own: one that ends takes no other with it. */
let terminals = 0;

function inTmux(line: string, columns: number, more: Record<string, string>): string {
  const socket = `holdfast-${process.pid}-${++terminals}`;
  const tmux = (...args: string[]) =>
    execFileSync("tmux", ["-f", "/dev/null", "-L", socket, ...args], {
      cwd: folder,
      env: { ...env, ...more },
      encoding: "utf8",
    });
  // The screen outlives the command, which tells by the channel that it is over.
  const script = `${line}; echo "exit code: $?"; tmux -L ${socket} wait-for -S done; cat`;
  tmux("new-session", "-d", "-x", String(columns), "-y", "120", script);
  try {
    tmux("wait-for", "done");
    return tmux("capture-pane", "-p", "-J");
  } finally {
    tmux("kill-server");
  }
}

function inScript(line: string, columns: number, more: Record<string, string>): string {
  const sized = `stty cols ${columns} rows 120; ${line}; echo "exit code: $?"`;
  const { stdout } = spawnSync("script", ["-qec", sized, "/dev/null"], {
    cwd: folder,
    env: { ...env, TERM: "xterm", ...more },
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  });
  return shown(stdout);
}

/** What a terminal would show of this: the live lines go up and erase what is below. */
function shown(raw: string): string {
  const lines: string[] = [""];
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for.
  for (const part of raw.replaceAll("\r\n", "\n").split(/(\u001b\[\d*[A-Za-z]|\n)/)) {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for.
    const up = /^\u001b\[(\d+)A$/.exec(part);
    if (up) lines.splice(lines.length - 1 - Number(up[1]), Number(up[1]));
    else if (part === "\n") lines.push("");
    else if (!part.startsWith("\u001b")) lines[lines.length - 1] += part;
  }
  return lines.join("\n");
}

function compare(name: string, kind: string, text: string): void {
  const file = join(golden, `${name}.${kind}.txt`);
  if (WRITE) writeFileSync(file, `${text}\n`);
  expect(text).toBe(existsSync(file) ? readFileSync(file, "utf8").trimEnd() : `no file ${file}`);
}

describe("in a pipe", () => {
  it.each(Object.entries(COMMANDS))("holdfast %s", (name, args) =>
    compare(name, "pipe", inPipe(args, ENVIRONMENTS[name])),
  );
});

describe.skipIf(!hasTmux && !hasScript).each([80, 200])("on a terminal of %i columns", (columns) => {
  it.each(WIDE.map((name) => [name, COMMANDS[name]!] as const))("holdfast %s", (name, args) =>
    compare(name, String(columns), onTerminal(args, columns, ENVIRONMENTS[name])),
  );
});

describe.skipIf(!hasScript)("colours", () => {
  const raw = (more: Record<string, string>) =>
    spawnSync(
      "script",
      ["-qec", [process.execPath, main, "status", "mcp.json"].map(quoted).join(" "), "/dev/null"],
      {
        cwd: folder,
        env: { ...env, TERM: "xterm-256color", ...more },
        encoding: "utf8",
        stdio: ["ignore", "pipe", "inherit"],
      },
    ).stdout;

  it("are there where a terminal takes them, and not with NO_COLOR or on a dumb one", () => {
    expect(raw({})).toContain("\u001b[32mok\u001b[39m");
    // The live lines move the cursor, and colour nothing.
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for.
    for (const more of [{ NO_COLOR: "1" }, { TERM: "dumb" }]) expect(raw(more)).not.toMatch(/\u001b\[\d*m/);
  });

  it("change nothing else", () => {
    const plain = onTerminal(["status", "mcp.json"], 80, { NO_COLOR: "1" });
    compare("status", "80", plain);
  });
});

it("no recording of a command that is gone", () => {
  const names = Object.keys(COMMANDS).flatMap((name) =>
    ["pipe", ...(WIDE.includes(name) ? ["80", "200"] : [])].map((kind) => `${name}.${kind}.txt`),
  );
  expect(readdirSync(golden).toSorted()).toEqual(names.toSorted());
});

it.each(["wrap", "doctor"])("docs/wrap.md quotes what %s prints at 80 columns", (name) => {
  const page = readFileSync(new URL("../../docs/wrap.md", import.meta.url), "utf8");
  const recording = readFileSync(join(golden, `${name}.80.txt`), "utf8").replace(/exit code: \d+\n$/, "");
  expect(page).toContain(`$ holdfast ${COMMANDS[name]!.join(" ")}\n${recording}\`\`\``);
});
