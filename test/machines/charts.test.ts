import { describe, expect, it } from "vitest";

describe("the machines", () => {
  it.each([
    ["a connection", () => import("../../src/machines/connection.js")],
    ["a member", () => import("../../src/machines/member.js")],
    ["a fleet", () => import("../../src/machines/fleet.js")],
  ])("have charts that XState takes: %s", (_what, load) => expect(load()).resolves.toBeDefined());
});
