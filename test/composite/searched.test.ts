import { readFileSync } from "node:fs";
import type { Tool } from "@modelcontextprotocol/client";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { accessOf } from "../../src/composite/access.js";
import { MCPConfigTransport } from "../../src/composite/config-transport.js";
import { presentedAs } from "../../src/composite/searched.js";
import { ToolIndex } from "../../src/composite/tool-index.js";
import type { ToolRules } from "../../src/composite/transforms.js";
import { catalogOf, FakeMember, type FakeOffer, NEVER } from "../support/fake-members.js";
import { fixture, rejection } from "../support/fixtures.js";

const read = <T>(file: string): T => JSON.parse(readFileSync(fixture(file), "utf8")) as T;
const published = read<Record<string, { package: string; tools: Tool[] }>>("published-tools.json");
const questions = read<Record<"before" | "after", { ask: string; tools: string[] }[]>>("tool-questions.json");
const shown = Object.entries(published).flatMap(([server, { tools }]) =>
  tools.map((tool) => ({ ...tool, name: `${server}_${tool.name}` })),
);
const tool = (name: string, description = ""): Tool => ({
  name,
  description,
  inputSchema: { type: "object" },
});
const named = (tools: readonly { name: string }[]) => tools.map(({ name }) => name);

describe("the search for tools", () => {
  it.each(["before", "after"] as const)(
    "has the right one among five for 18 of the 20 questions that were written %s it",
    async (when) => {
      const index = await ToolIndex.of(shown);
      expect(questions[when]).toHaveLength(20);
      const missed = questions[when].filter(({ ask, tools }) => {
        expect(named(shown)).toEqual(expect.arrayContaining(tools));
        return !named(index.find(ask, 5)).some((name) => tools.includes(name));
      });
      expect(missed.length, missed.map(({ ask }) => ask).join("\n")).toBeLessThanOrEqual(2);
    },
  );

  it("reads names in any spelling, descriptions and arguments", async () => {
    const index = await ToolIndex.of([
      tool("readTextFile"),
      tool("b_forecasts", "of the weather"),
      {
        ...tool("c"),
        inputSchema: { type: "object", properties: { city: { description: "Its postcode" } } },
      },
      { ...tool("d"), inputSchema: { type: "object", properties: { odd: true as never } } },
    ]);
    for (const [ask, name] of [
      ["the text of a file", "readTextFile"],
      ["forecast", "b_forecasts"],
      ["Weather?", "b_forecasts"],
      ["wether", "b_forecasts"],
      ["cities", "c"],
      ["postcodes", "c"],
    ])
      expect([ask, named(index.find(ask!, 1))]).toEqual([ask, [name]]);
    expect(index.find("is there a", 5)).toEqual([]);
    expect(index.find("constructor __proto__", 5)).toEqual([]);
    expect(named(index.find("text weather city", 2))).toHaveLength(2);
  });

  it("finds nothing in what lies far beyond the text that counts", async () => {
    const index = await ToolIndex.of([tool("a", `${"x ".repeat(10_000)}needle`)]);
    expect(index.find("needle", 5)).toEqual([]);
  });
});

function searched(offers: Record<string, FakeOffer>, rules: Record<string, Partial<ToolRules>> = {}) {
  const members = Object.entries(offers).map(([name, offer]) => new FakeMember(name, offer, rules[name]));
  const { catalog } = catalogOf(members);
  const presented = presentedAs(
    "search",
    catalog,
    () => members,
    () => named(members),
  );
  const find = async (args: unknown) => {
    const result = await presented.own?.("tools/call", { name: "find_tools", arguments: args }, NEVER);
    return (result as { structuredContent: { tools: Tool[] } }).structuredContent.tools;
  };
  const call = async (args: unknown) =>
    presented.route("tools/call", { name: "call_tool", arguments: args, _meta: { kept: 1 } }, NEVER);
  return { members, presented, find, call };
}

