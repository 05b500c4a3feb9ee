// Clients that make the same calls in turns, in one process: the machine's speed drifts, and all drift with it.
import { median, option } from "./options.mjs";

const rounds = option("--rounds", 7);
const ms = option("--ms", 150);

/** Calls for a while, so many at a time. */
async function turn(call, width) {
  globalThis.gc?.();
  const before = process.cpuUsage();
  const from = performance.now();
  let done = 0;
  const caller = async () => {
    for (; performance.now() < from + ms; done++) await call();
  };
  await Promise.all(Array.from({ length: width }, caller));
  const { user, system } = process.cpuUsage(before);
  return { rate: (done * 1000) / (performance.now() - from), cpu: (user + system) / done };
}

/**
 * `calls`: what makes one call, by the client's name. Gives for each the medians of its CPU per call in microseconds and of its
 * calls per second, and those of the ratios to `base`, which are taken within each round.
 */
export async function race(calls, width, base = "v2") {
  const names = Object.keys(calls);
  const turns = Object.fromEntries(names.map((name) => [name, []]));
  for (let round = -2; round < rounds; round++)
    for (let i = 0; i < names.length; i++) {
      const name = names[(i + round + 2) % names.length];
      const seen = await turn(calls[name], width);
      if (round >= 0) turns[name].push(seen);
    }
  const middle = (name, key) => median(turns[name].map((seen) => seen[key]));
  const ratio = (name, key) => median(turns[name].map((seen, i) => seen[key] / turns[base][i][key]));
  return Object.fromEntries(
    names.map((name) => [
      name,
      {
        cpu: middle(name, "cpu"),
        rate: middle(name, "rate"),
        cpuRatio: ratio(name, "cpu"),
        rateRatio: ratio(name, "rate"),
      },
    ]),
  );
}
