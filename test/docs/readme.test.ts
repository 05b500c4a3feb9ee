import { readFileSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { DEFAULTS, type ReconnectOptions, type SharedOptions } from "../../src/contract/options.js";
import { DEFAULT_BACKOFF } from "../../src/machines/backoff.js";
import { mermaid } from "../../src/machines/mermaid.js";
import { expectTests, heldBy } from "../support/held-by.js";

const root = new URL("../../", import.meta.url);
const read = (name: string) => readFileSync(new URL(name, root), "utf8");
const CHART = /```mermaid\n([\s\S]*?)\n```/;

describe("the documentation", () => {
  it("draws the chart that the machine has", () => {
    const drawn = mermaid();
    for (const name of ["README.md", "docs/lifecycle.md"]) {
      if (process.env["HOLDFAST_WRITE"])
        writeFileSync(new URL(name, root), read(name).replace(CHART, `\`\`\`mermaid\n${drawn}\n\`\`\``));
      // To mend: npm run chart.
      expect(CHART.exec(read(name))?.[1], name).toBe(drawn);
    }
  });

  it("names for each rule of the lifecycle a test that there is", () => {
    const rows = heldBy("docs/lifecycle.md");
    expect(rows.length).toBeGreaterThan(15);
    for (const held of rows) expectTests(held);
  });

  it("names every default that the code has", () => {
    for (const [key, documented] of Object.entries(WHERE)) {
      const [page = "", option = ""] = documented.split("#");
      const cells = defaultsOf(read(page), option);
      expect(cells, `${documented} has a row`).not.toEqual([]);
      const value = shown(ALL[key as keyof typeof ALL]);
      for (const cell of cells) expect(cell.split(/; | of |, at most | for /), documented).toContain(value);
    }
  });

  it("has a row for every option that all transports take", () => {
    const page = read("docs/options.md");
    for (const option of Object.keys(SHARED)) expect(defaultsOf(page, option), option).toHaveLength(1);
  });
});

const ALL = { ...DEFAULTS, baseMs: DEFAULT_BACKOFF.baseMs, capMs: DEFAULT_BACKOFF.capMs };

/** For each default the page and the row that names it. The compiler asks for a new one. */
const WHERE: Record<keyof typeof ALL, string> = {
  connectTimeoutMs: "docs/options.md#connectTimeoutMs",
  runnerConnectTimeoutMs: "docs/options.md#connectTimeoutMs",
  closeTimeoutMs: "docs/options.md#closeTimeoutMs",
  callTimeoutMs: "docs/options.md#timeoutMs",
  probeTimeoutMs: "docs/options.md#probeTimeoutMs",
  authorizeTimeoutMs: "docs/auth.md#timeoutMs",
  stableAfterMs: "docs/options.md#reconnect.stableAfterMs",
  baseMs: "docs/options.md#reconnect.baseMs",
  capMs: "docs/options.md#reconnect.capMs",
  heartbeatMs: "docs/options.md#heartbeat",
  startTimeoutMs: "docs/options.md#startTimeoutMs",
  maxStarts: "docs/options.md#maxStarts",
  listWaitMs: "docs/options.md#listWaitMs",
  listTimeoutMs: "docs/options.md#listTimeoutMs",
  eraProbeTimeoutMs: "docs/options.md#eraProbeTimeoutMs",
  eraMemoryMs: "docs/options.md#eraMemoryMs",
  maxQueued: "docs/options.md#maxQueued",
  maxServerRequests: "docs/options.md#maxServerRequests",
  maxUnaskedPerSecond: "docs/options.md#maxUnaskedPerSecond",
  maxReceivingBytes: "docs/options.md#maxReceivingBytes",
  maxUnsentAnswers: "docs/options.md#maxUnsentAnswers",
  maxMessageBytes: "docs/options.md#maxMessageBytes",
  maxLogBytes: "docs/options.md#maxLogBytes",
  maxRetryAfterMs: "docs/options.md#maxRetryAfterMs",
  maxSockets: "docs/options.md#maxSockets",
  forgottenSessionMs: "docs/options.md#forgottenSessionMs",
};

/** Every option of every transport. The compiler asks for a new one. */
const SHARED: Record<keyof SharedOptions | `reconnect.${keyof ReconnectOptions}`, true> = {
  name: true,
  connectTimeoutMs: true,
  closeTimeoutMs: true,
  idleTimeoutMs: true,
  keepAlive: true,
  reconnect: true,
  "reconnect.initial": true,
  "reconnect.baseMs": true,
  "reconnect.capMs": true,
  "reconnect.maxAttempts": true,
  "reconnect.maxElapsedMs": true,
  "reconnect.stableAfterMs": true,
  era: true,
  replay: true,
  trustAnnotations: true,
  cache: true,
  maxQueued: true,
  maxServerRequests: true,
  maxUnaskedPerSecond: true,
  maxReceivingBytes: true,
  maxUnsentAnswers: true,
  schemaLimits: true,
  heartbeat: true,
  callTimeoutMs: true,
  record: true,
  inspect: true,
  secrets: true,
  logger: true,
};

/** The cells that say the default of an option, one for each row that names it. */
function defaultsOf(page: string, option: string): string[] {
  const rows = page.split("\n").filter((line) => line.startsWith("| `"));
  const cells = rows.map((row) => row.split(" | ").map((cell) => cell.replace(/^\| /, "")));
  return cells.filter(([name]) => name === `\`${option}\``).map(([, value]) => value!);
}

/** A default as the tables write it: bytes in MiB, other numbers with commas. */
function shown(value: number): string {
  const mebibytes = value / 1024 / 1024;
  return Number.isInteger(mebibytes) ? `${mebibytes} MiB` : value.toLocaleString("en");
}