describe("a composite whose tools are searched", () => {
  const annotations = { readOnlyHint: true };
  const offers = {
    sky: { tools: [{ name: "forecast", description: "the weather", annotations }, "secret_forecast"] },
    sea: { tools: ["tides"], prompts: ["sail"] },
  };
  const rules = {
    sky: { may: accessOf({ deny: ["secret*"] }) },
    sea: { tools: { tides: { name: "when_high_water" } } },
  };

  it("finds tools under their shown names, with their annotations, and not what is shut off", async () => {
    const { members, find } = searched(offers, rules);
    expect(await find({ query: "forecast of the weather" })).toEqual([
      { name: "sky_forecast", description: "the weather", inputSchema: { type: "object" }, annotations },
    ]);
    expect(named(await find({ query: "high water", limit: 1 }))).toEqual(["sea_when_high_water"]);
    expect(await find({ query: "tides" })).toEqual([]);
    members[1]!.offer = { tools: ["depth"] };
    expect(named(await find({ query: "depth" }))).toEqual(["sea_depth"]);
    expect(await find({ query: "high water" })).toEqual([]);
  });

  it("calls what it found, and whatever is known by its name, and no other", async () => {
    const { members, presented, find, call } = searched(offers, rules);
    const [sky, sea] = members;
    const args = { day: 1 };
    expect(await call({ name: "sky_forecast", arguments: args })).toEqual({
      upstream: sky,
      params: { name: "forecast", arguments: args, _meta: { kept: 1 } },
    });
    expect(await call({ name: "sea_when_high_water" })).toMatchObject({
      upstream: sea,
      params: { name: "tides", arguments: {} },
    });
    expect(presented.known("tools/call", { name: "sky_forecast" })?.upstream).toBe(sky);
    for (const name of ["sky_secret_forecast", "sea_tides", "find_tools", "call_tool", "forecast"])
      expect(await rejection(call({ name }))).toMatchObject({
        message: expect.stringContaining(`no server offers the tool ${JSON.stringify(name)}`),
      });
    expect(await find({ query: "call_tool find_tools" })).toEqual([]);
  });

  it("says what is wrong with a search or a call", async () => {
    const { find, call } = searched(offers);
    const refused = async (work: () => Promise<unknown>, why: RegExp) =>
      expect(await rejection(work())).toMatchObject({ message: expect.stringMatching(why) });
    for (const args of [undefined, null, {}, { query: " " }, { query: 5 }])
      await refused(() => find(args), /find_tools needs "query"/);
    for (const limit of [0, 51, 1.5, "2"])
      await refused(() => find({ query: "x", limit }), /whole number from 1 to 50/);
    for (const args of [undefined, null, {}, { name: 5 }])
      await refused(() => call(args), /call_tool needs "name"/);
    for (const wrong of [[], "x", null])
      await refused(
        () => call({ name: "sky_forecast", arguments: wrong }),
        /is an object: the arguments of "sky_forecast"/,
      );
  });

  it("lists these two tools, and everything else as ever", async () => {
    const { presented } = searched(offers, rules);
    const { tools, ...keep } = (await presented.list("tools/list", NEVER)) as { tools: Tool[] };
    expect(named(tools)).toEqual(["find_tools", "call_tool"]);
    expect(keep).toEqual({ ttlMs: 0, cacheScope: "private" });
    expect(tools[0]).toMatchObject({
      description:
        "Finds the tools that do something, said in plain words, and how they are called: with call_tool. There are tools of: sky, sea.",
      inputSchema: {
        properties: { limit: { type: "integer", minimum: 1, maximum: 50, default: 5 } },
        required: ["query"],
      },
      annotations,
    });
    expect(await presented.list("prompts/list", NEVER)).toMatchObject({ prompts: [{ name: "sea_sail" }] });
    expect(presented.own?.("tools/call", { name: "call_tool" }, NEVER)).toBeUndefined();
    expect(presented.own?.("prompts/get", { name: "find_tools" }, NEVER)).toBeUndefined();
    const plain = presentedAs(
      undefined,
      catalogOf([]).catalog,
      () => [],
      () => [],
    );
    expect([plain.own, (await plain.list("tools/list", NEVER))["tools"]]).toEqual([undefined, []]);
  });

  it("finds five, or as many as are asked for, each with what is needed to call it, as text and as data", async () => {
    const tools = Array.from({ length: 60 }, (_, i) => ({ name: `look_${i}`, title: `Look ${i}`, more: 1 }));
    const { presented, find } = searched({ sky: { tools } });
    expect(await find({ query: "look" })).toHaveLength(5);
    expect(await find({ query: "look", limit: 50 })).toHaveLength(50);
    const params = { name: "find_tools", arguments: { query: "look 7", limit: 1 } };
    const found = [{ name: "sky_look_7", title: "Look 7", inputSchema: { type: "object" } }];
    expect(await presented.own?.("tools/call", params, NEVER)).toStrictEqual({
      content: [{ type: "text", text: JSON.stringify(found) }],
      structuredContent: { tools: found },
    });
  });

  it("makes its index anew for other tools only", async () => {
    const made = vi.spyOn(ToolIndex, "of");
    onTestFinished(() => void made.mockRestore());
    const { members, find } = searched(offers);
    await find({ query: "forecast" });
    await find({ query: "tides" });
    expect(made).toHaveBeenCalledTimes(1);
    members[0]!.offer = { tools: [{ name: "forecast", description: "another" }] };
    await find({ query: "forecast" });
    expect(made).toHaveBeenCalledTimes(2);
  });

  it("is asked for in a word that is known", () => {
    const config = { mcpServers: { one: { command: "x" } } };
    expect(() => new MCPConfigTransport({ config, tools: "find" as "search" })).toThrow(/"list" or "search"/);
  });
});
