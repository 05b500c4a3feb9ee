import { describe, expect, it } from "vitest";
import { safeFetch } from "../../../src/auth/sign-in/safe-fetch.js";

const server = new URL("https://mcp.example/mcp");
const answered = async (body: string) =>
  (await safeFetch(async () => new Response(body), server)("https://auth.example/token")).text();

describe("null in an answer of a sign-in", () => {
  it.each([
    ["of tokens", { access_token: "t", refresh_token: null, expires_in: null, scope: null, id_token: null }],
    ["of a registration", { client_id: "c", client_secret: null, redirect_uris: null, client_uri: null }],
    ["of metadata", { issuer: "i", scopes_supported: null, jwks_uri: null, revocation_endpoint: null }],
    ["of a server", { resource: "r", authorization_servers: null, jwks: { keys: null } }],
  ])("%s means not set", async (_of, value) => {
    const set = JSON.parse(JSON.stringify(value), (_key, item) => item ?? undefined);
    expect(JSON.parse(await answered(JSON.stringify(value)))).toEqual(set);
  });

  it("in a list is no item of it", async () => {
    expect(JSON.parse(await answered('{"scopes_supported":[null,"a",null],"x":[[null]]}'))).toEqual({
      scopes_supported: ["a"],
      x: [[]],
    });
  });

  it.each([
    ["a text that says so", '{"error_description":"null and void"}'],
    ["null alone", "null"],
    ["what is no JSON", "access_token=null&x"],
    ["what is too deep", `${"[".repeat(200_000)}null${"]".repeat(200_000)}`],
    ["a page", "<html>null</html>"],
  ])("leaves %s as it is", async (_what, body) => {
    expect(await answered(body)).toBe(body);
  });
});
