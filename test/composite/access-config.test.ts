import { describe, expect, it } from "vitest";
import { MCPConfigTransport } from "../../src/composite/config-transport.js";
import { parseConfig } from "../../src/config/parse.js";
import { closing, rejection } from "../support/fixtures.js";
import { offeringConfig, UNHURRIED } from "../support/offering.js";

describe("access", () => {
  it("is what the file says of all servers, too, and a reload of that restarts none", {
    timeout: 600_000,
  }, async () => {
    const config = offeringConfig({ deny: { tools: ["one_look", "two_*"] }, allow: ["*_*", "*://*"] });
    const transport = closing(
      new MCPConfigTransport({ ...UNHURRIED, config: config.path, deny: ["one_greet"] }),
    );
    await transport.withSession(async (session) => {
      expect((await session.listTools()).tools.map(({ name }) => name)).toEqual(["one_find"]);
      expect((await session.listPrompts()).prompts.map(({ name }) => name)).toEqual(["two_greet"]);
      await session.callTool({ name: "one_find" });
      config.write({ deny: { tools: ["one_find"], resources: ["note://one/*"] } });
      await transport.setConfig(config.path);
      expect(String(await rejection(session.callTool({ name: "one_find" })))).toContain("one_find");
      expect(String(await rejection(session.readResource({ uri: "note://one/a" })))).toContain("shut off");
      await session.callTool({ name: "two_look" });
    });
    for (const server of ["one", "two"])
      expect(config.asked(server).filter((word) => word === "started")).toHaveLength(1);
    for (const wrong of [{ allow: "x" }, { deny: { tool: [] } }, { pin: true }])
      expect(() => parseConfig({ mcpServers: { one: { command: "x" } }, ...wrong })).toThrow(
        `is not valid: ${Object.keys(wrong)[0]}: `,
      );
  });
});
