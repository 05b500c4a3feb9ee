import { describe, expect, it, vi } from "vitest";
import { planOf } from "../../src/connection/schemas/plan.js";
import { Validators } from "../../src/connection/validators.js";
import { FakeServer } from "../../src/testing/index.js";
import { closing, rejection } from "../support/fixtures.js";

const schema = () => ({ type: "object", properties: { n: { type: "number" } }, required: ["n"] });

describe("the schemas of a connection", () => {
  it("are compiled once, however often they are listed", () => {
    const validators = new Validators();
    const first = validators.getValidator(schema());
    expect(validators.getValidator(schema())).toBe(first);
    expect(first({ n: 1 })).toMatchObject({ valid: true });
    expect(first({ n: "x" })).toMatchObject({ valid: false });
  });

  it("are looked through once, those that are not checked too, and again only where they are other ones", () => {
    const plan = vi.fn(planOf);
    const validators = new Validators(undefined, { keywords: 10 }, plan);
    const wide = () => ({
      type: "object",
      properties: Object.fromEntries(Array.from({ length: 20 }, (_, i) => [i, {}])),
    });
    for (let i = 0; i < 3; i++) {
      validators.getValidator(schema());
      validators.getValidator(wide());
    }
    expect(plan).toHaveBeenCalledTimes(2);
    const titled = validators.getValidator({ ...schema(), title: "another title" });
    expect(plan).toHaveBeenCalledTimes(3);
    expect(titled).toBe(validators.getValidator(schema()));
  });

  it("are not mistaken for others of the same name", () => {
    const validators = new Validators();
    const named = (type: string) => validators.getValidator({ $id: "same", type });
    expect(named("object")({})).toMatchObject({ valid: true });
    expect(named("array")({})).toMatchObject({ valid: false });
  });

  it("are let go where there are too many", () => {
    const validators = new Validators();
    const first = validators.getValidator(schema());
    for (let i = 0; i < 1_000; i++) validators.getValidator({ const: i });
    expect(validators.getValidator(schema())).not.toBe(first);
  });

  it.each([
    ["with a warning", vi.fn()],
    ["in silence, where nobody wants to hear of it", undefined],
  ])("that cannot be used check nothing, %s", (_how, onSkipped) => {
    const validators = new Validators(onSkipped);
    const broken = { type: "object", properties: { [`n${"x".repeat(500)}`]: { type: "nonsense" } } };
    const data = { n: 1 };
    for (let i = 0; i < 2; i++)
      expect(validators.getValidator(broken as never)(data)).toEqual({
        valid: true,
        data,
        errorMessage: undefined,
      });
    if (!onSkipped) return;
    const beginning = "an output schema is not checked: ";
    expect(onSkipped).toHaveBeenCalledExactlyOnceWith(expect.stringContaining(beginning));
    expect(onSkipped.mock.calls[0]![0].length).toBeLessThanOrEqual(beginning.length + 200);
  });

  it("hold in a session, before a loss and after it", async () => {
    const server = new FakeServer([{ name: "count", outputSchema: schema() } as never]);
    let n: unknown = 1;
    server.on("tools/call", () => ({ content: [], structuredContent: { n } }));
    const transport = closing(server.transport());
    const session = await transport.connectSession();
    for (let epoch = 1; epoch <= 2; epoch++) {
      await session.listTools();
      n = 1;
      expect(await session.callTool({ name: "count" })).toMatchObject({ structuredContent: { n: 1 } });
      n = "one";
      expect(String(await rejection(session.callTool({ name: "count" })))).toMatch(/output schema/i);
      await server.drop();
    }
  });
});
