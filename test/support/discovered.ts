import type { Discovered } from "../../src/auth/sign-in/discover.js";
import type { SignIn } from "../../src/auth/sign-in/request.js";

export const ISSUER = "https://auth.example";
export const MCP = new URL("https://mcp.example/mcp");

/** An authorization server as it was found, with all that a sign-in needs of it. */
export function discovered(metadata: object = {}, more: Partial<Discovered> = {}): Discovered {
  return {
    issuer: ISSUER,
    url: ISSUER,
    metadata: {
      issuer: ISSUER,
      authorization_endpoint: `${ISSUER}/authorize`,
      token_endpoint: `${ISSUER}/token`,
      registration_endpoint: `${ISSUER}/register`,
      response_types_supported: ["code"],
      code_challenge_methods_supported: ["S256"],
      ...metadata,
    },
    resourceMetadata: undefined,
    resource: undefined,
    wide: false,
    ...more,
  } as Discovered;
}

/** One sign-in of a server called "weather". */
export const signInOf = (more: Partial<SignIn> = {}): SignIn => ({
  server: "weather",
  url: MCP,
  options: {},
  found: discovered(),
  scope: undefined,
  registration: undefined,
  dpop: undefined,
  fetch: async () => new Response(null, { status: 500 }),
  others: () => [],
  elsewhere: () => new Promise(() => {}),
  ...more,
});
