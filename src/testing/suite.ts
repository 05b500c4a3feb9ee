import { type ExamineOptions, examine, type Report } from "./examine.js";
import { promisesOf } from "./promises.js";
import type { MakeTransport } from "./record.js";

/** One promise as a test of any runner. */
export interface LifecycleTest {
  /** The promise as a sentence. */
  name: string;
  /** How long it may take: the first one plays all stories. */
  timeoutMs: number;
  /** Rejects with the reason, the smallest failing story and its seed. */
  run(): Promise<void>;
}

/**
 * The promises of a connection as tests, for the runner that you have:
 *
 *     for (const { name, run, timeoutMs } of lifecycleSuite((options) => new MyTransport({ ...options })))
 *       test(name, run, timeoutMs);          // Vitest; under node:test: test(name, { timeout: timeoutMs }, run)
 *
 * The stories are played once, for all promises together, on transports that `makeTransport` makes; it must hand the
 * options on, or the deadlines are too long.
 */
export function lifecycleSuite(makeTransport: MakeTransport, options: ExamineOptions = {}): LifecycleTest[] {
  let report: Promise<Report> | undefined;
  return promisesOf(options.only).map(({ id, text }) => ({
    name: text,
    timeoutMs: options.durationMs ? options.durationMs + 120_000 : 600_000,
    async run() {
      report ??= examine(makeTransport, options);
      const { findings } = await report;
      const { failures, runs, reason, story, seed } = findings.find((finding) => finding.id === id)!;
      if (runs === 0)
        throw new Error(
          "no story put this to the test: there was no time for one, or the server cannot do it",
        );
      if (failures === 0) return;
      throw new Error(
        `${reason}\n  broken in ${failures} of ${runs} stories; the smallest: ${story}\n  to repeat it: { seed: "${seed}" }`,
      );
    },
  }));
}
