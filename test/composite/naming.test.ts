import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Claims } from "../../src/composite/claims.js";
import { bare, MAX_NAME_LENGTH, type NameRule, Names, prefixed } from "../../src/composite/naming.js";
import { fold } from "../../src/composite/owners.js";
import { originOfUri, ownUri, showUri } from "../../src/composite/uris.js";
import { runsOf } from "../support/runs.js";

const pairsOf = (all: Record<string, string[]>) =>
  Object.entries(all).flatMap(([server, names]) => names.map((name) => ({ server, name })));

function namesOf(all: Record<string, string[]>, rule: NameRule = prefixed, claims = new Claims()) {
  const reports: string[] = [];
  let configured = Object.keys(all);
  const names = new Names({ rule, servers: () => configured, claims, report: (m) => reports.push(m) });
  const update = (now: Record<string, string[]>) => {
    configured = Object.keys(now);
    names.update(pairsOf(now));
  };
  update(all);
  const shown = (server: string, name: string) => names.shown({ server, name });
  return { names, reports, update, shown };
}

describe("the names of a composite", () => {
  it("have the server's in front, and are read back from a table", () => {
    const { names, shown, reports } = namesOf({ weather: ["get_forecast"], other: [] });
    expect(shown("weather", "get_forecast")).toBe("weather_get_forecast");
    expect(names.origin("weather_get_forecast")).toEqual({ server: "weather", name: "get_forecast" });
    expect(names.origin("weather_other")).toBeUndefined();
    expect(names.whyNobody("weather_other")).toBeUndefined();
    expect(shown("other", "get_forecast")).toBeUndefined();
    expect(reports).toEqual([]);
  });

  it("belong to the longest server that begins them; whoever else would have one gets a suffix", () => {
    const all = { git: ["hub_push", "pull"], git_hub: ["push"] };
    for (const order of [all, { git_hub: all.git_hub, git: all.git }]) {
      const { names, shown, reports } = namesOf(order);
      expect(names.origin("git_hub_push")).toEqual({ server: "git_hub", name: "push" });
      expect(shown("git", "pull")).toBe("git_pull");
      expect(names.ownerOf("git_hub_other")).toBe("git_hub");
      expect(names.ownerOf("git_other")).toBe("git");
      expect(names.ownerOf("gi_other")).toBeUndefined();
      // Not even its beginning is the other server's.
      expect(shown("git", "hub_push")).toMatch(/^git__hub_push_[0-9a-f]{20}$/);
      expect(reports).toEqual([
        `"hub_push" of git is shown as ${shown("git", "hub_push")}: "git_hub_push" would be read as of git_hub`,
      ]);
    }
    // Though the server that it belongs to offers nothing.
    expect(namesOf({ git: ["hub_push"], git_hub: [] }).names.origin("git_hub_push")).toBeUndefined();
    const deep = namesOf({ a: ["_b_c"], a_: ["b"], a__b: ["c"] });
    expect(deep.names.origin("a__b_c")).toEqual({ server: "a__b", name: "c" });
    expect(deep.shown("a", "_b_c")).toMatch(/^a_x__b_c_[0-9a-f]{20}$/);
  });

  it.each(["Hub_push", "hub-push", "hub.push", "hub push", "ＨＵＢ_push"])(
    "are another server's however a program may clean them: %s",
    (name) => {
      const { shown } = namesOf({ git: [name], git_hub: ["push"] });
      expect(shown("git", name)).toMatch(/_[0-9a-f]{20}$/);
      expect(fold(shown("git", name)!).startsWith("git_hub_")).toBe(false);
      expect(shown("git_hub", "push")).toBe("git_hub_push");
    },
  );

  it("of servers that read alike are nobody's as they are", () => {
    const { shown, reports } = namesOf({ "a.b": ["x"], a_b: ["x"], c: ["x"] });
    expect([shown("a.b", "x"), shown("a_b", "x")]).toEqual([
      expect.stringMatching(/^a\.b_x_[0-9a-f]{20}$/),
      expect.stringMatching(/^a_b_x_[0-9a-f]{20}$/),
    ]);
    expect(shown("c", "x")).toBe("c_x");
    expect(reports).toEqual([
      `"x" of a.b is shown as ${shown("a.b", "x")}: "a.b_x" would be read as of two servers, and 1 others likewise`,
    ]);
  });

  it("of one server that read alike get suffixes, both", () => {
    const { names, shown } = namesOf({ a: ["do-it", "do_it", "other"] });
    const both = [shown("a", "do-it")!, shown("a", "do_it")!];
    expect(both).toEqual([
      expect.stringMatching(/^a_do-it_[0-9a-f]{20}$/),
      expect.stringMatching(/^a_do_it_[0-9a-f]{20}$/),
    ]);
    expect(names.whyNobody("a_do_it")).toBe(`"a_do_it" is offered by a: ask for ${both.join(" or ")}`);
    expect(shown("a", "other")).toBe("a_other");
    const alone = namesOf({ a: ["do-it", "do_it"], b: ["do-it"] }, bare);
    expect(alone.shown("a", "do-it")).toMatch(/^a_do-it_[0-9a-f]{20}$/);
    expect(alone.shown("b", "do-it")).toBe("b_do-it");
  });

  it("that are too long are cut for a suffix of their own, and that is reported", () => {
    const [fits, long, other] = ["y".repeat(62), "x".repeat(63), `${"x".repeat(63)}!`];
    const { names, shown, reports } = namesOf({ a: [fits, long, other] });
    expect(shown("a", fits)).toBe(`a_${fits}`);
    const cut = [shown("a", long)!, shown("a", other)!];
    for (const name of cut) {
      expect(name).toMatch(/^a_x{41}_[0-9a-f]{20}$/);
      expect(name.length).toBe(MAX_NAME_LENGTH);
    }
    expect(cut.map((name) => names.origin(name)?.name)).toEqual([long, other]);
    expect(reports).toEqual([
      `"${long}" of a is shown as ${cut[0]}: "a_${long}" is longer than 64 characters, and 1 others likewise`,
    ]);
    expect(namesOf({ a: [other] }).shown("a", other)).toBe(cut[1]);
    const half = `${"x".repeat(40)}\u{1f600}${"x".repeat(30)}`;
    expect(namesOf({ a: [half] }).shown("a", half)).toMatch(/^a_x{40}_[0-9a-f]{20}$/);
  });

  it("that look like they had a suffix get one: nobody can aim at another's", () => {
    const first = namesOf({ git: ["hub_push"], git_hub: [] }).shown("git", "hub_push")!;
    const aimed = first.slice("git_".length);
    const { names, shown, reports } = namesOf({ git: ["hub_push", aimed, aimed.toUpperCase()], git_hub: [] });
    expect(names.origin(first)).toEqual({ server: "git", name: "hub_push" });
    expect(shown("git", aimed)).toMatch(/_[0-9a-f]{20}$/);
    expect(new Set([first, shown("git", aimed), shown("git", aimed.toUpperCase())]).size).toBe(3);
    expect(reports).toHaveLength(1);
    const odd = `x_${"0123456789".repeat(2)}`;
    expect(namesOf({ a: [odd] }).reports).toEqual([
      expect.stringContaining(`"a_${odd}" looks like a name with a suffix`),
    ]);
    expect(namesOf({ a: [`x_${"0".repeat(19)}`] }).reports).toEqual([]);
  });

  it("without prefixes are nobody's where two offer them, and both get their server's name", () => {
    const { names, shown, reports, update } = namesOf({ a: ["search", "own"], b: [] }, bare);
    expect([shown("a", "search"), shown("a", "own")]).toEqual(["search", "own"]);
    update({ a: ["search", "own"], b: ["search"], c: ["Search"] });
    expect([shown("a", "search"), shown("b", "search"), shown("c", "Search")]).toEqual([
      "a_search",
      "b_search",
      "c_Search",
    ]);
    expect(shown("a", "own")).toBe("own");
    expect(names.origin("search")).toBeUndefined();
    expect(names.whyNobody("search")).toBe(
      '"search" is offered by a and b and c: ask for a_search or b_search or c_Search',
    );
    expect(reports).toEqual([
      '"search" of a is shown as a_search: "search" is offered twice, and 2 others likewise',
    ]);
    // Reported once.
    update({ a: ["search", "own"], b: ["search"], c: ["Search"] });
    expect(reports).toHaveLength(1);
    // It was a's, and is never b's.
    update({ a: ["own"], b: ["search"], c: [] });
    expect(shown("b", "search")).toBe("b_search");
    expect(names.whyNobody("search")).toBe('"search" was of a, and is of nobody now: list again');
    expect(reports).toHaveLength(1);
    update({ a: ["search", "own"], b: [], c: [] });
    expect(shown("a", "search")).toBe("search");
    update({ b: ["search", "later"], c: [] });
    expect([shown("b", "search"), shown("b", "later")]).toEqual(["b_search", "later"]);
    expect(reports.at(-1)).toBe('"search" of b is shown as b_search: "search" was of a');
  });

  it("without prefixes are a server's, too, where they begin with its name", () => {
    const { names, shown } = namesOf(
      { git: ["git_push", "push"], evil: ["git_pull", "push", "evil_push"] },
      bare,
    );
    expect(names.origin("git_push")).toEqual({ server: "git", name: "git_push" });
    expect(shown("evil", "git_pull")).toBe("evil_git_pull");
    // Its place is taken by a tool that is really called so.
    expect(shown("git", "push")).toMatch(/^git_push_[0-9a-f]{20}$/);
    expect(shown("evil", "push")).toMatch(/^evil_push_[0-9a-f]{20}$/);
    expect(shown("evil", "evil_push")).toBe("evil_push");
  });

  it("of a rule of the user's own are given by the same law", () => {
    const rule: NameRule = (server, name) => `${name}.${server}`;
    const { shown } = namesOf({ one: ["echo"], two: ["echo"] }, rule);
    expect([shown("one", "echo"), shown("two", "echo")]).toEqual(["echo.one", "echo.two"]);
    const same = namesOf({ one: ["ab", "ac"], two: [] }, (_server, name) => name.slice(0, 1));
    expect(new Set([same.shown("one", "ab"), same.shown("one", "ac")]).size).toBe(2);
  });

  it("are never another server's after the config changed", () => {
    const { names, shown, update } = namesOf({ git: ["hub_push"], other: [] });
    expect(shown("git", "hub_push")).toBe("git_hub_push");
    update({ git: ["hub_push"], other: [], git_hub: ["push"] });
    expect(names.origin("git_hub_push")).toBeUndefined();
    expect(shown("git", "hub_push")).toMatch(/^git__hub_push_[0-9a-f]{20}$/);
    expect(shown("git_hub", "push")).toMatch(/^git_hub_push_[0-9a-f]{20}$/);
    expect(names.whyNobody("git_hub_push")).toContain("was of git");
  });

  it("that are gone are forgotten, in the end", () => {
    const claims = new Claims();
    const { update, shown } = namesOf({ a: ["first"], b: [] }, bare, claims);
    for (let i = 0; i < 1_000; i++) update({ a: [`n${i}`], b: [] });
    expect(claims.holder("First")).toBe("a");
    update({ a: ["last"], b: [] });
    expect(claims.holder("first")).toBeUndefined();
    expect(claims.holder("n0")).toBe("a");
    // One that came back is as good as new.
    update({ a: ["n0"], b: [] });
    update({ a: ["x"], b: [] });
    for (let i = 0; i < 998; i++) update({ a: [`m${i}`], b: [] });
    expect(claims.holder("n0")).toBe("a");
    update({ a: [], b: ["first", "n0"] });
    expect([shown("b", "first"), shown("b", "n0")]).toEqual(["first", "b_n0"]);
  });

  it("are never too long, and never the same for two", () => {
    const name = fc.oneof(fc.string({ maxLength: 80 }), fc.constantFrom("a_b", "b", "a", "A", "a-b"));
    const pair = fc.tuple(name, name);
    fc.assert(
      fc.property(
        fc.uniqueArray(pair, { selector: (p) => JSON.stringify(p) }),
        fc.boolean(),
        (pairs, withPrefix) => {
          const named = pairs.map(([server, name]) => ({ server, name }));
          const names = new Names({
            rule: withPrefix ? prefixed : bare,
            servers: () => [...new Set(named.map(({ server }) => server))],
            claims: new Claims(),
            report: () => {},
          });
          names.update(named);
          const shown = named.map((one) => names.shown(one)!);
          expect(new Set(shown).size).toBe(pairs.length);
          shown.forEach((name, i) => {
            expect(name.length).toBeLessThanOrEqual(MAX_NAME_LENGTH);
            expect(names.origin(name)).toEqual(named[i]);
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

  it("of servers that differ in case only are told apart, and nobody's where that is lost", () => {
    expect(originOfUri("note://one/a", ["One"])).toEqual({ server: "One", uri: "note://a" });
    expect(originOfUri("note://one/a", ["One", "one"])?.server).toBe("one");
    expect(originOfUri("note://ONE/a", ["One", "one"])).toBeUndefined();
  });

  it("may be under a scheme of ours, and are read back", () => {
    expect(originOfUri(ownUri("one", "note://a"), ["one"])).toEqual({ server: "one", uri: "note://a" });
  });

  it("of no server of ours are nobody's", () => {
    expect(originOfUri("note://else/a", ["one"])).toBeUndefined();
    expect(originOfUri("note:a", ["one"])).toBeUndefined();
  });
});
