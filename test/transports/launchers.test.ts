import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type HoldfastError, isHoldfastError } from "../../src/base/errors.js";
import { FastMCPStdioTransport, fastmcpCommandLine } from "../../src/transports/fastmcp.js";
import { NodeStdioTransport, nodeCommandLine } from "../../src/transports/node.js";
import { NpxStdioTransport, npxCommandLine } from "../../src/transports/npx.js";
import { PythonStdioTransport, pythonCommandLine } from "../../src/transports/python.js";
import { UvStdioTransport, uvCommandLine } from "../../src/transports/uv.js";
import { UvxStdioTransport, uvxCommandLine } from "../../src/transports/uvx.js";
import { descendants } from "../support/descendants.js";
import { closing, rejection } from "../support/fixtures.js";

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "holdfast-launchers-"));
  for (const name of ["s.py", "s.js", "s.ts", "s.rb", "requirements.txt"])
    writeFileSync(join(directory, name), "");
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));
const at = (name: string) => join(directory, name);

describe("the command line", () => {
  it("of python is the script's, by the python of the virtual environment", () => {
    const options = { scriptPath: at("s.py"), args: ["--x", "1"] };
    expect(pythonCommandLine(options, "", "linux")).toMatchObject({
      command: "python3",
      args: [at("s.py"), "--x", "1"],
      env: { PYTHONUTF8: "1" },
    });
    mkdirSync(at("venv/bin"), { recursive: true });
    writeFileSync(at("venv/bin/python"), "");
    expect(pythonCommandLine(options, at("venv"), "linux").command).toBe(at("venv/bin/python"));
    expect(pythonCommandLine(options, "/no/such/venv", "linux").command).toBe("python3");
    expect(pythonCommandLine(options, "", "win32").command).toBe("python");
    expect(pythonCommandLine({ ...options, pythonCommand: "pypy" }, "/venv").command).toBe("pypy");
  });

  it("of fastmcp runs the script without banner and look for updates", () => {
    const none = { virtualEnv: "", path: "" };
    expect(fastmcpCommandLine({ scriptPath: at("s.py"), args: ["--x"] }, none)).toMatchObject({
      command: "fastmcp",
      args: ["run", at("s.py"), "--no-banner", "--", "--x"],
      env: { FASTMCP_CHECK_FOR_UPDATES: "off" },
    });
    const elsewhere = { virtualEnv: "/no/such/venv", path: "" };
    expect(fastmcpCommandLine({ scriptPath: at("s.py") }, elsewhere).command).toBe("fastmcp");
    expect(fastmcpCommandLine({ scriptPath: at("s.py") }, none).args.at(-1)).toBe("--no-banner");
  });

  it("of fastmcp is Python's, also where npm's command of that name comes first on PATH", () => {
    const [npms, pythons] = [at("x/node_modules/.bin"), at("python/bin")];
    for (const folder of [npms, pythons, at("x/node_modules/fastmcp")])
      mkdirSync(folder, { recursive: true });
    writeFileSync(at("x/node_modules/fastmcp/cli.js"), "");
    symlinkSync(at("x/node_modules/fastmcp/cli.js"), join(npms, "fastmcp"));
    const line = (...folders: string[]) =>
      fastmcpCommandLine({ scriptPath: at("s.py") }, { virtualEnv: "", path: folders.join(delimiter) });
    expect(line(npms)).toMatchObject({
      command: "python3",
      args: ["-m", "fastmcp.cli", "run", at("s.py"), "--no-banner"],
    });
    writeFileSync(join(pythons, "fastmcp"), "");
    expect(line(npms, pythons).command).toBe(join(pythons, "fastmcp"));
    expect(line(pythons, npms).command).toBe("fastmcp");
  });

  it("of node is the script's, by this Node", () => {
    expect(nodeCommandLine({ scriptPath: at("s.js"), args: ["a"] })).toMatchObject({
      command: process.execPath,
      args: [at("s.js"), "a"],
    });
    expect(nodeCommandLine({ scriptPath: at("s.ts") }, true).args).toEqual([at("s.ts")]);
    expect(nodeCommandLine({ scriptPath: at("s.ts"), nodeCommand: "tsx" }, false).command).toBe("tsx");
    expect(() => nodeCommandLine({ scriptPath: at("s.ts") }, false)).toThrow(
      /does not run TypeScript.*22\.18/,
    );
  });

  it("of uv has everything in uv's order", () => {
    const line = uvCommandLine({
      command: "server",
      args: ["--port", "1"],
      module: true,
      projectDirectory: directory,
      pythonVersion: "3.12",
      withPackages: ["a", "b==1"],
      withRequirements: at("requirements.txt"),
    });
    expect(line.args).toEqual(
      `run --python=3.12 --directory=${directory} --with=a --with=b==1 --with-requirements=${at("requirements.txt")} --module -- server --port 1`.split(
        " ",
      ),
    );
    expect(line.cwd).toBe(directory);
    expect(uvCommandLine({ command: "server" }).args).toEqual(["run", "--", "server"]);
  });

  it("of uvx has everything in uvx's order", () => {
    const options = {
      toolName: "tool",
      toolArgs: ["-v"],
      pythonVersion: "3.12",
      fromPackage: "p",
      withPackages: ["a"],
    };
    expect(uvxCommandLine(options).args).toEqual("--python=3.12 --from=p --with=a -- tool -v".split(" "));
    expect(uvxCommandLine({ toolName: "tool" }).args).toEqual(["--", "tool"]);
  });

  it("of npx never asks, and prefers what it has", () => {
    expect(npxCommandLine({ package: "p@1", args: ["x"] }).args).toEqual([
      "-y",
      "--prefer-offline",
      "--",
      "p@1",
      "x",
    ]);
    expect(npxCommandLine({ package: "p", usePackageLock: false }).args).toEqual(["-y", "--", "p"]);
    expect(npxCommandLine({ package: "p", projectDirectory: directory }).cwd).toBe(directory);
  });
});

