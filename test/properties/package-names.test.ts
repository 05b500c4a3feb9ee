import { existsSync, realpathSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isHoldfastError } from "../../src/base/errors.js";
import { npxCommandLine } from "../../src/transports/npx.js";
import type { CommandLine } from "../../src/transports/stdio.js";
import { uvCommandLine } from "../../src/transports/uv.js";
import { uvxCommandLine } from "../../src/transports/uvx.js";
import { runsOf } from "../support/runs.js";

const numRuns = runsOf(20_000);

// What grammars are made of, and what a command line is made of, so that each meets the other.
const part = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.constantFrom("a", "server", "@", "@scope/", "/", ".", "..", "-", "--", "_", "~"),
  },
  {
    weight: 4,
    arbitrary: fc.constantFrom("1.2.3", "@latest", "^1", "==1.0", ">=3", ",", "[x]", "[", ";", " "),
  },
  {
    weight: 4,
    arbitrary: fc.constantFrom("--call=", "--package=", "-c", "--index-url=", "--from", "-e", "=", "&"),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom("git+https://", "https://h/x.tgz", "file:", "github:", "npm:", "C:\\", "#"),
  },
  { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 3 }) },
);
const text = fc.array(part, { minLength: 1, maxLength: 5 }).map((parts) => parts.join(""));

/** The line, or undefined where the value was refused as a wrong option. */
function lineOf(make: () => CommandLine): readonly string[] | undefined {
  try {
    return make().args;
  } catch (error) {
    expect(isHoldfastError(error, "CONFIG_INVALID")).toBe(true);
    return undefined;
  }
}

describe("a name that comes from elsewhere", { timeout: 7_200_000 }, () => {
  it("is refused, or it is one word behind --, or the value of one option", () => {
    fc.assert(
      fc.property(text, (name) => {
        for (const [make, before, after] of [
          [() => npxCommandLine({ package: name }), ["-y", "--prefer-offline", "--"], []],
          [() => uvxCommandLine({ toolName: name, toolArgs: ["x"] }), ["--"], ["x"]],
          [() => uvCommandLine({ command: name }), ["run", "--"], []],
          [() => uvCommandLine({ command: name, module: true }), ["run", "--module", "--"], []],
        ] as const) {
          const line = lineOf(make);
          if (!line) continue;
          expect(line).toEqual([...before, name, ...after]);
          expect(name).toMatch(/^[^-\p{Cc}]\P{Cc}*$/u);
        }
        for (const option of ["python", "from", "with"]) {
          const line = lineOf(() =>
            uvxCommandLine({
              toolName: "t",
              ...(option === "python" && { pythonVersion: name }),
              ...(option === "from" && { fromPackage: name }),
              ...(option === "with" && { withPackages: [name] }),
            }),
          );
          if (!line) continue;
          expect(line).toEqual([`--${option}=${name}`, "--", "t"]);
          expect(name).toMatch(/^[^-\p{Cc}]\P{Cc}*$/u);
        }
      }),
      { numRuns },
    );
  });

  const library = join(dirname(realpathSync(process.execPath)), "../lib/node_modules/npm/package.json");
  it.skipIf(!existsSync(library))("that npm would take for something else is refused", () => {
    const npa = createRequire(library)("npm-package-arg") as (spec: string) => {
      type: string;
      name?: string;
    };
    const npmsOwn = (spec: string) => {
      try {
        return npa(spec);
      } catch {
        return undefined;
      }
    };
    fc.assert(
      fc.property(text, (spec) => {
        const registry = /^[a-z0-9@]/i.test(spec) && !/^[a-z][a-z+]*:/i.test(spec);
        if (!registry || !lineOf(() => npxCommandLine({ package: spec }))) return;
        const meant = npmsOwn(spec);
        // npm refuses more than we do, with an error of its own; it must never take a name for a file, or a repository.
        if (meant) expect(["version", "range", "tag"]).toContain(meant.type);
        if (meant) expect(spec.startsWith(meant.name ?? "?")).toBe(true);
      }),
      { numRuns },
    );
  });
});
