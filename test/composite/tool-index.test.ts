import type { Tool } from "@modelcontextprotocol/client";
import { describe, expect, it } from "vitest";
import { ToolIndex } from "../../src/composite/tool-index.js";

const tool = (name: string, more: Partial<Tool> = {}): Tool => ({
  name,
  inputSchema: { type: "object" },
  ...more,
});
const taking = (name: string, properties: Record<string, { description?: string }>) =>
  tool(name, { inputSchema: { type: "object", properties } });

/** The names of what is found among these, the best first. */
async function found(query: string, ...tools: (string | Tool)[]): Promise<string[]> {
  const index = await ToolIndex.of(tools.map((one) => (typeof one === "string" ? tool(one) : one)));
  return index.find(query, 10).map(({ name }) => name);
}

describe("the index of tools", () => {
  it.each([
    ["cats", "cat"],
    ["cities", "city"],
    ["boxes", "box"],
    ["dishes", "dish"],
    ["coaches", "coach"],
    ["kisses", "kiss"],
    ["box", "boxes"],
    ["Weat", "weather"],
    ["wether", "weather"],
    ["read", "readTextFile"],
    ["text file", "READ_TEXT-FILE"],
    ["erase", "delete"],
    ["größe", "GRÖSSE_größe"],
    ["2024", "log2024_2024"],
  ])("finds by %s: %s", async (query, name) => {
    expect(await found(query, "other", name)).toEqual([name]);
  });

  it.each([
    ["gas", "ga"],
    ["boss", "bos"],
    ["virus", "viru"],
    ["axis", "axi"],
    ["wea", "weather"],
    ["crame", "crane"],
    ["the of and", "the_of_and"],
    ["toString", "delete"],
    ["undefined", "a"],
  ])("finds nothing by %s in %s", async (query, name) => {
    expect(await found(query, name)).toEqual([]);
  });

  it("puts a name before a description, and what was said before what it may mean", async () => {
    const described = tool("one", { description: "alpha" });
    expect(await found("alpha", described, "alpha_beta_gamma_delta")).toEqual([
      "alpha_beta_gamma_delta",
      "one",
    ]);
    expect(await found("alpha", described, "alpha")).toEqual(["alpha", "one"]);
    expect(await found("remove", "delete_it", "remove_it")).toEqual(["remove_it", "delete_it"]);
    expect(await found("weat", "weather", "weat")).toEqual(["weat", "weather"]);
  });

  it("reads titles, descriptions, and arguments with theirs", async () => {
    expect(await found("alpha", "b", tool("a", { title: "Alpha" }))).toEqual(["a"]);
    expect(await found("alpha", "b", tool("a", { description: "Alpha" }))).toEqual(["a"]);
    expect(await found("alpha", "b", taking("a", { alpha: {} }))).toEqual(["a"]);
    expect(await found("alpha", "b", taking("a", { x: { description: "alpha" }, y: {} }))).toEqual(["a"]);
    expect(await found("beta", taking("a", { alpha: {}, beta: {} }))).toEqual(["a"]);
  });

  it("reads no more of a text than counts", async () => {
    const long = `${"x ".repeat(2_000)}needle`;
    const fits = `${"x ".repeat(1_996)}needle`;
    for (const at of ["title", "description"] as const) {
      expect(await found("needle", tool("a", { [at]: long }))).toEqual([]);
      expect(await found("needle", tool("a", { [at]: fits.slice(2) }))).toEqual(["a"]);
    }
    expect(await found("needle", taking("a", { b: { description: long } }))).toEqual([]);
    expect(await found("needle", taking("a", { b: { description: fits.slice(2) } }))).toEqual(["a"]);
    const many = (count: number) =>
      taking(
        "a",
        Object.fromEntries([...Array.from({ length: count }, (_, i) => [`x${i}`, {}]), ["needle", {}]]),
      );
    expect(await found("needle", many(99))).toEqual(["a"]);
    expect(await found("needle", many(100))).toEqual([]);
    expect(await found(long, "needle")).toEqual([]);
    expect(await found(fits, "needle")).toEqual(["needle"]);
  });
});
