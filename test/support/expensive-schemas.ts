import fc from "fast-check";

/** A schema that means to be expensive, and a value that shows it at its worst. */
export interface Expensive {
  schema: object;
  data: unknown;
}

const PATTERNS = [
  "^(a+)+$",
  "(a|aa)+$",
  "(.*a){20}b",
  "(a?){200}a{200}",
  "^(?:.?){300}!$",
  "(\\w+\\s?){1,100}$",
  "(?i)(k|s|\\p{Lu})+z$",
  "(x+x+)+y",
  "a{1000}",
  "((a{30}){30})",
  "(?=a)b",
  "(a)\\1",
  "(a{1000}){1000}",
  "[a-z]{1,500}@[a-z]{1,500}",
  "x*".repeat(1_000),
  "[",
];
const FORMATS = [
  "uri",
  "email",
  "regex",
  "date-time",
  "uri-template",
  "hostname",
  "ipv6",
  "json-pointer",
  "iri",
  "byte",
  "uuid",
];

const text = fc
  .record({
    unit: fc.constantFrom("a", "a.", "x", "-a", "0:", "a b", "%41", "{a}", "é"),
    count: fc.constantFrom(30, 1_000, 20_000, 70_000),
  })
  .map(({ unit, count }) => `${unit.repeat(Math.ceil(count / unit.length))}!`);
const count = fc.constantFrom(1, 10, 100, 300, 1_100);
const rows = (length: number, make: (i: number) => unknown) => Array.from({ length }, (_, i) => make(i));
const fields = (length: number, make: (i: number) => unknown) =>
  Object.fromEntries(rows(length, (i) => [`p${i}`, make(i)]) as [string, unknown][]);

/** Trees of the keywords that loop, branch and recurse. */
const tree: fc.Memo<object> = fc.memo((depth) => {
  const leaf = fc.oneof(
    fc.record({ pattern: fc.constantFrom(...PATTERNS) }),
    fc.record({ format: fc.constantFrom(...FORMATS) }),
    fc.record({ minLength: fc.nat(), maxLength: fc.nat() }),
    fc.constant({ uniqueItems: true }),
    fc.constantFrom({ $ref: "#" }, { $ref: "#/$defs/x" }, { $dynamicRef: "#n" }, { $ref: "#/anyOf/0" }),
    count.map((n) => ({ required: rows(n, (i) => `p${i}`) })),
    count.map((n) => ({ enum: rows(n, (i) => ({ i, deep: [[i]] })) })),
    count.map((n) => ({
      patternProperties: Object.fromEntries(rows(n, (i) => [`^${i}[a-z]{9}`, {}]) as [string, object][]),
    })),
  );
  if (depth <= 1) return leaf;
  const inner = tree(depth - 1);
  const some = fc.array(inner, { minLength: 1, maxLength: 4 });
  return fc.oneof(
    leaf,
    fc.record({ properties: fc.dictionary(fc.constantFrom("a", "p0", "p1", "anyOf"), inner) }),
    fc.record({ items: inner, uniqueItems: fc.boolean() }),
    fc.record({ additionalProperties: inner }),
    fc.record({ unevaluatedProperties: inner, allOf: some }),
    fc.record({ anyOf: some, $defs: fc.record({ x: inner }), $dynamicAnchor: fc.constant("n") }),
    fc.record({ oneOf: some, not: inner }),
    // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
    fc.record({ if: inner, then: inner, else: inner, contains: inner, propertyNames: inner }),
    fc.tuple(count, inner).map(([n, one]) => ({ anyOf: rows(n, () => one) })),
    fc.tuple(count, inner).map(([n, one]) => ({ properties: fields(n, () => one) })),
  );
});

const value = fc.oneof(
  text,
  count.map((n) => rows(n, (i) => ({ i, text: "a".repeat(50) }))),
  count.map((n) => rows(n * 10, (i) => i)),
  count.map((n) => fields(n, () => "a".repeat(50))),
  count.map((n) => {
    let deep: unknown = { a: 1 };
    for (let i = 0; i < n; i++) deep = { a: deep };
    return deep;
  }),
  count.map((n) => fields(n, () => [{ p0: "a", p1: ["b"] }])),
);

export const expensive = (): fc.Arbitrary<Expensive> => fc.record({ schema: tree(4), data: value });
