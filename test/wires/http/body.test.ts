import fc from "fast-check";
import { expect, it } from "vitest";
import { Body } from "../../../src/wires/http/body.js";

const KB = 1024;

/** Bytes of a body that no other one has, cut so that pieces end within letters, too. */
function piecesOf(name: string, size: number, cut: number): Buffer[] {
  const whole = Buffer.alloc(size, `${name}é🙂`);
  return Array.from({ length: Math.ceil(size / cut) }, (_, i) => whole.subarray(i * cut, (i + 1) * cut));
}

it.each([
  ["nothing", 0, 1],
  ["one small piece", 20, 100],
  ["small pieces", 200 * KB, 7_001],
  ["one large piece", 3_000 * KB, 3_000 * KB],
  ["large, in pieces", 5_000 * KB, 65_536],
  ["as large as is kept in pieces", 256 * KB, 64 * KB],
  ["as large as the first memory", 1_024 * KB, 64 * KB],
  ["larger than what is kept for the next", 20_000 * KB, 65_536],
])("a body is the text of its bytes: %s", (_what, size, cut) => {
  const pieces = piecesOf("a", size, cut);
  // Twice: the second one is put together where the first one was.
  for (let time = 0; time < 2; time++) {
    const body = new Body();
    for (const piece of pieces) body.add(piece);
    expect(body.size).toBe(size);
    expect(body.text() === Buffer.concat(pieces).toString("utf8")).toBe(true);
  }
});

it("bodies that come at once take nothing of each other", () => {
  const sizes = fc.record({
    size: fc.integer({ min: 0, max: 1_500 * KB }),
    cut: fc.integer({ min: 5_000, max: 900 * KB }),
  });
  const wanted = fc.array(sizes, { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(wanted, fc.array(fc.nat(), { minLength: 30 }), (all, order) => {
      const coming = all.map(({ size, cut }, i) => {
        const pieces = piecesOf(String.fromCharCode(97 + i), size, cut);
        return { body: new Body(), pieces, added: 0 };
      });
      for (let turn = 0; coming.length > 0; turn++) {
        const at = order[turn % order.length]! % coming.length;
        const { body, pieces, added } = coming[at]!;
        if (added < pieces.length) {
          body.add(pieces[added]!);
          coming[at]!.added++;
          continue;
        }
        expect(body.text() === Buffer.concat(pieces).toString("utf8")).toBe(true);
        coming.splice(at, 1);
      }
    }),
  );
});

it("bytes that are no UTF-8 are read as ever", () => {
  const bytes = Buffer.concat([Buffer.alloc(300 * KB, "a"), Buffer.from([0xe9, 0x80])]);
  const body = new Body();
  body.add(bytes);
  expect(body.text() === bytes.toString("utf8")).toBe(true);
});

it("a body that was read writes nothing where the next one is put together", () => {
  const over = new Body();
  over.add(Buffer.alloc(300 * KB, "a"));
  over.text();
  const next = new Body();
  next.add(Buffer.alloc(400 * KB, "b"));
  over.add(Buffer.alloc(100 * KB, "x"));
  expect(next.text() === "b".repeat(400 * KB)).toBe(true);
});
