import { createHash } from "node:crypto";
import fc from "fast-check";
import { expect, it } from "vitest";
import { Validators } from "../../src/connection/validators.js";
import { expensive } from "../support/expensive-schemas.js";
import { runsOf } from "../support/runs.js";

/**
 * What a schema may cost to compile and to check, as a part of what `measure` costs on the same machine. That took 200 ms of CPU where
 * a schema may take 100: the ratio is the same on a slow machine.
 */
const MOST = 0.5;
/** The garbage of others, and what the engine compiles beside, counts too: the best of so many times is what it costs. */
const TRIES = 6;
/** A larger text is refused by its length, and the generator's cannot all be written down. */
const MAX_TEXT = 4 * 1024 * 1024;

function cpuMs(run: () => void): number {
  const before = process.cpuUsage();
  run();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

const least = (run: () => number): number => Math.min(...Array.from({ length: TRIES }, run));

/** Work of the same kind: parsing, hashing, and calls of small functions. */
function measure(): void {
  const text = JSON.stringify(Array.from({ length: 20_000 }, (_, i) => ({ i, text: "x".repeat(20) })));
  for (let i = 0; i < 20; i++) {
    const rows: { i: number; text: string }[] = JSON.parse(text);
    const seen = new Map(rows.map((row) => [`${row.text}${row.i}`, row]));
    createHash("sha256").update(text).update(String(seen.size)).digest();
  }
}

const sizes = new WeakMap<object, number>();
/** About how long the text of a value is. Its parts may stand in it many times. */
function sizeOf(value: unknown): number {
  if (typeof value === "string") return value.length + 2;
  if (typeof value !== "object" || value === null) return 8;
  let size = sizes.get(value);
  if (size === undefined) {
    size = Object.entries(value).reduce((sum, [key, part]) => sum + key.length + 4 + sizeOf(part), 2);
    sizes.set(value, size);
  }
  return size;
}

it("a schema that a server makes up is judged or left out with a warning, whatever it is, and costs no more than a part of a second", () => {
  const most = MOST * least(() => cpuMs(measure));
  /** What the schema costs beyond its own text. */
  const costOf = (schema: object, data: unknown): number => {
    const warnings: string[] = [];
    const validators = new Validators((message) => warnings.push(message));
    const text = cpuMs(() => createHash("sha256").update(JSON.stringify(schema)).digest("base64"));
    const cost = cpuMs(() => {
      expect(typeof validators.getValidator(schema)(data).valid).toBe("boolean");
    });
    expect(warnings.length).toBeLessThan(5);
    return cost - text;
  };
  fc.assert(
    fc.property(expensive(), ({ schema, data }) => {
      fc.pre(sizeOf(schema) < MAX_TEXT);
      if (costOf(schema, data) > most) expect(least(() => costOf(schema, data))).toBeLessThan(most);
    }),
    // What fails here is far too large to be made small.
    { numRuns: runsOf(40), endOnFailure: true },
  );
});
