// How two sides are measured: in turns, in rounds, and by the median of the ratios.
export const option = (name, fallback) =>
  Number(process.argv[process.argv.indexOf(name) + 1] || 0) || fallback;
export const seconds = option("--seconds", 0.4);
export const rounds = option("--rounds", 15);

/** Calls per second with so many at a time. */
async function rate(client, call, width) {
  const until = performance.now() + seconds * 1000;
  const startedAt = performance.now();
  let done = 0;
  const worker = async () => {
    while (performance.now() < until) {
      await call(client);
      done++;
    }
  };
  await Promise.all(Array.from({ length: width }, worker));
  return done / ((performance.now() - startedAt) / 1000);
}

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

/** Opens both sides, measures them in turns, and prints the medians and their ratio. */
export async function compare(name, openRaw, openOurs, calls, width) {
  const [a, b] = [await openRaw(), await openOurs()];
  const rates = { raw: [], ours: [] };
  for (let round = -2; round < rounds; round++) {
    // Each side goes first every other round.
    const order = round % 2 === 0 ? ["raw", "ours"] : ["ours", "raw"];
    for (const side of order) {
      const value = await rate(side === "raw" ? a.client : b.client, calls[side], width);
      if (round >= 0) rates[side].push(value);
    }
  }
  await a.close();
  await b.close();
  const ratios = rates.ours.map((value, i) => value / rates.raw[i]);
  const figure = (value) => value.toFixed(value < 100 ? 1 : 0).padStart(8);
  const spread = `${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)}`;
  console.log(
    `${name.padEnd(22)} ${String(width).padStart(3)}  ${figure(median(rates.raw))}  ${figure(median(rates.ours))}   ${median(ratios).toFixed(2)}   (${spread})`,
  );
}
