import { readFileSync, realpathSync } from "node:fs";
import { homedir, userInfo } from "node:os";
import { basename } from "node:path";
import { parseArgs } from "node:util";
import { attach } from "../daemon/attach.js";
import { contentHash, keyOf } from "../daemon/key.js";
import { placeOf, runDirectory } from "../daemon/place.js";
import { Shim } from "../daemon/shim.js";
import { startDaemon } from "../daemon/start.js";

/** The options that are the daemon's. */
const OPTIONS = {
  idle: { type: "string" },
  era: { type: "string" },
  strict: { type: "boolean" },
  verbose: { type: "boolean" },
} as const;

/** Whether a command line is that of a shim, which loads nothing else of holdfast: every window of every host has one. */
export const isShared = (argv: readonly string[]): boolean =>
  argv[0] === "serve" && argv.includes("--shared") && !argv.includes("--help") && !argv.includes("-h");

/** `holdfast serve FILE --shared`. Returns the exit code. */
export async function runShared(argv: readonly string[]): Promise<number> {
  try {
    await serveShared(argv.slice(1));
    return 0;
  } catch (error) {
    console.error(`holdfast: ${error instanceof Error ? error.message : String(error)}`);
    return 2;
  }
}

async function serveShared(argv: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: { ...OPTIONS, shared: { type: "boolean" }, watch: { type: "boolean" }, cwd: { type: "string" } },
  });
  const [target, ...more] = positionals;
  if (target === undefined || more.length > 0)
    throw new Error("--shared serves one config file: holdfast serve mcp.json --shared");
  const { cwd = process.cwd(), shared: _shared, watch: _watch, ...own } = values;
  const path = realpathSync(target);
  const read = () => readFileSync(path, "utf8");
  const options = Object.entries(own).flatMap(([name, value]) =>
    value === true ? [`--${name}`] : [`--${name}`, String(value)],
  );
  const { key, inCwd } = keyOf({
    user: userInfo().username,
    path,
    text: read(),
    options,
    env: process.env,
    cwd: realpathSync(cwd),
  });
  const place = placeOf(key);
  const shim = new Shim({
    input: process.stdin,
    output: process.stdout,
    name: basename(path),
    say: (text) => console.error(text),
    attach: (signal) =>
      attach({
        place,
        run: runDirectory(),
        config: contentHash(read()),
        signal,
        start: () =>
          startDaemon({
            key,
            args: [process.argv[1]!, "daemon", path, "--key", key, ...options],
            // It holds no directory that no server needs.
            cwd: inCwd ? realpathSync(cwd) : homedir(),
            log: place.log,
          }),
      }),
  });
  let signals = 0;
  const onSignal = () => (signals++ === 0 ? shim.drain() : process.exit(130));
  for (const signal of SIGNALS) process.on(signal, onSignal);
  await shim.closed;
  for (const signal of SIGNALS) process.off(signal, onSignal);
}

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
