import { describe, expect, it } from "vitest";
import { discover, isSameIssuer, scopeFor } from "../../../src/auth/sign-in/discover.js";
import { UnsafeAnswer } from "../../../src/auth/sign-in/safe-fetch.js";
import { discovered, ISSUER, MCP } from "../../support/discovered.js";
import { fakeFetch, json } from "../../support/fake-fetch.js";
import { rejection } from "../../support/settling.js";

const server = { name: "weather", url: MCP };
const RESOURCE = "https://mcp.example/.well-known/oauth-protected-resource/mcp";
const METADATA = `${ISSUER}/.well-known/oauth-authorization-server`;
const named = { resource: MCP.href, authorization_servers: [ISSUER], scopes_supported: ["a", "b"] };
const nothing = () => new Response(null, { status: 404 });

/** The documents of a network, by their addresses; an error is what asking ends with. */
function network(documents: Record<string, object>) {
  return fakeFetch(({ url }) => {
    const found = documents[url];
    if (found instanceof Error) throw found;
    return found ? json(found) : nothing();
  });
}

describe("the authorization server of a server", () => {
  it("is the one that the server's metadata names", async () => {
    const { metadata } = discovered();
    const { fetch } = network({ [RESOURCE]: named, [METADATA]: metadata });
    expect(await discover(server, fetch)).toEqual({
      issuer: ISSUER,
      url: ISSUER,
      metadata: expect.objectContaining(metadata),
      resourceMetadata: expect.objectContaining(named),
      resource: MCP.href,
      wide: false,
    });
  });

  it("is found where the server says that its metadata is", async () => {
    const { fetch, asked } = network({
      "https://mcp.example/about": named,
      [METADATA]: discovered().metadata,
    });
    const found = await discover(server, fetch, new URL("https://mcp.example/about"));
    expect(found.issuer).toBe(ISSUER);
    expect(asked[0]!.url).toBe("https://mcp.example/about");
  });

  it("that there is none of is an error that says what to pass", async () => {
    expect(await rejection(discover(server, network({}).fetch))).toMatchObject({
      code: "AUTH_REQUIRED",
      message:
        "weather: the server wants credentials (HTTP 401), and names no authorization server where one could sign in. Pass auth, or an Authorization header.",
    });
  });

  it("is not trusted where it calls itself another one", async () => {
    const { fetch } = network({
      [RESOURCE]: named,
      [METADATA]: { ...discovered().metadata, issuer: "https://evil.example" },
    });
    expect(await rejection(discover(server, fetch))).toMatchObject({
      code: "AUTH_REQUIRED",
      message: `weather: the authorization server calls itself "https://evil.example", and "${ISSUER}" was asked. It is not trusted.`,
    });
  });

  it("is not looked for elsewhere after an unsafe answer", async () => {
    const unsafe = new UnsafeAnswer("it redirects");
    const somewhere = network({
      [RESOURCE]: unsafe,
      "https://mcp.example/.well-known/oauth-authorization-server": discovered({}, {}).metadata,
    });
    expect(await rejection(discover(server, somewhere.fetch))).toBe(unsafe);
    expect(await rejection(discover(server, network({ [RESOURCE]: named, [METADATA]: unsafe }).fetch))).toBe(
      unsafe,
    );
  });

  it("that cannot be reached may be reached later", async () => {
    const failure = Object.assign(new Error("fetch failed"), { code: "ECONNREFUSED" });
    const { fetch } = network({ [RESOURCE]: named, [METADATA]: failure });
    expect(await rejection(discover(server, fetch))).toBe(failure);
  });
});

describe("the scope of a sign-in", () => {
  const offering = (own: string[] | undefined, all?: string[]) =>
    discovered(
      all ? { scopes_supported: all } : {},
      own ? { resourceMetadata: { resource: "r", scopes_supported: own } } : {},
    );

  it.each<
    [string | undefined, string | undefined, string[] | undefined, string[] | undefined, string | undefined]
  >([
    ["w", "a", ["b"], ["offline_access"], "w"],
    [undefined, "a", ["b"], undefined, "a"],
    [undefined, undefined, ["b", "c"], undefined, "b c"],
    [undefined, undefined, [], undefined, undefined],
    [undefined, undefined, undefined, undefined, undefined],
    [undefined, undefined, undefined, ["offline_access"], undefined],
    [undefined, "a", undefined, ["x", "offline_access"], "a offline_access"],
    [undefined, undefined, ["b"], ["offline_access"], "b offline_access"],
    [undefined, "a", undefined, ["x"], "a"],
    [undefined, "offline_access a", undefined, ["offline_access"], "offline_access a"],
  ])("wished %s, asked %s, advertised %s by the server and %s by the issuer, is %s", (...row) => {
    const [wished, asked, own, all, scope] = row;
    expect(scopeFor(wished, asked, offering(own, all))).toBe(scope);
  });
});

describe("the name of an issuer", () => {
  it("is the same with a slash at its end, and no other", () => {
    expect(isSameIssuer("https://a", "https://a/")).toBe(true);
    expect(isSameIssuer("https://a/", "https://a")).toBe(true);
    expect(isSameIssuer("https://a/b", "https://a/c")).toBe(false);
    expect(isSameIssuer("https://a/b", "https://ab")).toBe(false);
  });
});
