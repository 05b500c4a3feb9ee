import { describe, expect, it } from "vitest";
import { readResult } from "../../../src/wires/answers/result.js";
import { ANSWERS, answerOf, withAt } from "../../fixtures/answers.mjs";

const eras = (method: string) =>
  method === "server/discover" ? [true] : [false, ...(ANSWERS[method]!.modern ? [true] : [])];
const every = Object.keys(ANSWERS).flatMap((method) => eras(method).map((modern) => ({ method, modern })));

describe.each(every)("an answer to $method (modern: $modern)", ({ method, modern }) => {
  const { optional } = ANSWERS[method]!;
  const plain = answerOf(method, modern);

  it("that is in order is the very object that came", () => {
    const read = readResult(method, plain, modern);
    expect(read).toMatchObject({ result: plain, warnings: [] });
    expect((read as { result: object }).result).toBe(plain);
  });

  it.each(optional)("may say null for what is not set", (...path) => {
    const given = withAt(plain, path.filter(Boolean), null);
    const before = structuredClone(given);
    expect(readResult(method, given, modern)).toEqual({ result: plain, warnings: [] });
    expect(given).toEqual(before);
  });

  it("that is no object is understood where nothing is asked for, and else refused in a clause", () => {
    const empty = Object.keys(ANSWERS[method]!.answer).length === 0;
    for (const [value, shape] of [
      [null, "null"],
      [false, "false"],
      ["text", "a text"],
      [7, "a number"],
      [[], "a list"],
    ] as const)
      expect(readResult(method, value, modern)).toEqual(
        empty ? { result: {}, warnings: [] } : `the result is ${shape}`,
      );
  });
});

describe("a list", () => {
  const lists = [
    ["tools/list", "tools", { name: "a", inputSchema: { type: "object" } }],
    ["prompts/list", "prompts", { name: "a" }],
    ["resources/list", "resources", { name: "a", uri: "x:a" }],
    ["resources/templates/list", "resourceTemplates", { name: "a", uriTemplate: "x:{a}" }],
  ] as const;

  it.each(lists)("%s loses only what cannot be used, and says so", (method, key, good) => {
    for (const modern of [false, true]) {
      const given = {
        ...answerOf(method, modern),
        [key]: [null, good, 5, { description: "nameless" }, { ...good, name: "b" }],
      };
      const read = readResult(method, given, modern);
      expect(read).toMatchObject({ result: { [key]: [good, { ...good, name: "b" }] } });
      const { warnings } = read as { warnings: string[] };
      expect(warnings).toHaveLength(3);
      expect(warnings[0]).toBe(`${key}[0] was left out: it is null, expected object`);
    }
  });

  it.each(lists)("%s that is not set, or null, is empty; anything else is none", (method, key) => {
    for (const modern of [false, true]) {
      const { [key]: _, ...without } = answerOf(method, modern) as Record<string, unknown>;
      for (const given of [without, { ...without, [key]: null }])
        expect(readResult(method, given, modern)).toMatchObject({ result: { [key]: [] }, warnings: [] });
      expect(readResult(method, { ...without, [key]: "x" }, modern)).toBe(
        `${key} is a text, expected a list`,
      );
    }
  });

  it.each(lists)("%s goes on at a cursor that is a number, and ends at one that is false", (method) => {
    const given = answerOf(method, false);
    expect(readResult(method, { ...given, nextCursor: 5 }, false)).toMatchObject({
      result: { nextCursor: "5" },
    });
    expect(readResult(method, { ...given, nextCursor: false }, false)).toEqual({
      result: given,
      warnings: [],
    });
    expect(readResult(method, { ...given, nextCursor: {} }, false)).toMatch(/nextCursor is an object/);
  });

  it("keeps an item without the fields that cannot be used, and names them", () => {
    const tool = { name: "a", inputSchema: { type: "object" }, annotations: 5, title: { en: "A" } };
    const read = readResult("tools/list", { tools: [tool] }, false);
    expect(read).toEqual({
      result: { tools: [{ name: "a", inputSchema: { type: "object" } }] },
      warnings: expect.arrayContaining([
        'a field of tools[0] ("a") was left out: annotations is a number, expected object',
        'a field of tools[0] ("a") was left out: title is an object, expected string',
      ]),
    });
  });

  it.each([null, undefined, {}, { type: null }, { properties: {} }])(
    "takes a tool whose input schema is %j for one that takes an object",
    (inputSchema) => {
      const read = readResult("tools/list", { tools: [{ name: "a", inputSchema }] }, false);
      expect(read).toMatchObject({
        result: { tools: [{ name: "a", inputSchema: { type: "object" } }] },
        warnings: [],
      });
    },
  );

  it("of a legacy server loses an output schema that its revision does not know; a modern one keeps it", () => {
    for (const outputSchema of [{ type: "array" }, {}, { type: "object", required: "x" }]) {
      const tools = [{ name: "a", inputSchema: { type: "object" }, outputSchema }];
      const legacy = readResult("tools/list", { tools }, false);
      expect(legacy).toMatchObject({ warnings: [expect.stringContaining("outputSchema")] });
      expect(legacy).not.toHaveProperty("result.tools.0.outputSchema");
    }
    const given = {
      ...answerOf("tools/list", true),
      tools: [{ name: "a", inputSchema: { type: "object" }, outputSchema: { type: "array" } }],
    };
    expect(readResult("tools/list", given, true)).toEqual({ result: given, warnings: [] });
  });

  it("calls a resource by its URI where it has no name", () => {
    const read = readResult("resources/list", { resources: [{ uri: "x:a" }] }, false);
    expect(read).toEqual({ result: { resources: [{ uri: "x:a", name: "x:a" }] }, warnings: [] });
  });
});

