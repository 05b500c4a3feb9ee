import { Server } from "@modelcontextprotocol/server";
import { describe, expect, it, vi } from "vitest";
import { resultSchema } from "../../src/connection/result-schemas.js";
import { FakeServer } from "../../src/testing/index.js";
import { MemoryTransport } from "../../src/transports/memory.js";
import { isCollected } from "../support/collected.js";
import { closing, rejection } from "../support/fixtures.js";

const codec = (outcome: { ok: boolean; reason?: string; value?: unknown; message?: string }) => ({
  validateResult: vi.fn((_method: string, raw: unknown) =>
    raw === undefined ? { ok: false, reason: "invalid", message: "it is not there" } : outcome,
  ),
});
const validate = (schema: ReturnType<typeof resultSchema>, value: unknown) =>
  schema!["~standard"].validate(value);

describe("the schema of a method's result", () => {
  it("is looked for once, and says what the SDK says", () => {
    const good = codec({ ok: true, value: { content: [] } });
    const schema = resultSchema(good, "tools/call");
    expect(resultSchema(good, "tools/call")).toBe(schema);
    expect(good.validateResult).toHaveBeenCalledOnce();
    expect(validate(schema, {})).toEqual({ value: { content: [] } });
    const bad = codec({ ok: false, reason: "invalid", message: "no content" });
    expect(validate(resultSchema(bad, "tools/call"), {})).toEqual({ issues: [{ message: "no content" }] });
  });

  it("is none where the revision knows no such method", () => {
    const foreign = { validateResult: () => ({ ok: false, reason: "not-in-era" }) };
    expect(resultSchema(foreign, "x/y")).toBeUndefined();
  });

  it("belongs to a revision: another one may have another", () => {
    const [old, young] = [codec({ ok: true, value: 1 }), codec({ ok: true, value: 2 })];
    expect(validate(resultSchema(old, "ping"), {})).toEqual({ value: 1 });
    expect(validate(resultSchema(young, "ping"), {})).toEqual({ value: 2 });
  });

  it("is what a session's calls are checked by, and a method that there is not is refused as before", async () => {
    const server = new FakeServer([{ name: "count" }]);
    server.on("tools/call", () => ({ content: [{ type: "text", text: "1" }], more: true }));
    const session = await closing(server.transport()).connectSession();
    for (let i = 0; i < 2; i++)
      expect(await session.callTool({ name: "count" })).toMatchObject({
        content: [{ text: "1" }],
        more: true,
      });
    expect(await rejection(session.request({ method: "x/y" } as never))).toBeInstanceOf(TypeError);
  });

  for (const era of ["legacy", "modern"] as const)
    it(`keeps no long list that nobody else has: ${era}`, async () => {
      const listed = async () => {
        const properties = { a: { type: "array", items: { type: "string" } } };
        const tools = Array.from({ length: 100 }, (_, i) => ({
          name: `tool_${i}`,
          inputSchema: { type: "object" as const, properties },
        }));
        const make = () => {
          const server = new Server({ name: "many", version: "1" }, { capabilities: { tools: {} } });
          server.setRequestHandler("tools/list", () => ({ tools, ttlMs: 0, cacheScope: "private" as const }));
          return server;
        };
        const transport = closing(new MemoryTransport({ server: make, era }));
        const result = await transport.withSession((session) => session.listTools());
        await transport.close();
        return new WeakRef(result.tools[7]!.inputSchema);
      };
      expect(await isCollected(await listed())).toBe(true);
    });
});
