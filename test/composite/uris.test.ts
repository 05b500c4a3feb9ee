import { describe, expect, it } from "vitest";
import { BareUris, mayMatch } from "../../src/composite/bare-uris.js";
import { Claims } from "../../src/composite/claims.js";
import { bare, Names } from "../../src/composite/naming.js";
import type { Offer } from "../../src/composite/offer.js";
import { rewriteUris, withMeta } from "../../src/composite/result-uris.js";
import { originOfTask, showTask, showTasks } from "../../src/composite/task-ids.js";
import { originOfUri, showUri } from "../../src/composite/uris.js";

const show = (uri: string) => `shown:${uri}`;

describe("whether a URI may be an instance of a template", () => {
  it.each([
    ["note://{id}", "note://1", true],
    ["note://{id}", "other://1", false],
    ["note://{id}/x", "note://1/x", true],
    ["note://{id}/x", "note://1/y", false],
    ["note://{id}/x", "note:///", false],
    ["note://{a}/{b}", "note://1", false],
    // The fixed parts come one after the other, and none twice.
    ["a:{x}bb{y}bb{z}c", "a:1bb2bb3c", true],
    ["a:{x}bb{y}bb{z}c", "a:1bb2c", false],
    ["a:{x}b{y}b", "a:1b", false],
    ["a:{x}b{y}b", "a:1b2b", true],
    ["a:{x}a:", "a:", false],
    ["a:b", "a:b", true],
    ["a:b", "a:bc", false],
    // A template without a scheme of its own would have every URI.
    ["{+all}", "note://1", false],
    ["{scheme}:{rest}", "note:1", false],
    ["{x}note:{y}", "1note:2", false],
    ["NOTE://{id}", "NOTE://1", true],
  ])("%s, %s: %s", (template, uri, expected) => {
    expect(mayMatch(template, uri)).toBe(expected);
  });
});

describe("URIs without prefixes", () => {
  const list = (uris: string[], templates: string[] = []): Offer => ({
    resources: uris.map((uri) => ({ uri, name: uri })),
    templates: templates.map((uriTemplate) => ({ uriTemplate, name: uriTemplate })),
  });
  const uris = new BareUris(
    new Map([
      ["a", list(["note://both", "note://a", "note://a"], ["t://{x}", "own-a://{x}"])],
      ["b", list(["note://both"], ["t://{x}"])],
      ["c", {}],
    ]),
  );

  it("are shown as they are, but for those that two list, and our own", () => {
    expect(uris.show("a", "note://a")).toBe("note://a");
    expect(uris.show("a", "unlisted://x")).toBe("unlisted://x");
    expect(uris.show("a", "note://both")).toBe("holdfast://a/%3Annote://both");
    expect(uris.show("b", "t://{x}")).toBe("holdfast://b/%3Ant://{x}");
    expect(uris.show("c", "Holdfast://x")).toBe("Holdfast://c/x");
  });

  it("are of the one who lists them, else of the one with a template", () => {
    expect(uris.origin("note://a")).toEqual({ server: "a", uri: "note://a", listed: true });
    expect(uris.origin("own-a://1")).toEqual({ server: "a", uri: "own-a://1", listed: false });
    for (const nobodys of ["note://both", "t://1", "none://x", "holdfast://d/x"])
      expect(uris.origin(nobodys)).toBeUndefined();
    expect(uris.origin("holdfast://b/%3Annote://both")).toEqual({
      server: "b",
      uri: "note://both",
      listed: true,
    });
    expect([uris.owners("note://a"), uris.owners("t://1"), uris.owners("none://x")]).toEqual([
      ["a"],
      ["a", "b"],
      [],
    ]);
  });
});

describe("URIs with prefixes", () => {
  it.each([
    "note://a",
    "NOTE://a/b",
    "note://%3A",
    "note://%253A",
    "note://%25253Ax",
    "note://%2525253A",
    "note://a%253A",
    "note:a",
    "note:",
    "holdfast:n",
    "holdfast://n",
    " note://a",
    "not a URI",
    "1note://a",
    "note://a\nb",
    "",
  ])("are read back: %j", (uri) => {
    for (const server of ["one", "two/%"])
      expect(originOfUri(showUri(server, uri), ["one", "two/%"])).toEqual({ server, uri });
  });

  it("that are none have no place for a server", () => {
    expect(showUri("one", " note://a")).toBe("holdfast://one/%3An note://a");
    for (const odd of [" note://one/a", "note://one", "note:/one/a", "//one/a", ""])
      expect(originOfUri(odd, ["one"])).toBeUndefined();
  });
});

