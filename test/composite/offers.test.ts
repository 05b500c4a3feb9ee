import { describe, expect, it } from "vitest";
import { Claims } from "../../src/composite/claims.js";
import { bare, prefixed } from "../../src/composite/naming.js";
import { leastOf, type Offer } from "../../src/composite/offer.js";
import { Offers, type OffersHost } from "../../src/composite/offers.js";
import { shownTools } from "../../src/composite/transforms.js";

const toolsOf = (...names: string[]): Offer => {
  const offered = names.map((name) => ({ name, inputSchema: { type: "object" as const } }));
  const shown = shownTools(offered, { may: () => true }, () => {});
  return { tools: new Map(shown.map((one) => [one.tool.name, one])) };
};
const promptsOf = (...names: string[]): Offer => ({ prompts: names.map((name) => ({ name })) });
const resourcesOf = (...uris: string[]): Offer => ({ resources: uris.map((uri) => ({ uri, name: uri })) });

function offersOf(servers: string[], options: Partial<OffersHost> = {}) {
  const reports: string[] = [];
  const offers = new Offers({
    servers: () => [...servers],
    rule: prefixed,
    uriPrefix: true,
    claims: { tools: new Claims(), prompts: new Claims() },
    report: (message) => reports.push(message),
    ...options,
  });
  return { offers, reports };
}

describe("what servers offer", () => {
  it("is what was read last, list by list, and tells whether that is another one", () => {
    const { offers } = offersOf(["a", "b"]);
    expect(offers.of("a")).toEqual({});
    expect(offers.note("a", toolsOf("x"))).toBe(true);
    expect(offers.note("a", toolsOf("x"))).toBe(false);
    expect(offers.note("a", promptsOf("p"))).toBe(true);
    expect(offers.note("a", promptsOf("p"))).toBe(false);
    expect(offers.note("a", toolsOf("x", "y"))).toBe(true);
    expect(offers.note("a", toolsOf("y", "x"))).toBe(true);
    expect(offers.note("a", resourcesOf("note://a"))).toBe(true);
    expect(offers.note("a", resourcesOf("note://a"))).toBe(false);
    expect(offers.note("a", { templates: [] })).toBe(true);
    const { prompts, tools, resources } = offers.of("a");
    expect([prompts, [...tools!.keys()], resources]).toEqual([
      [{ name: "p" }],
      ["y", "x"],
      [{ uri: "note://a", name: "note://a" }],
    ]);
  });

  it("keeps what was said of each list until that is read again", () => {
    const { offers } = offersOf(["a", "b"]);
    const keep = { ttlMs: 9, cacheScope: "public" } as const;
    const drift = new Map([["x", "changed"]]);
    const ofTools = { keep: { tools: keep }, drift: { tools: drift }, epochs: { tools: 1 } };
    // None of this is another list.
    offers.note("a", toolsOf("x"));
    expect(offers.note("a", ofTools)).toBe(false);
    expect(offers.note("a", { keep: { prompts: keep }, drift: {}, epochs: { prompts: 2 } })).toBe(false);
    expect(offers.of("a")).toMatchObject({
      keep: { tools: keep, prompts: keep },
      drift: { tools: drift },
      epochs: { tools: 1, prompts: 2 },
    });
    expect(offers.keep("tools")).toEqual(leastOf([]));
    offers.note("b", { keep: { tools: { ttlMs: 3, cacheScope: "private" } } });
    expect(offers.keep("tools")).toEqual({ ttlMs: 3, cacheScope: "private" });
    expect(offers.keep("prompts")).toEqual(leastOf([]));
  });

  it("is shown by names that are made anew when a list, a server or the config is another one", () => {
    const servers = ["a", "b"];
    const { offers, reports } = offersOf(servers, { rule: bare });
    offers.note("a", toolsOf("x"));
    expect(offers.names("tools").origin("x")).toEqual({ server: "a", name: "x" });
    offers.note("b", toolsOf("x"));
    expect(offers.names("tools").origin("x")).toBeUndefined();
    expect([offers.shownOf("tools", "a"), offers.shownOf("tools", "b")]).toEqual([["a_x"], ["b_x"]]);
    offers.note("a", promptsOf("x"));
    expect([offers.shownOf("prompts", "a"), offers.shownOf("prompts", "b")]).toEqual([["x"], []]);
    expect(reports).toHaveLength(1);
    offers.drop("a");
    expect([offers.of("a"), offers.shownOf("tools", "a"), offers.names("prompts").origin("x")]).toEqual([
      {},
      [],
      undefined,
    ]);
    offers.note("b", toolsOf("c_y", "z"));
    expect(offers.shownOf("tools", "b")).toEqual(["c_y", "z"]);
    // The name would be another server's now.
    servers.push("c");
    expect(offers.shownOf("tools", "b")).toEqual(["b_c_y", "z"]);
    servers.splice(1, 1);
    expect(offers.names("tools").origin("z")).toBeUndefined();
  });

  it("says what it is at its server where the rule alone does not", () => {
    const { offers } = offersOf(["a", "a_b"]);
    offers.note("a", toolsOf("x", "b_y"));
    const named = (item: { name: string; _meta?: Record<string, unknown> }) =>
      offers.named("tools", "a", item);
    expect(named({ name: "x" })).toStrictEqual({ name: "a_x" });
    expect(named({ name: "x", _meta: { kept: 1 } })).toStrictEqual({ name: "a_x", _meta: { kept: 1 } });
    expect(named({ name: "x", _meta: { kept: 1, holdfast: "forged" } })).toStrictEqual({
      name: "a_x",
      _meta: { kept: 1 },
    });
    expect(named({ name: "b_y", _meta: { kept: 1 } })).toEqual({
      name: expect.stringMatching(/^a__b_y_[0-9a-f]{20}$/),
      _meta: { kept: 1, holdfast: { server: "a", name: "b_y" } },
    });
    expect(offers.named("prompts", "a", { name: "unread" }).name).toBe("unread");
  });

  it("has URIs with its server in them, and as they stand in a document of that server", () => {
    const { offers } = offersOf(["a", "b"]);
    offers.note("a", { ...resourcesOf("note://x"), templates: [{ uriTemplate: "day://{d}", name: "d" }] });
    expect(offers.showUri("a", "note://x")).toBe("note://a/x");
    expect(offers.originOfUri("note://a/x")).toEqual({ server: "a", uri: "note://x", listed: true });
    expect(offers.originOfUri("note://x")).toEqual({ server: "a", uri: "note://x", listed: true });
    expect(offers.originOfUri("day://1")).toEqual({ server: "a", uri: "day://1", listed: false });
    expect(offers.originOfUri("none://1")).toBeUndefined();
    expect(offers.ownersOfUri("note://x")).toEqual(["a"]);
    offers.note("b", resourcesOf("note://x"));
    expect(offers.ownersOfUri("note://x")).toEqual(["a", "b"]);
    offers.drop("a");
    expect(offers.ownersOfUri("note://x")).toEqual(["b"]);
  });

  it("has URIs as they are, without prefixes, until two list the same one", () => {
    const servers = ["a", "b"];
    const { offers } = offersOf(servers, { uriPrefix: false });
    offers.note("a", resourcesOf("note://x"));
    expect(offers.showUri("a", "note://x")).toBe("note://x");
    expect(offers.originOfUri("note://a/x")).toBeUndefined();
    offers.note("b", resourcesOf("note://x"));
    expect(offers.showUri("a", "note://x")).toBe("holdfast://a/%3Annote://x");
    servers.pop();
    expect(offers.showUri("a", "note://x")).toBe("note://x");
  });
});
