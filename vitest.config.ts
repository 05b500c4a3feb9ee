import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { defineConfig } from "vitest/config";

/** The Python peers that `.ci/run` installs; they come before what npm puts on PATH (it has a `fastmcp` too). */
const venv = join(import.meta.dirname, ".ci/venv");
const peers = existsSync(venv)
  ? { VIRTUAL_ENV: venv, PATH: [join(venv, "bin"), process.env.PATH].join(delimiter) }
  : {};

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    setupFiles: ["test/support/call-path.ts", "test/support/nothing-left.ts"],
    env: peers,
    pool: "forks",
    maxWorkers: 2,
    // Says that a test hangs, and nothing else: a busy machine is ten times slower.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    expect: { poll: { timeout: 150_000 } },
  },
});