describe("a tool's result", () => {
  const call = (result: object, modern = false) =>
    readResult("tools/call", modern ? { resultType: "complete", ...result } : result, modern);
  const hi = { type: "text", text: "hi" };

  it.each([
    ["of a type that nobody knows", { type: "json", json: { a: 1 } }],
    ["without what its type demands", { type: "text" }],
    ["that is a number", 5],
    ["of bytes that are no base64", { type: "image", data: "!!", mimeType: "image/png" }],
  ])("has a block %s: given as text, and said", (_what, block) => {
    for (const modern of [false, true]) {
      const read = call({ content: [hi, block] }, modern);
      expect(read).toMatchObject({
        result: { content: [hi, { type: "text", text: JSON.stringify(block) }] },
        warnings: ["left out of it: content[1] is of no known form and is given as text"],
      });
    }
  });

  it("may be a text or one block where a list is meant", () => {
    expect(call({ content: "hi" })).toMatchObject({ result: { content: [hi] } });
    expect(call({ content: ["hi"] })).toMatchObject({ result: { content: [hi] } });
    expect(call({ content: hi })).toEqual({ result: { content: [hi] }, warnings: [] });
    expect(call({ content: null })).toMatchObject({ result: {}, warnings: [] });
    expect(call({ content: [null, hi] })).toMatchObject({ result: { content: [hi] } });
  });

  it("never becomes a success because its flag is none", () => {
    for (const isError of ["true", 1])
      expect(call({ content: [], isError })).toMatchObject({ result: { isError: true } });
    for (const isError of ["false", 0])
      expect(call({ content: [], isError })).toMatchObject({ result: { isError: false } });
    expect(call({ content: [], isError: "yes" })).toMatch(/isError is "yes"/);
  });

  it("has structured content that is an object before the modern revision, and anything in it", () => {
    expect(call({ content: [], structuredContent: null })).toEqual({ result: { content: [] }, warnings: [] });
    expect(call({ content: [], structuredContent: [1] })).toMatchObject({
      result: { structuredContent: { result: [1] } },
    });
    for (const structuredContent of [null, [1], 5, { a: null }]) {
      const given = { resultType: "complete", content: [], structuredContent };
      expect(readResult("tools/call", given, true)).toEqual({ result: given, warnings: [] });
    }
  });

  it("keeps null inside what the tool itself says", () => {
    const given = {
      content: [{ ...hi, _meta: { a: null } }],
      structuredContent: { a: null, b: [null] },
      isError: null,
    };
    const { isError: _, ...rest } = given;
    expect(call(given)).toEqual({ result: rest, warnings: [] });
  });

  it("of the modern revision may lack what it must say; a type that nobody knows is refused", () => {
    for (const resultType of [undefined, null]) {
      const read = readResult("tools/call", { content: [hi], resultType }, true);
      expect(read).toEqual({ result: { content: [hi], resultType: "complete" }, warnings: [] });
    }
    expect(readResult("tools/call", { content: [hi], resultType: "odd" }, true)).toMatch(
      /resultType is "odd"/,
    );
    const asks = { resultType: "input_required", inputRequests: { a: {} } };
    expect(readResult("tools/call", asks, true)).toEqual({ result: asks, warnings: [] });
    const list = readResult("tools/list", { tools: [], ttlMs: -1, cacheScope: "x" }, true);
    expect(list).toMatchObject({ result: { resultType: "complete", ttlMs: 0, cacheScope: "private" } });
  });
});

describe("other answers", () => {
  it("to initialize may lack what is only shown, and say true for a capability", () => {
    const given = {
      protocolVersion: "2025-11-25",
      capabilities: { tools: true, resources: false, prompts: null, logging: 5 },
    };
    expect(readResult("initialize", given, false)).toMatchObject({
      result: { protocolVersion: "2025-11-25", capabilities: { tools: {} }, serverInfo: { name: "unnamed" } },
      warnings: [expect.stringContaining("capabilities.logging")],
    });
    expect(readResult("initialize", { capabilities: {} }, false)).toBe(
      "protocolVersion is missing, expected string",
    );
  });

  it("have no more completions than the revision allows", () => {
    const values = Array.from({ length: 150 }, String);
    expect(readResult("completion/complete", { completion: { values } }, false)).toMatchObject({
      result: { completion: { values: values.slice(0, 100) } },
    });
    expect(readResult("completion/complete", { completion: 5 }, false)).toBe(
      "completion is a number, expected object",
    );
  });

  it("to a prompt may be plain text", () => {
    expect(readResult("prompts/get", { messages: [{ role: "user", content: "hi" }] }, false)).toMatchObject({
      result: { messages: [{ role: "user", content: { type: "text", text: "hi" } }] },
    });
    expect(readResult("prompts/get", { messages: [{ role: "owner", content: "hi" }] }, false)).toMatch(
      /role is "owner"/,
    );
  });

  it("to a method that the protocol does not know are handed on", () => {
    const given = { anything: [null], _meta: { a: 1 } };
    expect(readResult("x/y", given, false)).toEqual({ result: given, warnings: [] });
    expect(readResult("x/y", { ...given, _meta: null }, false)).toEqual({
      result: { anything: [null] },
      warnings: [],
    });
    expect(readResult("constructor", given, false)).toEqual({ result: given, warnings: [] });
  });
});
