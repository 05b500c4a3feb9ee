import type { Tool } from "@modelcontextprotocol/client";
import { describe, expect, it } from "vitest";
import { shownTools } from "../../src/composite/transforms.js";

const tool = (name: string, properties: object = {}): Tool => ({
  name,
  inputSchema: { type: "object", properties } as Tool["inputSchema"],
});

describe("transforms of tools", () => {
  it("take any name that a server chooses for a name", () => {
    const names = ["putDie", "constructor", "toString", "__proto__", "hasOwnProperty"];
    const reports: string[] = [];
    const shown = shownTools(
      names.map((name) => tool(name, { constructor: {} })),
      { tools: { putDie: { description: "x" } } },
      (why) => reports.push(why),
    );
    expect(shown.map(({ tool: { name } }) => name)).toEqual(names);
    expect(reports).toEqual([]);
  });

  it("never give one tool the name of another", () => {
    const reports: string[] = [];
    const rules = { tools: { echo: { name: "write" } } };
    for (const order of [
      ["echo", "write"],
      ["write", "echo"],
    ]) {
      const shown = shownTools(
        order.map((name) => tool(name)),
        rules,
        (why) => reports.push(why),
      );
      expect(shown.map(({ original, tool: { name } }) => [original, name])).toEqual([["write", "write"]]);
    }
    expect(reports[0]).toContain("the server has a tool write already");
  });
});
