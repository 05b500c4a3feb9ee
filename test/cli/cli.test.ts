import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { describe, expect, it, onTestFinished } from "vitest";
import { descendants } from "../support/descendants.js";
import { everything, everythingHttp, freePort } from "../support/everything.js";
import { fixture, until } from "../support/fixtures.js";

const main = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));

/** Runs the built command line, as a user's shell would. */
function holdfast(args: string[], env: Record<string, string> = {}, stdin: "ignore" | "pipe" = "ignore") {
  const child = spawn(process.execPath, [main, ...args], {
    stdio: [stdin, "pipe", "pipe"],
    env: { ...process.env, ...env },
  });
  const seen = { stdout: "", stderr: "" };
  child.stdout!.on("data", (chunk) => {
    seen.stdout += chunk;
  });
  child.stderr!.on("data", (chunk) => {
    seen.stderr += chunk;
  });
  const done = once(child, "close").then(([code]) => ({ ...seen, code: code as number }));
  return { child, seen, done };
}

const run = (...args: string[]) => holdfast(args).done;

describe("holdfast status", () => {
  it("shows the connection and what the server offers", async () => {
    const { stdout, code } = await run("status", everything);
    expect(stdout).toMatch(
      /index\.js {2}connected {2}mcp-servers\/everything 2\.0\.0 · legacy 2025-11-25 · pid \d+/,
    );
    expect(stdout).toMatch(/13 tools, \d+ resources, \d+ prompts/);
    expect(code).toBe(0);
  });

  it("as JSON, with nothing else on stdout", async () => {
    const { stdout, code } = await run(
      "status",
      "--json",
      "--",
      process.execPath,
      fixture("stdio-server.mjs"),
    );
    expect(JSON.parse(stdout)).toMatchObject({ state: "connected", server: { name: "fixture" }, tools: 15 });
    expect(code).toBe(0);
  });

  it("says why it cannot connect, and exits with 3", async () => {
    const port = await freePort();
    const { stdout, stderr, code } = await run("status", `http://127.0.0.1:${port}/mcp`);
    expect(stdout).toBe("");
    expect(stderr).toContain("ECONNREFUSED");
    expect(stderr).toContain("Is the server running");
    expect(code).toBe(3);
    const dead = await run("status", "--", "sh", "-c", "echo no config >&2; exit 4");
    expect(dead).toMatchObject({
      code: 3,
      stderr: expect.stringMatching(/exited with code 4[\s\S]*no config/),
    });
  });
});

describe("holdfast status of many servers", () => {
  const config = (servers: object) => {
    const directory = mkdtempSync(join(tmpdir(), "holdfast-cli-"));
    onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
    const path = join(directory, "mcp.json");
    writeFileSync(path, JSON.stringify({ mcpServers: servers }));
    return path;
  };
  const up = { command: process.execPath, args: [fixture("stdio-server.mjs")] };
  const dead = { command: "no-such-command-anywhere" };

  it("shows each, with the reason and the next try", async () => {
    const port = await freePort();
    const path = config({ up, dead, down: { url: `http://127.0.0.1:${port}/mcp` } });
    const { stdout, code } = await run("status", path);
    expect(stdout).toMatch(/^mcp\.json {2}connected/);
    expect(stdout).toMatch(/^up +ok +fixture 1\.0\.0 · legacy 2025-11-25 · pid \d+$/m);
    expect(stdout).toMatch(/^dead +misconfigured +the command "no-such-command-anywhere" was not found/m);
    expect(stdout).toMatch(/^down +unreachable +connect ECONNREFUSED/m);
    expect(code).toBe(0);
    const json = JSON.parse((await run("status", "--json", path)).stdout);
    expect(json.servers).toMatchObject({ up: { state: "connected" }, dead: { state: "closed" } });
  });

  it("fails where one did and --strict asks for it, or where all did", async () => {
    expect(await run("status", "--strict", config({ up, dead }))).toMatchObject({ code: 3 });
    const { stderr, code } = await run("status", config({ a: dead, b: dead }));
    expect(code).toBe(3);
    expect(stderr).toMatch(/2 of 2 servers could not be reached/);
    expect(await run("status", config({ a: { url: 1 } }))).toMatchObject({ code: 2 });
  });

  it("goes on with --watch, follows the file, and ends with Ctrl-C", async () => {
    const path = config({ up, other: up });
    const { child, seen, done } = holdfast(["status", "--watch", path]);
    await until(() => seen.stdout.includes("tools,"));
    writeFileSync(path, JSON.stringify({ mcpServers: { up, added: up } }));
    await until(() => /added: connected/.test(seen.stdout));
    child.kill("SIGINT");
    expect((await done).code).toBe(130);
  });
});

