// What the official conformance tool prints, as data.

/** The newest that knows the 2026 revision: npm view @modelcontextprotocol/conformance dist-tags */
export const TOOL = "@modelcontextprotocol/conformance@0.2.0-alpha.12";

/** The results of all scenarios. One that ran no check did not pass, though the tool prints a tick. */
export function parseResults(text) {
  const summary = text.slice(text.search(/=== (SUITE )?SUMMARY ===/));
  const results = [...summary.matchAll(/^[✓✗] (\S+): (\d+) passed, (\d+) failed(.*)$/gmu)];
  const unscored = new Set([...summary.matchAll(/^ +[✓✗] (\S+) \((.+)\)$/gmu)].map(([, name]) => name));
  return results.map(([line, name, passed, failed]) => ({
    name,
    passed: Number(passed),
    ok: line.startsWith("✓") && Number(failed) === 0 && Number(passed) > 0,
    scored: !unscored.has(name),
  }));
}