describe("the URIs in a result", () => {
  const link = { type: "resource_link", uri: "note://a" };
  const embedded = { type: "resource", resource: { uri: "note://a" } };

  it("stand where the method has them, and nowhere else", () => {
    const all = {
      content: [link],
      messages: [{ role: "user", content: link }],
      contents: [{ uri: "note://a" }],
    };
    const shownLink = { ...link, uri: "shown:note://a" };
    expect(rewriteUris("tools/call", all, show)).toEqual({ ...all, content: [shownLink] });
    expect(rewriteUris("prompts/get", all, show)).toEqual({
      ...all,
      messages: [{ role: "user", content: shownLink }],
    });
    expect(rewriteUris("resources/read", all, show)).toEqual({
      ...all,
      contents: [{ uri: "shown:note://a" }],
    });
    expect(rewriteUris("tasks/get", all, show)).toEqual(all);
  });

  it("are those of links and of what is embedded, each alone", () => {
    const shown = (block: unknown) => rewriteUris("tools/call", { content: [block] }, show)["content"];
    expect(shown(embedded)).toEqual([{ type: "resource", resource: { uri: "shown:note://a" } }]);
    expect(shown({ type: "text", _meta: { "ui/resourceUri": "ui://x" } })).toEqual([
      { type: "text", _meta: { "ui/resourceUri": "shown:ui://x" } },
    ]);
    for (const same of [
      { type: "text", uri: "note://a" },
      { type: "text", resource: { uri: "note://a" } },
      { type: "resource_link" },
      { type: "resource" },
      null,
      "text",
    ])
      expect(shown(same)).toStrictEqual([same]);
  });

  it("of the page of an app stand in either place, and are written to no other", () => {
    expect(withMeta({ _meta: { ui: { resourceUri: "ui://x" } } }, show)).toStrictEqual({
      _meta: { ui: { resourceUri: "shown:ui://x" } },
    });
    expect(withMeta({ _meta: { "ui/resourceUri": "ui://x" } }, show)).toStrictEqual({
      _meta: { "ui/resourceUri": "shown:ui://x" },
    });
  });
});

describe("the tasks in a result", () => {
  it("are nowhere where there are none", () => {
    for (const none of [
      { content: [] },
      { task: "x", tasks: "y" },
      { tasks: [null, "x"], _meta: {} },
      { _meta: null },
    ])
      expect(showTasks("a", none)).toStrictEqual(none);
  });

  it("are read back, of a server without a name too", () => {
    expect(originOfTask(showTask("", "1"))).toEqual({ server: "", taskId: "1" });
  });
});

describe("claims and names at their limits", () => {
  const origins = (...names: string[]) => new Map(names.map((name) => [name, { server: "a", name }]));

  it("what is shown all the time is never among what is gone", () => {
    const claims = new Claims();
    for (let i = 0; i < 1_000; i++) claims.keep(origins("live", `n${i}`));
    claims.keep(origins("live"));
    expect(claims.holder("n0")).toBe("a");
    claims.keep(origins("live", "n1000"));
    claims.keep(origins("live"));
    expect([claims.holder("n0"), claims.holder("n1"), claims.holder("live")]).toEqual([undefined, "a", "a"]);
  });

  it("says of a name of just 64 characters what is in its way, and keeps whole characters", () => {
    const reports: string[] = [];
    const made = (servers: string[], ...offered: { server: string; name: string }[]) => {
      const names = new Names({
        rule: bare,
        servers: () => servers,
        claims: new Claims(),
        report: (message) => reports.push(message),
      });
      names.update(offered);
      return names;
    };
    const name = `git_${"x".repeat(60)}`;
    made(["git", "other"], { server: "other", name });
    expect(reports[0]).toContain("would be read as of git");
    const emoji = { server: "a", name: `\u{1f600}${"x".repeat(70)}` };
    expect(made(["a"], emoji).shown(emoji)).toMatch(/^a_\u{1f600}x+_[0-9a-f]{20}$/u);
  });
});
