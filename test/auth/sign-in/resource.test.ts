import { describe, expect, it } from "vitest";
import { resourceOf } from "../../../src/auth/sign-in/resource.js";

const claim = (server: string, resource: string) => resourceOf(new URL(server), { resource });

describe("the resource of a server's metadata", () => {
  it("is none where there is no metadata", () => {
    expect(resourceOf(new URL("https://a.example/mcp"), undefined)).toEqual({
      resource: undefined,
      wide: false,
    });
  });

  it.each([
    ["https://a.example/mcp", "https://a.example/mcp"],
    ["https://a.example/mcp", "https://a.example/mcp/"],
    ["https://a.example/mcp/", "https://a.example/mcp"],
    ["https://a.example", "https://a.example/"],
    ["https://a.example/", "https://a.example"],
    ["https://A.example:443/mcp", "https://a.example/mcp"],
    ["https://a.example/mcp#part", "https://a.example/mcp"],
    ["https://a.example/mcp?k=1", "https://a.example/mcp/?k=1"],
    ["https://a.example/mcp?k=1", "https://a.example/mcp"],
  ])("of %s may be %s, which is the same, and is sent as it is written", (server, resource) => {
    expect(claim(server, resource)).toEqual({ resource, wide: false });
  });

  it.each([
    ["https://a.example/mcp", "https://a.example"],
    ["https://a.example/mcp", "https://a.example/"],
    ["https://a.example/team/mcp", "https://a.example/team"],
    ["https://a.example/team/mcp", "https://a.example/team/"],
  ])("of %s may be %s, which is wider", (server, resource) => {
    expect(claim(server, resource)).toEqual({ resource, wide: true });
  });

  it.each([
    ["https://a.example/mcp", "https://b.example/mcp"],
    ["https://a.example/mcp", "http://a.example/mcp"],
    ["https://a.example/mcp", "https://a.example:8443/mcp"],
    ["https://a.example/mcp", "https://a.example/other"],
    ["https://a.example/mcp", "https://a.example/mc"],
    ["https://a.example/mcp", "https://a.example/mcp/deeper"],
    ["https://a.example/mcp", "https://a.example/mcp2"],
    ["https://a.example/mcp", "https://b.example/mcp?a.example"],
  ])("of %s may not be %s", (server, resource) => {
    expect(() => claim(server, resource)).toThrow("does not match expected");
  });
});
