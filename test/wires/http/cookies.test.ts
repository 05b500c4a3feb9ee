import { inspect } from "node:util";
import { describe, expect, it, vi } from "vitest";
import { Cookies } from "../../../src/wires/http/cookies.js";

const HERE = new URL("http://server.test:81/api/mcp");
const kept = (lines: string[], to = HERE, from = HERE) => {
  const cookies = new Cookies(HERE);
  cookies.take(lines, from);
  return cookies.for(to);
};

describe("cookies", () => {
  it.each([
    ["is kept", ["a=1"], "a=1"],
    ["are kept beside each other", ["a=1; Path=/", "b=2; HttpOnly; Secure; SameSite=Strict"], "a=1; b=2"],
    ["is replaced by one of its name", ["a=1", "a=2"], "a=2"],
    ["of another path is not sent", ["a=1; Path=/other"], undefined],
    ["of a path above is sent", ["a=1; Path=/api"], "a=1"],
    ["of a path that only begins alike is not", ["a=1; Path=/ap"], undefined],
    ["that is over is not sent", ["a=1; Max-Age=0"], undefined],
    [
      "that is taken back is not sent",
      ["a=1; Path=/", "a=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT"],
      undefined,
    ],
    ["of the domain is kept for this origin", ["a=1; Domain=.server.test"], "a=1"],
    ["of another domain is not kept", ["a=1; Domain=other.test"], undefined],
    ["that is too long is not kept", [`a=${"x".repeat(5_000)}`], undefined],
    ["without a name is sent as it is", ["=x"], "x"],
  ])("one that %s", (_what, lines, header) => {
    expect(kept(lines)).toBe(header);
  });

  it.each([
    "http://server.test:82/api/mcp",
    "https://server.test:81/api/mcp",
    "http://a.server.test:81/api/mcp",
  ])("are neither sent to another origin nor taken from it: %s", (other) => {
    expect(kept(["a=1; Path=/"], new URL(other))).toBeUndefined();
    expect(kept(["a=1; Path=/"], HERE, new URL(other))).toBeUndefined();
  });

  it("go when their time is over", () => {
    vi.useFakeTimers({ toFake: ["performance"] });
    const cookies = new Cookies(HERE);
    cookies.take(["a=1; Max-Age=10"], HERE);
    expect(cookies.for(HERE)).toBe("a=1");
    vi.advanceTimersByTime(10_001);
    expect(cookies.for(HERE)).toBeUndefined();
    vi.useRealTimers();
  });

  it("are no more than fifty, the newest", () => {
    const lines = Array.from({ length: 60 }, (_, i) => `c${i}=1`);
    const pairs = kept(lines)!.split("; ");
    expect([pairs.length, pairs[0]]).toEqual([50, "c10=1"]);
  });

  it("are shown nowhere", () => {
    const cookies = new Cookies(HERE);
    cookies.take(["a=canary"], HERE);
    expect(inspect(cookies, { depth: 9, showHidden: true }) + JSON.stringify(cookies)).not.toContain(
      "canary",
    );
  });
});