describe("holdfast tools, call, resources, read, prompts, prompt", () => {
  const server = ["--", process.execPath, fixture("stdio-server.mjs")];

  it("list what there is", async () => {
    const [tools, resources, prompts] = await Promise.all(
      ["tools", "resources", "prompts"].map((list) => run(list, ...server)),
    );
    expect(tools!.stdout).toContain("echo(message: string)");
    expect(resources!.stdout).toContain("note://one");
    expect(prompts!.stdout).toContain("greet(name)");
  });

  it("call a tool with typed arguments, from pairs or JSON", async () => {
    const pairs = await run("call", "echo", "message=a=b", ...server);
    expect(pairs).toMatchObject({ stdout: "Echo: a=b\n", code: 0 });
    const json = await run("call", everything, "get-sum", "a=2", "--args", '{"b": 40}');
    expect(json.stdout).toContain("42");
    const raw = await run("call", "--json", "echo", "message=x", ...server);
    expect(JSON.parse(raw.stdout)).toEqual({ content: [{ type: "text", text: "Echo: x" }] });
  });

  it("show the progress that a call reports, on stderr", async () => {
    const { stdout, stderr } = await run("call", "count", "steps=3", "ms=0", ...server);
    expect(stdout).toBe("counted\n");
    expect(stderr.trim().split("\n")).toEqual(["progress 1/3", "progress 2/3", "progress 3/3"]);
  });

  it("read a resource and fill a prompt", async () => {
    expect((await run("read", "note://one", ...server)).stdout).toBe("a note\n");
    expect((await run("prompt", "greet", "name=Ada", ...server)).stdout).toBe("user: Greet Ada\n");
  });

  it("exit with 1 where the server said no", async () => {
    const read = await run("read", "note://none", ...server);
    expect(read).toMatchObject({
      code: 1,
      stdout: "",
      stderr: expect.stringMatching(/^holdfast: .*note:\/\/none/),
    });
    const failed = await run("call", "ask", "what=sampling", ...server);
    expect(failed).toMatchObject({ code: 1, stdout: "" });
    expect(failed.stderr).toContain("sampling");
  });

  it("never show a token of the environment", async () => {
    const { stdout } = await holdfast(["tools", "--help"], { HOLDFAST_AUTH: "canary-token" }).done;
    expect(stdout).toContain("--auth");
    expect(stdout).not.toContain("canary");
  });

  it("exit with 2 where the command line is wrong, and say how it is right", async () => {
    for (const [args, message] of [
      [["call", everything], /expected the name of a tool/],
      [["call", everything, "no-such-tool"], /no tool "no-such-tool"; there are: echo/],
      [["call", everything, "echo", "message"], /expected key=value, key:=json, @file or -, got "message"/],
      [
        ["call", everything, "get-sum", "a=two"],
        /get-sum: b is missing\n {2}get-sum\(a: number, b: number\)/,
      ],
      [["call", everything, "get-sum", "a=two", "b=1"], /get-sum: a: expected number, got "two"/],
      [["call", everything, "ecoh"], /no tool "ecoh"; did you mean "echo"\? there are/],
      [["call", everything, "echo", "mesage=x"], /no argument "mesage"; did you mean "message"\?/],
      [["call", everything, "echo", "--args", "{"], /--args: /],
      [
        ["prompt", everything, "args-prompt", "cty=x"],
        /no argument "cty"; did you mean "city"\? city is missing/,
      ],
      [["status", "cursr"], /"cursr".*Did you mean "cursor"\? Accepted are/],
      [["status", everything, "--header", "a: b"], /--header is not for a target of the kind node/],
      [["status"], /expected a target/],
      [["status", "nonsense"], /"nonsense".*Accepted are/],
      [["status", everything, "--era", "new"], /Allowed choices are auto, legacy, modern/],
      [["frobnicate"], /unknown command/],
    ] as const) {
      const { code, stderr, stdout } = await run(...args);
      expect({ args, code, stdout }).toEqual({ args, code: 2, stdout: "" });
      expect(stderr).toMatch(message);
    }
  });

  it("pass headers, tokens and variables on", async () => {
    const { stdout } = await run("call", "env", "--env", "GIVEN=yes", ...server);
    expect(JSON.parse(stdout)).toMatchObject({ GIVEN: "yes" });
    const http = await everythingHttp();
    const tools = await run("tools", http.url, "--header", "X-Key: 1", "--auth", "token");
    expect(tools).toMatchObject({ code: 0, stdout: expect.stringContaining("echo") });
    await http.stop();
  });
});

