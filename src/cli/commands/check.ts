import { closeSync, openSync, writeFileSync } from "node:fs";
import { FAULT_KINDS, fieldsOf, messageOf, PROMISES, visibleLine } from "../../internal.js";
import type { FaultKind, Progress, SafeCall } from "../../testing/index.js";
import { Interrupted, Refused, UsageError } from "../terminal/exit.js";
import { print, printJson, say } from "../terminal/print.js";
import { junit, reportLines } from "../terminal/report.js";
import { SIGNALS } from "../terminal/signals.js";
import { agreedTarget, targetOf } from "./target.js";
import { type TargetOptions, targetCommand } from "./target-options.js";

interface CheckOptions extends TargetOptions {
  faults?: FaultKind[];
  runs: number;
  seed?: string;
  duration?: number;
  only?: string[];
  tool: SafeCall[];
  junit?: string;
  json?: boolean;
}

const listOf =
  <T extends string>(what: string, known: readonly T[]) =>
  (text: string): T[] => {
    return text.split(",").map((name) => {
      const found = known.find((one) => one === name.trim());
      if (found !== undefined) return found;
      throw new UsageError(
        `${what}: there is no ${JSON.stringify(name.trim())}; there are: ${known.join(", ")}`,
      );
    });
  };

const count = (text: string): number => {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0)
    throw new UsageError(`--runs: expected a whole number, got ${JSON.stringify(text)}`);
  return value;
};

const seconds = (text: string): number => {
  const value = Number(text);
  if (!(value > 0)) throw new UsageError(`--duration: expected seconds above 0, got ${JSON.stringify(text)}`);
  return value * 1000;
};

const seedOf = (text: string): string => {
  if (!/^-?\d+(:\d+)*$/.test(text))
    throw new UsageError(
      `--seed: expected the seed of a report, such as 42 or 42:3:1, got ${JSON.stringify(text)}`,
    );
  return text;
};

const toolOf = (text: string, before: SafeCall[]): SafeCall[] => {
  const at = text.indexOf("=");
  if (at === -1) return [...before, { name: text, arguments: {} }];
  try {
    return [...before, { name: text.slice(0, at), arguments: fieldsOf(JSON.parse(text.slice(at + 1))) }];
  } catch {
    throw new UsageError(`--tool: expected NAME or NAME={JSON}, got ${JSON.stringify(text)}`);
  }
};

export const checkCommand = targetCommand("check")
  .option("--runs <count>", "stories made by chance, besides the fixed ones", count, 20)
  .option("--seed <seed>", "play the stories of another report again, or one of them (42:3:1)", seedOf)
  .option("--duration <seconds>", "begin no new story after so long", seconds)
  .option("--faults <kinds>", `only these: ${FAULT_KINDS.join(",")}`, listOf("--faults", FAULT_KINDS))
  .option(
    "--only <promises>",
    "look only at these, by their ids",
    listOf(
      "--only",
      PROMISES.map(({ id }) => id),
    ),
  )
  .option("--tool <name[={json}]>", "a tool that may be called many times; may be repeated", toolOf, [])
  .option("--junit <file>", "write the result as JUnit XML")
  .option("--json", "print the result as JSON")
  .addHelpText(
    "after",
    "\nOnly tools that say that they only read (readOnlyHint), or that you name with --tool, are called.\n" +
      "Exits with 1 when a promise was broken, and with 3 when the server cannot be reached at all.",
  )
  .action(check);

async function check(args: string[], options: CheckOptions): Promise<void> {
  if (options.junit) checkWritable(options.junit);
  const { rest, transport } = await agreedTarget(args, options);
  if (rest.length > 0) throw new UsageError(`unexpected argument: ${rest[0]}`);
  const { name } = transport;
  const stop = new AbortController();
  const onSignal = () => stop.abort(new Interrupted());
  for (const signal of SIGNALS) process.once(signal, onSignal);
  try {
    // Loaded only here: this module and its libraries are larger than all that the other commands need.
    const { examine } = await import("../../testing/index.js").catch(withAdvice);
    const report = await examine((shared) => targetOf(args, options, shared).transport, {
      ...options,
      ...(options.duration !== undefined && { durationMs: options.duration }),
      ...(options.tool.length > 0 && { tools: options.tool }),
      signal: stop.signal,
      onProgress: progress(name),
    });
    if (process.stderr.isTTY) process.stderr.write("\n");
    if (options.json) printJson({ target: name, ...report });
    else print(reportLines(name, report));
    if (options.junit) writeFileSync(options.junit, junit(name, report));
    if (report.interrupted) {
      say("interrupted: the stories that were left were not played");
      throw new Interrupted();
    }
    if (!report.ok) throw new Refused("a promise was broken");
  } finally {
    for (const signal of SIGNALS) process.off(signal, onSignal);
    await transport.close();
  }
}

/** The library of the stories is no dependency: who only runs an agent does not need it. */
function withAdvice(error: unknown): never {
  if (!/'fast-check'/.test(messageOf(error))) throw error;
  throw new UsageError(
    "holdfast check needs the package fast-check: npm install --save-dev fast-check, or npx -p holdfast -p fast-check holdfast check …",
  );
}

/** Checks before the stories are played that the report can be written. */
function checkWritable(file: string): void {
  try {
    closeSync(openSync(file, "a"));
  } catch (error) {
    throw new UsageError(`--junit: ${messageOf(error)}`);
  }
}

/** Shows the progress: on a terminal in one line that is rewritten, elsewhere in a line for each phase and each tenth of it. */
function progress(name: string): (progress: Progress) => void {
  const live = process.stderr.isTTY;
  let last = "";
  return ({ phase, done, of, broken }) => {
    const text =
      phase === "baseline"
        ? `${name}: connecting without any fault`
        : phase === "stories"
          ? `${name}: story ${done} of ${of}${broken.length > 0 ? `, broken: ${broken.join(", ")}` : ""}`
          : `${name}: looking for the smallest story that breaks it, try ${done}`;
    if (live) {
      process.stderr.write(`\r\u001b[K${visibleLine(text)}`);
      return;
    }
    const key = `${phase} ${of > 0 ? Math.floor((done * 10) / of) : Math.floor(done / 10)} ${broken.length}`;
    if (key !== last) say(text);
    last = key;
  };
}
