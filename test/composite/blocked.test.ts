import { describe, expect, it } from "vitest";
import { blockedName, blockedUri, isCompared } from "../../src/composite/blocked.js";
import type { Member } from "../../src/composite/member.js";
import { bare, prefixed } from "../../src/composite/naming.js";
import type { Offer } from "../../src/composite/offer.js";

/** A member as far as it matters for what is blocked. */
const member = (pin: object | undefined, more: object = {}) =>
  ({
    name: "one",
    status: () => ({ epoch: 2 }),
    ...(pin && { pin: () => pin }),
    ...more,
  }) as unknown as Member;
const pin = { blocks: true, refusal: (shown: string, why: string) => `${shown}: ${why}` };
const drift = (...all: [string, string][]) => new Map(all);

describe("whether a list is compared with the lock", () => {
  const both = ["resources", "templates"] as const;
  const read = (epochs: object, of: object = { resources: drift(), templates: drift() }) =>
    ({ drift: of, epochs }) as Offer;

  it("matters only where a pin blocks", () => {
    for (const one of [
      member(undefined),
      member({ blocks: false }),
      member(undefined, { pin: () => undefined }),
    ])
      expect(isCompared(one, {}, both)).toBe(true);
    expect(isCompared(member(pin), {}, both)).toBe(false);
  });

  it("holds for the lists that were read since the server was reached last, all of them", () => {
    const compared = (offer: Offer) => isCompared(member(pin), offer, both);
    expect(compared(read({ resources: 2, templates: 2 }))).toBe(true);
    expect(compared(read({ resources: 2, templates: 1 }))).toBe(false);
    expect(compared(read({ resources: 1, templates: 2 }))).toBe(false);
    expect(compared(read({ resources: 2, templates: 2 }, { resources: drift() }))).toBe(false);
    expect(compared({ drift: { resources: drift(), templates: drift() } })).toBe(false);
    expect(compared({ epochs: { resources: 2, templates: 2 } })).toBe(false);
  });
});

describe("why a name is blocked", () => {
  const offer: Offer = {
    drift: { tools: drift(["a", "changed"], ["b", "new"]), prompts: drift(["a", "gone"]) },
  };
  const renamed = member(pin, { tools: { a: { name: "x" }, b: { description: "d" } } });

  it("is told under the name that it would have, by the rule or with its server's", () => {
    expect(blockedName("tools", "one_a", member(pin), offer, prefixed)).toBe("one_a: changed");
    expect(blockedName("tools", "b", member(pin), offer, bare)).toBe("b: new");
    expect(blockedName("tools", "one_b", member(pin), offer, bare)).toBe("one_b: new");
    expect(blockedName("tools", "b", member(pin), offer, prefixed)).toBeUndefined();
    expect(blockedName("tools", "one_x", renamed, offer, prefixed)).toBe("one_x: changed");
    expect(blockedName("tools", "one_a", renamed, offer, prefixed)).toBeUndefined();
    expect(blockedName("tools", "one_b", renamed, offer, prefixed)).toBe("one_b: new");
    // A prompt has no transform.
    expect(blockedName("prompts", "one_a", renamed, offer, prefixed)).toBe("one_a: gone");
    expect(blockedName("prompts", "one_x", renamed, offer, prefixed)).toBeUndefined();
  });

  it("is nothing where nothing drifted, or nothing is pinned any more", () => {
    expect(blockedName("tools", "one_a", member(pin), {}, prefixed)).toBeUndefined();
    expect(
      blockedName("prompts", "one_a", member(pin), { drift: { tools: drift() } }, prefixed),
    ).toBeUndefined();
    for (const one of [member(undefined), member(undefined, { pin: () => undefined })])
      expect(blockedName("tools", "one_a", one, offer, prefixed)).toBeUndefined();
  });
});

describe("why a URI is blocked", () => {
  const templates = drift(["day://{d}", "changed"], ["note://{id}", "new"]);
  const blocked = (uri: string, offer: Offer, one = member(pin)) =>
    blockedUri(uri, `shown ${uri}`, one, offer);

  it("is itself, or every template that it fits", () => {
    const offer: Offer = { drift: { resources: drift(["a:b", "gone"]), templates } };
    expect(blocked("a:b", offer)).toBe("shown a:b: gone");
    expect(blocked("day://{d}", offer)).toBe("shown day://{d}: changed");
    expect(blocked("note://1", offer)).toBe("shown note://1: new");
    expect(blocked("other://1", offer)).toBeUndefined();
    expect(blocked("a:b", {})).toBeUndefined();
    for (const one of [member(undefined), member(undefined, { pin: () => undefined })])
      for (const uri of ["a:b", "note://1"]) expect(blocked(uri, offer, one)).toBeUndefined();
  });

  it("is not what is listed, or fits a template that did not drift", () => {
    const resource = (uri: string) => ({ uri, name: uri });
    const template = (uriTemplate: string) => ({ uriTemplate, name: uriTemplate });
    const listed = { drift: { templates }, resources: [resource("note://1"), resource("note://2")] };
    expect(blocked("note://1", listed)).toBeUndefined();
    expect(blocked("note://2", listed)).toBeUndefined();
    expect(blocked("note://3", listed)).toBe("shown note://3: new");
    const fits = { drift: { templates }, templates: [template("note://{id}/x"), template("other://{id}")] };
    expect(blocked("note://1/x", fits)).toBeUndefined();
    expect(blocked("note://1/y", fits)).toBe("shown note://1/y: new");
    // Itself counts first.
    expect(blocked("note://{id}", { ...listed, resources: [resource("note://{id}")] })).toBe(
      "shown note://{id}: new",
    );
  });
});
