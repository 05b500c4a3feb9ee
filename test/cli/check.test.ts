import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { describe, expect, it, onTestFinished } from "vitest";
import { everything } from "../support/everything.js";
import { fixture } from "../support/fixtures.js";
import { describeWith } from "../support/peers.js";

const main = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));
const check = (...args: string[]) =>
  execa(process.execPath, [main, "check", "--only", "settles,no-repeat,nothing-left,recovers", ...args], {
    reject: false,
  });
const broken = ["--", process.execPath, fixture("broken-server.mjs")];

describe("holdfast check", () => {
  it("passes the reference server, and shows how far it is", async () => {
    const { stdout, stderr, exitCode } = await check("--runs", "2", everything);
    expect(stdout).toMatch(/settles +kept +\d+ +0/);
    expect(stdout).toMatch(/recovers +kept +[1-9]\d* +0/);
    expect(stdout).toMatch(/every promise that was put to the test was kept; \d+ stories in .* s, seed \d+/);
    expect(stderr).toMatch(/index\.js: story \d+ of \d+/);
    expect(exitCode).toBe(0);
  }, 600_000);

  it("fails a server that forgets answers, says why, and finds it again by its seed", async () => {
    const directory = mkdtempSync(join(tmpdir(), "holdfast-check-"));
    onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
    const file = join(directory, "junit.xml");
    const { stdout, exitCode } = await check("--runs", "0", "--junit", file, ...broken);
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(
      /settles was broken: read \d+ had no answer within \d+ ms, though no fault kept it back/,
    );
    expect(stdout).toMatch(/the smallest story: session( read)+/);
    const xml = readFileSync(file, "utf8");
    expect(xml).toMatch(/<testsuite name="holdfast check node" tests="4" failures="[1-4]"/);
    expect(xml).toContain("<failure message=");
    const seed = /--only settles --seed ([\d:]+)/.exec(stdout)![1]!;
    const again = await execa(
      process.execPath,
      [main, "check", "--json", "--only", "settles", "--seed", seed, ...broken],
      {
        reject: false,
      },
    );
    expect(again.exitCode).toBe(1);
    expect(JSON.parse(again.stdout)).toMatchObject({
      ok: false,
      stories: 1,
      findings: [{ id: "settles", runs: 1, failures: 1, reason: expect.stringMatching(/had no answer/) }],
    });
  }, 600_000);

  it("begins no new story after its duration", async () => {
    const { stdout, exitCode } = await check("--duration", "0.5", "--runs", "500", everything);
    expect(Number(/(\d+) stories in/.exec(stdout)![1])).toBeLessThan(20);
    expect(exitCode).toBe(0);
  });

  it("says what is wrong with its options, and that a server cannot be reached", async () => {
    for (const [args, says] of [
      [["--faults", "drop,melt", everything], /there is no "melt"; there are: drop, delay/],
      [["--only", "speed", everything], /there is no "speed"; there are: one-wire/],
      [["--seed", "abc", everything], /expected the seed of a report/],
      [["--tool", "echo={", everything], /expected NAME or NAME=\{JSON\}/],
      [["--runs", "-1", everything], /expected a whole number/],
      [["--tool", "no", everything], /there is no tool "no"; there are: echo/],
      [["--seed", "42:3:99", everything], /there is no such story/],
    ] as const) {
      const { stderr, exitCode } = await check(...args);
      expect(stderr).toMatch(says);
      expect(exitCode).toBe(2);
    }
    const gone = await check("--", "no-such-command-anywhere");
    expect(gone.stderr).toContain("no-such-command-anywhere");
    expect(gone.exitCode).toBe(3);
  }, 600_000);
});

describeWith(["fastmcp"], "holdfast check of a FastMCP server", () => {
  it("passes", async () => {
    const { stdout, exitCode } = await check("--runs", "0", fixture("python-server.py"));
    expect(stdout).toContain("every promise that was put to the test was kept");
    expect(exitCode).toBe(0);
  }, 600_000);
});
