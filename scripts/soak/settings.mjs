// What every soak is told.
import { parseArgs } from "node:util";
import { dice } from "../../dist/testing/index.js";

/** The command line: --minutes N [--seed N] [--report FILE]. `pick` takes one of a list, by the dice of the run. */
export function soakSettings() {
  const { values } = parseArgs({
    options: {
      minutes: { type: "string", default: "2" },
      seed: { type: "string" },
      report: { type: "string" },
    },
  });
  const minutes = Number(values.minutes);
  if (!(minutes > 0)) throw new Error(`--minutes: expected a number above 0, got ${values.minutes}`);
  const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31));
  const chance = dice(seed);
  const pick = (list) => list[Math.floor(chance() * list.length)];
  return { minutes, seed, chance, pick, reportFile: values.report };
}