describe("holdfast call", () => {
  const server = ["--", process.execPath, fixture("stdio-server.mjs")];

  it("takes the arguments as JSON on stdin", async () => {
    const { child, done } = holdfast(["call", everything, "get-sum", "-"], {}, "pipe");
    child.stdin!.end('{"a": 2, "b": 40}');
    expect((await done).stdout).toContain("42");
  });

  it("exits with 4 when the deadline passes, and names server and tool", async () => {
    const { stdout, stderr, code } = await run("call", "never", "--timeout", "5", ...server);
    expect({ stdout, code }).toEqual({ stdout: "", code: 4 });
    expect(stderr).toMatch(/^holdfast: .*node.*: "never" was not answered within 5 s/);
    expect(stderr).toContain("--timeout gives it longer");
  });
});

describe("one server of a config", () => {
  const directory = () => {
    const made = mkdtempSync(join(tmpdir(), "holdfast-cli-"));
    onTestFinished(() => rmSync(made, { recursive: true, force: true }));
    return made;
  };
  const demo = { command: process.execPath, args: [fixture("stdio-server.mjs")] };

  it("is reached alone, under its own names, and nothing else is started", async () => {
    const folder = directory();
    const path = join(folder, "mcp.json");
    const mark = join(folder, "started");
    const other = { command: "touch", args: [mark] };
    writeFileSync(path, JSON.stringify({ mcpServers: { demo, other } }));
    const { stdout, stderr, code } = await run("call", `${path}:demo`, "echo", "message=x");
    expect({ stdout, stderr, code }).toEqual({ stdout: "Echo: x\n", stderr: "", code: 0 });
    expect(existsSync(mark)).toBe(false);
    const unknown = await run("tools", `${path}:demi`);
    expect(unknown).toMatchObject({ code: 2, stdout: "" });
    expect(unknown.stderr).toContain('no server "demi"; did you mean "demo"? it has: demo, other');
  });

  it("of any dialect, whatever else is wrong there", async () => {
    const path = join(directory(), "config.toml");
    const args = JSON.stringify(demo.args);
    writeFileSync(
      path,
      `[mcp_servers.demo]\ncommand = ${JSON.stringify(demo.command)}\nargs = ${args}\n[mcp_servers.wrong]\nurl = 1\n`,
    );
    expect(await run("call", `${path}:demo`, "echo", "message=x")).toMatchObject({ stdout: "Echo: x\n" });
    const wrong = await run("tools", `${path}:wrong`);
    expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining("url: expected string") });
  });

  it("that fails beside others says why in one line, with what its process said last; tries are not told in a pipe", async () => {
    const path = join(directory(), "mcp.json");
    const dead = { command: "sh", args: ["-c", "echo first >&2; echo no config >&2; exit 4"] };
    const thrown = { command: process.execPath, args: ["-e", "throw new Error('no key')"] };
    writeFileSync(path, JSON.stringify({ mcpServers: { demo, dead, thrown, wrong: { url: 1 } } }));
    const { stdout, stderr, code } = await run("tools", path);
    expect(stdout).toContain("demo_echo(message: string)");
    expect(stderr.trim().split("\n")).toEqual([
      'dead: it exited with code 4, saying "no config": read its last lines on stderr, and start its command by hand',
      // Node ends what it says with its own version.
      'thrown: it exited with code 1, saying "Error: no key": read its last lines on stderr, and start its command by hand',
      "wrong: mcpServers.wrong.url: expected string, received number",
    ]);
    expect(code).toBe(0);
    const verbose = await run("tools", "--verbose", path);
    expect(verbose.stderr).toMatch(/^dead: connecting\.waiting/m);
  });
});

describe("Ctrl-C", () => {
  it("leaves nothing behind, whatever the server thinks of it", async () => {
    const { child, seen, done } = holdfast([
      "call",
      "never",
      "--verbose",
      "--",
      process.execPath,
      fixture("stubborn-server.mjs"),
    ]);
    await until(() => seen.stderr.includes("connected.steady"));
    const pids = descendants(child.pid).length;
    expect(pids).toBeGreaterThanOrEqual(2);
    child.kill("SIGINT");
    expect(await done).toMatchObject({ code: 130 });
    expect(descendants().filter((line) => line.includes("stubborn"))).toEqual([]);
  });
});

