/** What was measured over the time of a soak, as a table of about fifteen lines. */
export function sampleTable(samples) {
  const every = Math.max(1, Math.ceil(samples.length / 15));
  const rows = samples
    .filter((_, i) => i % every === 0 || i === samples.length - 1)
    .map(
      (s) => `| ${s.s} | ${s.calls} | ${s.heap.toFixed(1)} | ${s.sockets} | ${s.pipes} | ${s.processes} |`,
    );
  return [
    "| s | calls | heap, MB | sockets | pipes | processes |",
    "| ---: | ---: | ---: | ---: | ---: | ---: |",
    ...rows,
  ].join("\n");
}
