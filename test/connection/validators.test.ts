import { describe, expect, it } from "vitest";
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
