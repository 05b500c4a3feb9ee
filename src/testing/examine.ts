import fc from "fast-check";
import { invalid } from "../base/check.js";
import { messageOf } from "../base/errors.js";
import { scriptArbitrary } from "./arbitraries.js";
import { baseline } from "./baseline.js";
import type { FaultKind } from "./faults.js";
import { UNTESTED } from "./judges.js";
import { type LifecyclePromise, PROMISES, promisesOf } from "./promises.js";
import type { MakeTransport, RunRecord, RunSettings, SafeCall } from "./record.js";
import { play } from "./run.js";
import { describeScript, type LifecycleScript } from "./script.js";

export interface ExamineOptions {
  /** Stories made by chance, besides those that come with the promises. Default 20. */
  runs?: number;
  /** Of the stories. `seed:path`, as a report prints it, plays one story alone. Default: by chance. */
  seed?: string | number;
  /** No new story begins after so long. Default: no limit. */
  durationMs?: number;
  /** The kinds of faults. Default: all. */
  faults?: readonly FaultKind[];
  /** The ids of the promises that are looked at. Default: all. */
  only?: readonly string[];
  /** Tools that may be called, besides those that say that they only read and need no arguments. */
  tools?: readonly SafeCall[];
  /** How long the smallest failing story may be searched for. Default 10 s for each promise. */
  shrinkMs?: number;
  signal?: AbortSignal;
  onProgress?(progress: Progress): void;
}

export interface Progress {
  phase: "baseline" | "stories" | "shrinking";
  done: number;
  of: number;
  broken: string[];
}

/** How one promise came out. */
export interface Finding {
  id: string;
  text: string;
  /** Stories that put it to the test. */
  runs: number;
  failures: number;
  /** Of the smallest failing story. */
  reason?: string;
  script?: LifecycleScript;
  /** The story in words. */
  story?: string;
  /** Repeats that story. */
  seed?: string;
}

export interface Report {
  seed: string;
  stories: number;
  findings: Finding[];
  /** Kept, as far as it was put to the test. */
  ok: boolean;
  /** The signal fired before all stories were played. */
  interrupted: boolean;
  durationMs: number;
  /** The deadline of an attempt and of a call, made from how long the server took when nothing was wrong. */
  connectTimeoutMs: number;
  callMs: number;
}

const SHRINK_MS = 10_000;

/**
 * Plays stories with faults on transports that `make` makes, and judges each by every promise. A broken promise is a
 * finding, not an error.
 * @throws HoldfastError `CONFIG_INVALID` for a wrong option; what the server answers when nothing is wrong with it, if
 * that is an error
 */
export async function examine(make: MakeTransport, options: ExamineOptions = {}): Promise<Report> {
  const began = Date.now();
  checkOptions(options);
  const [seed, ...path] = String(options.seed ?? Math.floor(Math.random() * 2 ** 31)).split(":");
  const promises = promisesOf(options.only);
  options.onProgress?.({ phase: "baseline", done: 0, of: 1, broken: [] });
  const settings = await baseline(make, options, Number(seed));
  const examination = new Examination(make, options, settings, promises, Number(seed));
  const findings = await examination.run(path.join(":"));
  if (path.length > 0 && examination.stories === 0)
    throw invalid("seed", `there is no such story (any more): ${options.seed}`);
  return {
    seed: String(seed),
    stories: examination.stories,
    findings,
    ok: findings.every(({ failures }) => failures === 0),
    interrupted: options.signal?.aborted ?? false,
    durationMs: Date.now() - began,
    connectTimeoutMs: settings.options.connectTimeoutMs,
    callMs: settings.callMs,
  };
}

class Examination {
  stories = 0;
  /** The number of the next story, played or not: with the seed it says which one it is. */
  #next = 0;
  readonly #scripts: fc.Arbitrary<LifecycleScript>;
  readonly #examples: [LifecycleScript][];
  /** Those that came with promises that are not looked at. */
  readonly #skipped: ReadonlySet<number>;
  readonly #findings: Map<string, Finding>;
  /** The first story that broke a promise, by its path from the seed. */
  readonly #first = new Map<string, string>();

