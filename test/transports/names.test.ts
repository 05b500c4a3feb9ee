import { describe, expect, it } from "vitest";
import { npxCommandLine } from "../../src/transports/npx.js";
import { uvCommandLine } from "../../src/transports/uv.js";
import { uvxCommandLine } from "../../src/transports/uvx.js";

describe("a name for a launcher", () => {
  const npm = [
    "",
    "--call=touch x",
    "-c",
    "a b",
    "owner/name",
    "@scope",
    "a@",
    "a@npm:b",
    "a@..",
    "a.tgz",
    "a@b.tar.gz",
    ".hidden",
    "a\n",
    "x".repeat(215),
    "git+ssh://-oProxyCommand=x/y",
    "ssh://git@-oProxyCommand=x/y",
  ];
  const python = [
    "-e",
    "--index-url=https://x",
    "a b",
    "a==",
    "a @ b",
    "a[",
    "_a",
    "owner/name",
    "a\0",
    "a @ git+ssh://-oProxyCommand=x/y",
    "ssh://git@-oProxyCommand=x/y",
  ];
  const version = ["--offline", "-3", "3 12\n", "3;x"];
  const module = ["-m", "a-b", "a..b", ".a", "1a", "a b"];
  const refused: [string, (name: string) => unknown, string[], string][] = [
    ["npx", (name) => npxCommandLine({ package: name }), npm, "package"],
    ["uvx", (name) => uvxCommandLine({ toolName: name }), python, "toolName"],
    ["uvx from", (name) => uvxCommandLine({ toolName: "x", fromPackage: name }), python, "fromPackage"],
    [
      "uvx with",
      (name) => uvxCommandLine({ toolName: "x", withPackages: ["y", name] }),
      python,
      "withPackages[1]",
    ],
    ["uv with", (name) => uvCommandLine({ command: "x", withPackages: [name] }), python, "withPackages[0]"],
    [
      "uv of a Python",
      (name) => uvCommandLine({ command: "x", pythonVersion: name }),
      version,
      "pythonVersion",
    ],
    ["uv of a module", (name) => uvCommandLine({ command: name, module: true }), module, "command"],
    ["uv", (name) => uvCommandLine({ command: name }), ["-", "--with=x", "-m", "a\n"], "command"],
  ];
  it.each(refused)("that its ecosystem does not know is refused by %s", (_kind, make, names, path) => {
    for (const name of names)
      expect(() => make(name), JSON.stringify(name)).toThrow(
        expect.objectContaining({ code: "CONFIG_INVALID", path }),
      );
  });

  it("that its ecosystem knows is taken as it stands", () => {
    const taken: [(name: string) => readonly string[], string[]][] = [
      [
        (name) => npxCommandLine({ package: name }).args,
        [
          "a",
          "@scope/a",
          "@scope/a@1.2.3",
          "a@latest",
          "a@^1 || >=3 <4",
          "JSONStream",
          "./a",
          "..",
          "~/a",
          "/a b",
          "C:\\a",
        ],
      ],
      [
        (name) => npxCommandLine({ package: name }).args,
        ["https://u:p@h/a.tgz", "git+ssh://git@h/a.git#v1", "github:owner/name#semver:^1", "file:///a"],
      ],
      [
        (name) => uvxCommandLine({ toolName: name }).args,
        [
          "a",
          "a@latest",
          "a@1.2",
          "a==1.2",
          "a[x,y]>=1,<2",
          "a ~= 1.0",
          "a @ https://h/a.whl",
          'a; python_version > "3.9"',
        ],
      ],
      [(name) => uvxCommandLine({ toolName: name }).args, ["./a", "/a/b.whl", "git+https://h/a", "a.b_c-d"]],
      [(name) => uvCommandLine({ command: name, module: true }).args, ["a", "a.b", "_a1.größe"]],
      [(name) => uvCommandLine({ command: name }).args, ["a", "a b.py", "./a-b"]],
    ];
    for (const [make, names] of taken)
      for (const name of names) expect(make(name).slice(-2)).toEqual(["--", name]);
    for (const version of ["3.12", "3.13t", ">=3.11,<3.13", "cpython@3.12", "/usr/bin/python3"])
      expect(uvCommandLine({ command: "x", pythonVersion: version }).args[1]).toBe(`--python=${version}`);
  });

  it("that is refused is quoted without the password in it", () => {
    expect(() => npxCommandLine({ package: "ftp://me:canary@h/x" })).toThrow(/ftp:\/\/h\/x/);
  });
});