describe("the demo", () => {
  it("shows both recoveries, which calls were sent again and which were reported, and exits with 0", async () => {
    const { stdout, code } = await run("demo");
    expect(code).toBe(0);
    expect(stdout).toMatch(/stdio +connecting\.waiting \(wire\.lost.*killed by SIGKILL/);
    expect(stdout).toMatch(/tools\/list was lost \(unknown\): sent again/);
    expect(stdout).toMatch(/stdio +echo was lost \(unknown\): sent again/);
    expect(stdout).toMatch(/toggle-simulated-logging was lost: reported as outcome: unknown/);
    expect(stdout).toMatch(/trigger-long-running-operation was lost: reported as outcome: unknown/);
    expect(stdout).toMatch(/http +connected\.probing/);
    expect(stdout).toMatch(/^stdio +connected +2 +4 +2 +1 +\d/m);
    expect(stdout).toMatch(/^http +connected +\d+ +3 +1 +1 +\d/m);
    expect(stdout).toMatch(/^memory +connected +1 +2 +0 +0 +never lost/m);
    expect(stdout).toMatch(/^ {2}killed during echo, .*: answered, by a new process$/m);
    expect(stdout).toMatch(
      /^ {2}killed during toggle-simulated-logging, .*: CONNECTION_LOST, outcome: unknown$/m,
    );
    expect(stdout).toMatch(/^ {2}the next echo: answered, in the same session of the client$/m);
    for (const name of ["node", "npx", "sse", "websocket"])
      expect(stdout, name).toMatch(new RegExp(`^  ${name} +echo answered, before and after`, "m"));
    // What needs Python is shown or left out with the reason.
    for (const name of ["python", "fastmcp", "uv", "uvx"])
      expect(stdout, name).toMatch(new RegExp(`^  ${name} +(\\w+ answered|left out: .+)`, "m"));
  });
});

describe("holdfast inspect", () => {
  it("prints its address at once, stays though the server cannot be reached, and ends with Ctrl-C", async () => {
    const { child, seen, done } = holdfast(["inspect", "--", "no-such-command-anywhere"]);
    await until(() => seen.stderr.includes("the page stays"));
    expect(seen.stdout).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/[\w-]{24}\/$/m);
    expect(seen.stderr).toContain("no-such-command-anywhere");
    const page = await fetch(seen.stdout.trim());
    expect(page.status).toBe(200);
    await page.text();
    child.kill("SIGINT");
    expect((await done).code).toBe(0);
    expect(descendants(child.pid)).toEqual([]);
  });

  it("says what is wrong with a recording", async () => {
    const directory = mkdtempSync(join(tmpdir(), "holdfast-cli-"));
    onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
    const file = join(directory, "a.jsonl");
    writeFileSync(file, "garbage");
    expect(await run("inspect", file)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("line 1 is not JSON"),
    });
  });
});

it("says what is wrong with a command line in its own name, and shows no braces", async () => {
  expect(await run("stauts")).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/^holdfast: unknown command 'stauts'\n\(Did you mean status\?\)/),
  });
  expect((await run("tools", "--no-such")).stderr).toMatch(/^holdfast: unknown option/);
  expect((await run("tools", "--help")).stdout).not.toContain("{}");
});

describe.skipIf(!existsSync("/dev/full"))("an output that takes nothing more", () => {
  it("is an error, and one whose reader has gone is none", async () => {
    const shell = (line: string) =>
      execa("bash", ["-c", line, "bash", process.execPath, main], { reject: false });
    const full = await shell('"$1" "$2" chart > /dev/full');
    expect(full).toMatchObject({ exitCode: 1, stderr: expect.stringContaining("was not written") });
    const gone = await shell('"$1" "$2" chart | true; echo "${PIPESTATUS[0]}"');
    expect(gone).toMatchObject({ stdout: "0", stderr: "" });
  });
});

describe("holdfast chart", () => {
  it("prints the machine, for people and for programs", async () => {
    const [drawn, json] = await Promise.all([run("chart"), run("chart", "--json")]);
    expect(drawn.stdout).toContain("connecting --> connected: wire.opened");
    const { states, edges } = JSON.parse(json.stdout);
    expect(states).toHaveLength(9);
    expect(edges).toContainEqual({ from: "connecting.waiting", to: "connecting.opening" });
  });
});
