import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bare, MAX_NAME_LENGTH, Names, prefixed } from "../../src/composite/naming.js";
import { originOfUri, showUri } from "../../src/composite/uris.js";
import { runsOf } from "../support/runs.js";

describe("the names of a composite", () => {
  it("have the server's in front, and are read back from a table", () => {
    const names = new Names(prefixed, () => {});
    expect(names.show("weather", "get_forecast")).toBe("weather_get_forecast");
    expect(names.origin("weather_get_forecast")).toEqual({ server: "weather", name: "get_forecast" });
    expect(names.origin("weather_other")).toBeUndefined();
  });

  it("get a stable suffix where two would be one, and that is reported", () => {
    const reports: string[] = [];
    const names = new Names(prefixed, (message) => reports.push(message));
    expect(names.show("a", "b_c")).toBe("a_b_c");
    const other = names.show("a_b", "c");
    expect(other).toMatch(/^a_b_c_[0-9a-f]{6}$/);
    expect(names.show("a_b", "c")).toBe(other);
    expect(new Names(prefixed, () => {}).show("a_b", "c")).toBe("a_b_c");
    expect(names.origin(other)).toEqual({ server: "a_b", name: "c" });
    expect(reports).toEqual([`"c" of a_b is shown as ${other}: "a_b_c" is taken`]);
  });

  it("that are too long are cut for a suffix of their own, and that is reported", () => {
    const reports: string[] = [];
    const names = new Names(prefixed, (message) => reports.push(message));
    const [fits, long, other] = ["y".repeat(62), "x".repeat(63), `${"x".repeat(63)}!`];
    expect(names.show("a", fits)).toBe(`a_${fits}`);
    expect(reports).toEqual([]);
    const shown = names.show("a", long);
    expect(shown).toMatch(/^a_x{55}_[0-9a-f]{6}$/);
    expect(reports).toEqual([
      `"${long}" of a is shown as ${shown}: "a_${long}" is longer than 64 characters`,
    ]);
    const another = names.show("a", other);
    expect(another).toMatch(/^a_x{55}_[0-9a-f]{6}$/);
    expect([shown, another].map((name) => names.origin(name)?.name)).toEqual([long, other]);
    expect(new Names(prefixed, () => {}).show("a", other)).toBe(another);
  });

  it.each(["search", "y".repeat(MAX_NAME_LENGTH)])(
    "are reported once, and for what is the matter: %s",
    (name) => {
      const reports: string[] = [];
      const names = new Names(bare, (message) => reports.push(message));
      expect(names.show("a", name)).toBe(name);
      const [shown] = ["first", "second"].map(() => names.show("b", name));
      expect(reports).toEqual([`"${name}" of b is shown as ${shown}: "${name}" is taken`]);
    },
  );

  it("are never too long, and never the same for two", () => {
    const pair = fc.tuple(fc.string({ maxLength: 80 }), fc.string({ maxLength: 80 }));
    fc.assert(
      fc.property(
        fc.uniqueArray(pair, { selector: (p) => JSON.stringify(p) }),
        fc.boolean(),
        (pairs, withPrefix) => {
          const names = new Names(withPrefix ? prefixed : bare, () => {});
          const shown = pairs.map(([server, name]) => names.show(server, name));
          expect(new Set(shown).size).toBe(pairs.length);
          shown.forEach((name, i) => {
            expect(name.length).toBeLessThanOrEqual(MAX_NAME_LENGTH);
            expect(names.origin(name)).toEqual({ server: pairs[i]![0], name: pairs[i]![1] });
          });
        },
      ),
    );
  });
});

describe("the URIs of a composite", () => {
  it("have the server as their host", () => {
    expect(showUri("one", "note://a/b")).toBe("note://one/a/b");
    expect(showUri("one", "file:///x")).toBe("file://one//x");
    expect(showUri("one", "urn:x")).toBe("urn://one/%3Ax");
    expect(showUri("one", "note://{id}/{+rest}")).toBe("note://one/{id}/{+rest}");
    expect(showUri("my server", "note://a")).toBe("note://my%20server/a");
  });

  it("can all be read back, whatever they are", () => {
    const scheme = fc.oneof(fc.stringMatching(/^[a-z][a-z0-9+.-]{0,6}$/), fc.constant("holdfast"));
    const rest = fc.oneof(fc.string(), fc.stringMatching(/^%(25){0,3}3A[a-z]*$/), fc.webPath());
    const uri = fc.oneof(
      fc.tuple(scheme, rest).map(([s, r]) => `${s}://${r}`),
      fc
        .tuple(
          scheme,
          rest.filter((r) => !r.startsWith("//")),
        )
        .map(([s, r]) => `${s}:${r}`),
      fc.webUrl(),
      fc.string(),
    );
    const server = fc.string({ minLength: 1, unit: "grapheme" });
    fc.assert(
      fc.property(server, uri, (name, given) => {
        expect(originOfUri(showUri(name, given), ["other", name])).toEqual({ server: name, uri: given });
      }),
      { numRuns: runsOf(2_000) },
    );
  });

  it("of no server of ours are nobody's", () => {
    expect(originOfUri("note://else/a", ["one"])).toBeUndefined();
    expect(originOfUri("note:a", ["one"])).toBeUndefined();
  });
});