describe("a launcher that is given what cannot work says so, and starts nothing", () => {
  const rows: [string, () => unknown, RegExp, string][] = [
    [
      "a python script that is missing",
      () => new PythonStdioTransport({ scriptPath: at("no.py") }),
      /no file ".*no\.py"/,
      "scriptPath",
    ],
    [
      "a python script of another kind",
      () => new PythonStdioTransport({ scriptPath: at("s.js") }),
      /ends in \.py/,
      "scriptPath",
    ],
    [
      "python without a script",
      () => new PythonStdioTransport({} as never),
      /expected a string/,
      "scriptPath",
    ],
    [
      "python with wrong arguments",
      () => new PythonStdioTransport({ scriptPath: at("s.py"), args: [1] as never }),
      /expected a string/,
      "args[0]",
    ],
    [
      "an empty python command",
      () => new PythonStdioTransport({ scriptPath: at("s.py"), pythonCommand: "" }),
      /expected a string/,
      "pythonCommand",
    ],
    [
      "a directory that is missing",
      () => new PythonStdioTransport({ scriptPath: at("s.py"), cwd: at("no") }),
      /not a directory/,
      "cwd",
    ],
    [
      "a fastmcp script that is missing",
      () => new FastMCPStdioTransport({ scriptPath: at("no.py") }),
      /no file/,
      "scriptPath",
    ],
    [
      "a fastmcp script of another kind",
      () => new FastMCPStdioTransport({ scriptPath: at("s.rb") }),
      /ends in \.py/,
      "scriptPath",
    ],
    [
      "a node script that is missing",
      () => new NodeStdioTransport({ scriptPath: at("no.js") }),
      /no file/,
      "scriptPath",
    ],
    [
      "a node script of another kind",
      () => new NodeStdioTransport({ scriptPath: at("s.rb") }),
      /ends in \.js or/,
      "scriptPath",
    ],
    ["uv without a command", () => new UvStdioTransport({} as never), /expected a string/, "command"],
    [
      "a uv project that is missing",
      () => new UvStdioTransport({ command: "x", projectDirectory: at("no") }),
      /not a directory/,
      "projectDirectory",
    ],
    [
      "uv requirements that are missing",
      () => new UvStdioTransport({ command: "x", withRequirements: at("no.txt") }),
      /no file/,
      "withRequirements",
    ],
    [
      "uv packages of another kind",
      () => new UvStdioTransport({ command: "x", withPackages: "a" as never }),
      /list of strings/,
      "withPackages",
    ],
    [
      "uv with two directories",
      () => new UvStdioTransport({ command: "x", projectDirectory: directory, cwd: directory }),
      /one of the two/,
      "cwd",
    ],
    ["uvx without a tool", () => new UvxStdioTransport({} as never), /expected a string/, "toolName"],
    [
      "a uvx directory that is missing",
      () => new UvxStdioTransport({ toolName: "x", projectDirectory: at("no") }),
      /not a directory/,
      "projectDirectory",
    ],
    ["npx without a package", () => new NpxStdioTransport({} as never), /expected a string/, "package"],
    [
      "npx with auth",
      () => new NpxStdioTransport({ package: "x", auth: "t" } as never),
      /no such option/,
      "auth",
    ],
    [
      "a log file that is no path",
      () => new NpxStdioTransport({ package: "x", logFile: 3 as never }),
      /expected a string/,
      "logFile",
    ],
    [
      "an option in snake case",
      () => new UvxStdioTransport({ toolName: "x", from_package: "y" } as never),
      /no such option/,
      "from_package",
    ],
  ];
  for (const [name, make, message, path] of rows) {
    it(name, () => {
      let error: unknown;
      try {
        make();
      } catch (thrown) {
        error = thrown;
      }
      expect(isHoldfastError(error, "CONFIG_INVALID")).toBe(true);
      expect((error as HoldfastError).message).toMatch(message);
      expect(error).toMatchObject({ path });
      expect(descendants()).toEqual([]);
    });
  }

  it("where its command is not installed, with what to install", async () => {
    const env = { PATH: directory };
    const rows = [
      [new UvStdioTransport({ command: "x", env }), /"uv" was not found\. Install uv/],
      [new UvxStdioTransport({ toolName: "x", env }), /"uvx" was not found\. Install uv/],
      [new NpxStdioTransport({ package: "x", env }), /"npx" was not found\. It comes with Node/],
      [
        new PythonStdioTransport({ scriptPath: at("s.py"), pythonCommand: "python3", env }),
        /"python3" was not found\. Install Python 3/,
      ],
    ] as const;
    for (const [transport, message] of rows) {
      const error = await rejection(closing(transport).connectSession());
      expect(error).toMatchObject({ code: "SPAWN_FAILED" });
      expect((error as Error).message).toMatch(message);
    }
  });
});
