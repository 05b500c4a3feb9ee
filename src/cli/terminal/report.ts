import { visible } from "../../internal.js";
import type { Finding, Report } from "../../testing/index.js";
import { table } from "./format.js";

const verdictOf = ({ failures, runs }: Finding) => (failures > 0 ? "broken" : runs > 0 ? "kept" : "untested");

/** The report for a person: one line for each promise, then how each broken one was broken and how to repeat it. */
export function reportLines(name: string, report: Report): string {
  const rows = report.findings.map((finding) => [
    finding.id,
    verdictOf(finding),
    String(finding.runs),
    String(finding.failures),
    finding.text,
  ]);
  const broken = report.findings.filter(({ failures }) => failures > 0);
  const details = broken.map(
    ({ id, reason, story, seed }) =>
      `\n${id} was broken: ${reason}\n  the smallest story: ${story}\n  again: the same command with --only ${id} --seed ${seed}`,
  );
  const seconds = (report.durationMs / 1000).toFixed(1);
  const sum =
    broken.length === 0
      ? "every promise that was put to the test was kept"
      : `${broken.length} of ${rows.length} promises broken`;
  return [
    table([["promise", "", "runs", "failures", ""], ...rows]),
    ...details,
    `\n${name}: ${sum}; ${report.stories} stories in ${seconds} s, seed ${report.seed}`,
  ].join("\n");
}

/** The report as JUnit XML for a CI, with one test case for each promise. */
export function junit(name: string, report: Report): string {
  const cases = report.findings.map((finding) => {
    const { id, text, failures, runs, reason, story, seed } = finding;
    const open = `    <testcase classname="${escaped(name)}" name="${escaped(`${id}: ${text}`)}"`;
    if (runs === 0) return `${open}>\n      <skipped/>\n    </testcase>`;
    if (failures === 0) return `${open}/>`;
    const body = `${failures} of ${runs} stories\nthe smallest: ${story}\nagain: the same command with --only ${id} --seed ${seed}`;
    return `${open}>\n      <failure message="${escaped(reason ?? "")}">${escaped(body)}</failure>\n    </testcase>`;
  });
  const count = (verdict: string) =>
    report.findings.filter((finding) => verdictOf(finding) === verdict).length;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    "<testsuites>",
    `  <testsuite name="${escaped(`holdfast check ${name}`)}" tests="${cases.length}" failures="${count("broken")}" skipped="${count("untested")}" time="${report.durationMs / 1000}">`,
    ...cases,
    "  </testsuite>",
    "</testsuites>\n",
  ].join("\n");
}

const ENTITIES: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

/** Escapes a text for XML. Characters that XML 1.0 does not allow become question marks. */
const escaped = (text: string): string =>
  visible(text)
    .replace(/[&<>"]/g, (character) => ENTITIES[character]!)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for.
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, "?");