  constructor(
    private readonly make: MakeTransport,
    private readonly options: ExamineOptions,
    private readonly settings: RunSettings,
    private readonly promises: readonly LifecyclePromise[],
    private readonly seed: number,
  ) {
    this.#scripts = scriptArbitrary(options.faults);
    // All of them, whatever is looked at: a seed must mean the same story with `only` and without.
    const examples = PROMISES.flatMap((promise) => promise.examples.map((script) => ({ promise, script })));
    this.#examples = examples.map(({ script }) => [script]);
    this.#skipped = new Set([...examples.keys()].filter((i) => !promises.includes(examples[i]!.promise)));
    this.#findings = new Map(promises.map(({ id, text }) => [id, { id, text, runs: 0, failures: 0 }]));
  }

  async run(path: string): Promise<Finding[]> {
    const numRuns = this.#examples.length + (this.options.runs ?? 20);
    const until = Date.now() + (this.options.durationMs ?? Number.POSITIVE_INFINITY);
    const result = await fc.check(
      fc.asyncProperty(this.#scripts, async (script) => {
        const number = this.#next++;
        // A path leads to one story; what follows it is not asked for.
        if (path && number > 0) return;
        if ((this.#skipped.has(number) && !path) || Date.now() >= until || this.options.signal?.aborted)
          return;
        const record = await this.#play(script);
        this.stories++;
        this.#judge(script, record, path || String(number));
        this.#progress("stories", this.stories, path ? 1 : numRuns - this.#skipped.size);
      }),
      {
        seed: this.seed,
        examples: this.#examples,
        numRuns: path ? 1 : numRuns,
        endOnFailure: true,
        ...(path && { path }),
      },
    );
    // No judge throws: a story could not be played at all.
    if (result.failed) throw result.errorInstance;
    for (const promise of this.promises) {
      const finding = this.#findings.get(promise.id)!;
      if (finding.failures > 0 && !path && !this.options.signal?.aborted)
        await this.#shrink(promise, finding, this.#first.get(promise.id)!);
    }
    return [...this.#findings.values()];
  }

  #judge(script: LifecycleScript, record: RunRecord, path: string): void {
    for (const { id, judge } of this.promises) {
      const finding = this.#findings.get(id)!;
      const verdict = judge(record);
      if (verdict === UNTESTED) continue;
      finding.runs++;
      if (verdict === undefined) continue;
      finding.failures++;
      if (this.#first.has(id)) continue;
      this.#first.set(id, path);
      finding.reason = verdict;
      this.#show(finding, script, `${this.seed}:${path}`);
    }
  }

  /** Looks for a smaller story that breaks the same promise. */
  async #shrink(promise: LifecyclePromise, finding: Finding, path: string): Promise<void> {
    let tries = 0;
    const until = Date.now() + (this.options.shrinkMs ?? SHRINK_MS);
    const result = await fc.check(
      fc.asyncProperty(this.#scripts, async (script) => {
        // Out of time: whatever is left to try counts as kept, and the smallest so far stays.
        if (Date.now() >= until || this.options.signal?.aborted) return;
        this.#progress("shrinking", ++tries, 0);
        const verdict = promise.judge(await this.#play(script));
        if (typeof verdict === "string") throw new Error(verdict);
      }),
      { seed: this.seed, path, examples: this.#examples, numRuns: 1 },
    );
    if (!result.counterexample) return;
    finding.reason = messageOf(result.errorInstance);
    this.#show(finding, result.counterexample[0], `${this.seed}:${result.counterexamplePath}`);
  }

  #show(finding: Finding, script: LifecycleScript, seed: string): void {
    Object.assign(finding, { script, story: describeScript(script), seed } satisfies Partial<Finding>);
  }

  #play(script: LifecycleScript): Promise<RunRecord> {
    return play(this.make, script, this.settings);
  }

  #progress(phase: Progress["phase"], done: number, of: number): void {
    const broken = [...this.#findings.values()].filter(({ failures }) => failures > 0).map(({ id }) => id);
    this.options.onProgress?.({ phase, done, of, broken });
  }
}

function checkOptions({ runs, seed }: ExamineOptions): void {
  if (runs !== undefined && !(Number.isInteger(runs) && runs >= 0))
    throw invalid("runs", `expected a whole number, 0 or above, got ${runs}`);
  if (seed !== undefined && !/^-?\d+(:\d+)*$/.test(String(seed)))
    throw invalid("seed", `expected a number, or a report's seed:path, got ${seed}`);
}
