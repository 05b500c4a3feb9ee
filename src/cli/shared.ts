import { readFileSync, realpathSync } from "node:fs";
import { homedir, userInfo } from "node:os";
import { basename } from "node:path";
import { parseArgs } from "node:util";
import { attach } from "../daemon/attach.js";
import { contentHash, keyOf, ONE_FILE, realPathOf } from "../daemon/key.js";
import { placeOf, runDirectory } from "../daemon/place.js";
import { Shim } from "../daemon/shim.js";
import { startDaemon } from "../daemon/start.js";
import { wrappedConfig } from "../daemon/wrapped-config.js";
import { onSignals } from "./terminal/signals.js";

/** The options that are the daemon's. */
const OPTIONS = {
  idle: { type: "string" },
  era: { type: "string" },
  strict: { type: "boolean" },
  verbose: { type: "boolean" },
} as const;

/** The options that are the shim's. */
const SHIMS = {
  shared: { type: "boolean" },
  watch: { type: "boolean" },
  cwd: { type: "string" },
  wrapped: { type: "string" },
  pass: { type: "string" },
} as const;

/** Whether a command line is that of a shim, which loads nothing else of holdfast: every window of every host has one. */
export const isShared = (argv: readonly string[]): boolean =>
  argv[0] === "serve" &&
  own(argv).includes("--shared") &&
  !own(argv).some((word) => /^(--help|-h)$/.test(word));

/** Without the command of a server. */
const own = (argv: readonly string[]) => (argv.includes("--") ? argv.slice(0, argv.indexOf("--")) : argv);

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
  const end = argv.indexOf("--");
  const { values, positionals } = parseArgs({
    args: end < 0 ? [...argv] : argv.slice(0, end),
    allowPositionals: true,
    options: { ...OPTIONS, ...SHIMS },
  });
  const { cwd = process.cwd(), pass, shared: _shared, watch: _watch, wrapped: _form, ...forDaemon } = values;
  const wrapped = end < 0 ? undefined : () => configOf(argv.slice(end + 1), pass);
  const [target, ...more] = wrapped ? [await wrapped(), ...positionals] : positionals;
  if (target === undefined || more.length > 0) throw new Error(ONE_FILE);
  const { idle = "" } = forDaemon;
  if (!(Number(idle) >= 0))
    throw new Error(`--idle: expected a number of seconds, got ${JSON.stringify(idle)}`);
  const path = realPathOf(target);
  const read = () => readFileSync(path, "utf8");
  const options = Object.entries(forDaemon).flatMap(([name, value]) =>
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
    attach: async (signal) => {
      // `unwrap` removes it where no daemon has it.
      await wrapped?.();
      return attach({
        place,
        run: runDirectory(),
        config: contentHash(read()),
        signal,
        start: () =>
          startDaemon({
            key,
            // V8 lets the young objects of a process have 32 MB and more before it looks at them: half of all that a daemon would take.
            args: ["--max-semi-space-size=1", process.argv[1]!, "daemon", path, "--key", key, ...options],
            // It holds no directory that no server needs.
            cwd: inCwd ? realpathSync(cwd) : homedir(),
            log: place.log,
          }),
      });
    },
  });
  let signals = 0;
  const stop = onSignals(() => (signals++ === 0 ? shim.drain() : process.exit(130)));
  await shim.closed;
  stop();
}

/** What `wrap --shared` wrote: the command of the entry, and the names of its variables. */
async function configOf([command, ...args]: readonly string[], pass = ""): Promise<string> {
  if (command === undefined) throw new Error("expected a command after --");
  return wrappedConfig([command, ...args], pass.split(",").filter(Boolean));
}
