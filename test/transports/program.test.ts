import { type ChildProcess, type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import { descendants } from "../support/descendants.js";
import { everythingHttp, freePort } from "../support/everything.js";
import { fixture, lives, until } from "../support/fixtures.js";
import { describeWith } from "../support/peers.js";

const STDIO: { stdio: ["ignore", "pipe", "inherit"] } = { stdio: ["ignore", "pipe", "inherit"] };
const root = fileURLToPath(new URL("../../", import.meta.url));

/** Runs a program of the fixtures against the built package. */
const program = (...args: string[]) => running(spawn(process.execPath, args, STDIO));

/** The same with so few descriptors. */
const programOf = (descriptors: number, ...args: string[]) =>
  running(
    spawn("/bin/sh", ["-c", `ulimit -n ${descriptors}; exec "$0" "$@"`, process.execPath, ...args], STDIO),
  );

function running(child: ChildProcessByStdio<null, Readable, null>) {
  onTestFinished(() => void child.kill("SIGKILL"));
  const lines: string[] = [];
  createInterface({ input: child.stdout }).on("line", (line) => lines.push(line));
  const printed = (text: string) => until(() => lines.some((line) => line.includes(text)), 50_000);
  return { child, lines, printed, exit: once(child, "exit") as Promise<[number | null, string | null]> };
}

const pidsBelow = (child: ChildProcess) => descendants(child.pid).map((line) => Number(line.split(" ")[0]));

const python = fixture("python-server.py");
const node = process.execPath;
const everything = "@modelcontextprotocol/server-everything";

/** A server of each launcher: its class, its options, and the command that it needs. */
const launchers: [name: string, transport: string, options: object, needs: string[]][] = [
  ["that ends with its stdin", "StdioTransport", { command: node, args: [fixture("stdio-server.mjs")] }, []],
  [
    "that ignores all but SIGKILL, with a child",
    "StdioTransport",
    { command: node, args: [fixture("stubborn-server.mjs")] },
    [],
  ],
  ["of node", "NodeStdioTransport", { scriptPath: fixture("stdio-server.mjs") }, []],
  [
    "of npx, its grandchild",
    "NpxStdioTransport",
    { package: everything, args: ["stdio"], projectDirectory: root },
    [],
  ],
  ["of python", "PythonStdioTransport", { scriptPath: python }, ["fastmcp"]],
  ["of fastmcp run", "FastMCPStdioTransport", { scriptPath: python }, ["fastmcp"]],
  ["of uv run", "UvStdioTransport", { command: "python", args: [python], withPackages: ["fastmcp"] }, ["uv"]],
  ["of uvx", "UvxStdioTransport", { toolName: "mcp-server-time" }, ["uvx"]],
];

for (const [name, transport, options, needs] of launchers) {
  describeWith(needs, `a parent that is killed with SIGKILL leaves no server ${name}`, () => {
    it("once the reaper has seen it", async () => {
      const { child, printed } = program(fixture("orphan-parent.mjs"), transport, JSON.stringify(options));
      await printed("ready");
      const pids = pidsBelow(child);
      // At least the server and the reaper.
      expect(pids.length).toBeGreaterThanOrEqual(2);
      child.kill("SIGKILL");
      await until(() => !pids.some(lives));
    });
  });
}

describe("what keeps a program alive", () => {
  it("is not a connection that is kept and idle", async () => {
    const { lines, exit } = program(fixture("idle-program.mjs"), fixture("stdio-server.mjs"));
    expect(await exit).toEqual([0, null]);
    expect(lines).toEqual(["idle connected"]);
  });

  it("is not a transport that nobody can reach any more: its server ends with it", async () => {
    const { lines, exit } = program(
      "--expose-gc",
      fixture("forgotten-program.mjs"),
      fixture("stdio-server.mjs"),
    );
    expect(await exit).toEqual([0, null]);
    expect(lines.at(-1)).toBe("ended");
  });

  it("is a call that waits for the connection, until it is settled", async () => {
    const port = await freePort();
    const { lines, exit, printed } = program(fixture("patient-program.mjs"), `http://127.0.0.1:${port}/mcp`);
    await printed("waiting 3");
    const server = await everythingHttp(port);
    expect(await exit).toEqual([0, null]);
    expect(lines.at(-1)).toBe("answered 13");
    await server.stop();
  });
});

describe("a program without a descriptor left for five seconds, with ten servers under load that die in them", () => {
  it("lives, has all of them back within ten seconds, and leaves none when it is killed", async () => {
    const { child, lines, exit, printed } = programOf(
      256,
      fixture("exhausted-program.mjs"),
      fixture("small-server.mjs"),
    );
    // Where it ends, its last words are on this program's stderr.
    await Promise.race([printed("back "), exit]);
    const [down] = lines[0]?.match(/\d+/) ?? [];
    expect(Number(down)).toBeGreaterThan(0);
    const pids = lines.at(-1)!.split(" ").slice(1).map(Number);
    expect(new Set(pids).size).toBe(10);
    expect(pids.every(lives)).toBe(true);
    child.kill("SIGKILL");
    await until(() => !pids.some(lives));
  });
});
