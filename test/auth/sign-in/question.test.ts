import { describe, expect, it } from "vitest";
import type { OAuthOptions } from "../../../src/auth/sign-in/options.js";
import { questionOf } from "../../../src/auth/sign-in/question.js";
import { rejection } from "../../support/settling.js";

interface Sign {
  url?: string;
  issuer?: string;
  page?: string;
  resource?: string;
  wide?: boolean;
  named?: boolean;
  options?: OAuthOptions;
  others?: Record<string, string>;
}

/** The question of a sign-in to `weather`, which is honest in all that is not said. */
function ask(sign: Sign) {
  const { url = "https://mcp.example/mcp", issuer = "https://auth.example", named = true } = sign;
  const { page = `${issuer}/authorize`, resource = url, wide = false, options = {}, others = {} } = sign;
  return questionOf({
    server: "weather",
    url: new URL(url),
    options,
    others: () => Object.entries(others).map(([name, other]) => ({ name, url: new URL(other) })),
    found: {
      issuer,
      url: issuer,
      resource,
      wide,
      resourceMetadata: undefined,
      metadata: {
        issuer,
        authorization_endpoint: page,
        token_endpoint: `${issuer}/token`,
        response_types_supported: ["code"],
        ...(named && { authorization_response_iss_parameter_supported: true }),
      },
    },
  });
}

describe("the question of a sign-in", () => {
  it("says which server asks, and which host the page is on", async () => {
    expect(await ask({ page: "https://auth.example:8443/login" })).toEqual({
      pageHost: "auth.example:8443",
      question: "weather (mcp.example) wants you to sign in at auth.example:8443",
      notes: [],
    });
  });

  it("says that an answer will not name who gave it", async () => {
    const { notes } = await ask({ named: false });
    expect(notes).toEqual([
      "The authorization server https://auth.example/ does not promise to name itself in its answer (iss, RFC 9207).",
    ]);
  });
});

describe("the page of a sign-in", () => {
  it.each([
    ["https://auth.example", "https://auth.example/login"],
    ["https://auth.example", "https://auth.example:8443/login"],
    ["https://auth.example.com", "https://www.example.com/login"],
    ["https://auth.example.com", "https://example.com/login"],
    ["https://example.co.uk/tenant", "https://id.example.co.uk/login"],
    ["https://me.github.io", "https://a.me.github.io/login"],
    ["https://192.0.2.1", "https://192.0.2.1/login"],
  ])("of %s may be %s: that is one site", async (issuer, page) => {
    expect((await ask({ issuer, page })).notes).toEqual([]);
  });

  it.each([
    ["https://evil.example", "https://bank.example/login"],
    ["https://evil.example", "https://evil.example.bank.test/login"],
    ["https://evil.co.uk", "https://bank.co.uk/login"],
    ["https://evil.github.io", "https://me.github.io/login"],
    ["https://evil.workers.dev", "https://bank.workers.dev/login"],
    ["https://192.0.2.1", "https://192.0.2.2/login"],
    ["https://evil.example", "https://192.0.2.1/login"],
    ["https://evil", "https://bank/login"],
    ["https://bank.example.evil.test", "https://bank.example/login"],
  ])("of %s may not be %s, unless it is allowed", async (issuer, page) => {
    const { host } = new URL(page);
    const refused = await rejection(ask({ issuer, page }));
    expect(refused).toMatchObject({
      code: "AUTH_REQUIRED",
      message:
        `weather: signing in is not safe: the page is at ${host}, another site than that of its authorization server ` +
        `${issuer}/. If both belong together, allow it with pageHosts: ["${host}"] (holdfast login --page-host ${host}).`,
    });
    expect(await rejection(ask({ issuer, page, options: { pageHosts: ["other.example"] } }))).toEqual(
      refused,
    );
    const { notes } = await ask({ issuer, page, options: { pageHosts: [host] } });
    expect(notes).toEqual([
      `The page is at ${host}, another site than that of its authorization server ${issuer}/.`,
    ]);
  });

  it.each(["javascript:alert(1)", "file:///etc/passwd", "http://auth.example/login", "https://127.0.0.1/"])(
    "is a page of the web that is elsewhere: %s",
    async (page) => {
      const options = { pageHosts: [new URL(page).host, new URL(page).hostname] };
      expect(await rejection(ask({ page, options }))).toMatchObject({
        code: "AUTH_REQUIRED",
        message: expect.stringContaining("signing in is not safe: the page for it"),
      });
    },
  );
});

describe("a token that is to be good for more than the server", () => {
  const wide = { resource: "https://mcp.example", wide: true } as const;
  const MORE = "he token is to be good for https://mcp.example, which is more than https://mcp.example/mcp";

  it("is named in the question", async () => {
    expect((await ask(wide)).notes).toEqual([`T${MORE}.`]);
  });

  it("is refused with `strictResource`", async () => {
    expect(await rejection(ask({ ...wide, options: { strictResource: true } }))).toMatchObject({
      code: "AUTH_REQUIRED",
      message: `weather: t${MORE}. Its metadata must name the server alone, or strictResource be left out.`,
    });
    expect((await ask({ options: { strictResource: true } })).notes).toEqual([]);
  });

  it.each([
    ["http", "https://mcp.example/other"],
    ["http", "https://mcp.example/"],
    ["http", "https://mcp.example/mcp?tenant=2"],
  ])("is refused where another configured server is there (%s: %s)", async (_kind, other) => {
    const refused = await rejection(ask({ ...wide, others: { far: "https://far.example/mcp", b: other } }));
    expect(refused).toMatchObject({
      code: "AUTH_REQUIRED",
      message: `weather: t${MORE}, and the server "b" of this config is there too. Use them in configs of their own, or have their metadata name each alone.`,
    });
  });

  it.each([
    ["https://far.example/other"],
    ["http://mcp.example/other"],
    ["https://mcp.example:8443/other"],
    ["https://mcp.example/mcp"],
    ["https://mcp.example/mcp/"],
  ])("is not refused for a server at %s", async (other) => {
    expect((await ask({ ...wide, others: { b: other } })).notes).toHaveLength(1);
  });
});
