import { describe, expect, it } from "vitest";
import { checkOAuth, type OAuthOptions, scopeText } from "../../../src/auth/sign-in/options.js";
import { memoryStore } from "../../../src/auth/store/memory.js";

const check = (options: object) => () => checkOAuth(options as OAuthOptions);
const client = { clientId: "c" };
const HOST = "expected 127.0.0.1, localhost or [::1]: only this machine may answer";
const PORT = "expected a port from 1 to 65535";
const DOCUMENT = "expected an https URL with a path";
const METHODS = 'expected "client_secret_basic", "client_secret_post", "none"';
const STORE = "expected a store: memoryStore(), fileStore(), keychainStore(), or one of your own";

describe("the options of a sign-in", () => {
  it.each([
    [{}],
    [{ scopes: "a b" }],
    [{ scopes: ["a", "b"] }],
    [client],
    [{ ...client, clientSecret: "s" }],
    [{ issuer: "https://a.example" }],
    [{ clientMetadataUrl: "https://a.example/client" }],
    [{ clientName: "me" }],
    [{ callbackHost: "127.0.0.1" }],
    [{ callbackHost: "127.1.22.133" }],
    [{ callbackHost: "localhost" }],
    [{ callbackHost: "[::1]" }],
    [{ callbackPort: 1 }],
    [{ callbackPort: 65_535 }],
    [{ additionalClientMetadata: { software_id: "s" } }],
    [{ tokenEndpointAuthMethod: "none" }],
    [{ tokenEndpointAuthMethod: "client_secret_basic" }],
    [{ ...client, clientSecret: "s", tokenEndpointAuthMethod: "client_secret_post" }],
    [{ ...client, tokenEndpointAuthMethod: "none" }],
    [{ dpop: true }],
    [{ dpop: false }],
    [{ pageHosts: ["login.example"] }],
    [{ strictResource: true }],
    [{ strictResource: false }],
    [{ store: memoryStore() }],
    [{ onAuthorize: () => {} }],
    [{ unattended: () => "" }],
    [{ timeoutMs: 1 }],
  ])("may be %j", (options) => {
    expect(check(options)).not.toThrow();
  });

  it.each<[object, string, string]>([
    [{ secret: "s" }, "secret", "there is no such option"],
    [{ clientId: "" }, "clientId", "expected a string"],
    [{ clientId: 1 }, "clientId", "expected a string"],
    [{ ...client, clientSecret: "" }, "clientSecret", "expected a string"],
    [{ clientName: "" }, "clientName", "expected a string"],
    [{ callbackHost: 1 }, "callbackHost", "expected a string"],
    [{ scopes: 1 }, "scopes", "expected a list of strings, got number"],
    [{ scopes: ["a", 1] }, "scopes[1]", "expected a string, got number"],
    [{ clientSecret: "s" }, "clientSecret", "comes with a clientId"],
    [{ issuer: "" }, "issuer", 'expected a string, got ""'],
    [{ issuer: "a.example" }, "issuer", "expected a URL"],
    [{ clientMetadataUrl: 1 }, "clientMetadataUrl", "expected a string, got 1"],
    [{ clientMetadataUrl: "client" }, "clientMetadataUrl", "expected a URL"],
    [{ clientMetadataUrl: "http://a.example/client" }, "clientMetadataUrl", DOCUMENT],
    [{ clientMetadataUrl: "https://a.example" }, "clientMetadataUrl", DOCUMENT],
    [{ callbackHost: "0.0.0.0" }, "callbackHost", HOST],
    [{ callbackHost: "my.localhost" }, "callbackHost", HOST],
    [{ callbackHost: "localhost.example" }, "callbackHost", HOST],
    [{ callbackHost: "127.0.0.1.example" }, "callbackHost", HOST],
    [{ callbackHost: "x127.0.0.1" }, "callbackHost", HOST],
    [{ callbackHost: "127.0.0" }, "callbackHost", HOST],
    [{ callbackHost: "127.0.0.1234" }, "callbackHost", HOST],
    [{ callbackHost: "127.a.0.1" }, "callbackHost", HOST],
    [{ callbackPort: 0 }, "callbackPort", PORT],
    [{ callbackPort: -1 }, "callbackPort", PORT],
    [{ callbackPort: 65_536 }, "callbackPort", PORT],
    [{ callbackPort: 1.5 }, "callbackPort", PORT],
    [{ callbackPort: "80" }, "callbackPort", PORT],
    [{ tokenEndpointAuthMethod: "basic" }, "tokenEndpointAuthMethod", `${METHODS}, got "basic"`],
    [
      { ...client, tokenEndpointAuthMethod: "client_secret_post" },
      "tokenEndpointAuthMethod",
      "comes with a clientSecret",
    ],
    [{ dpop: 1 }, "dpop", "expected true, false, got 1"],
    [{ strictResource: "yes" }, "strictResource", 'expected true, false, got "yes"'],
    [{ pageHosts: "a" }, "pageHosts", "expected a list of strings, got string"],
    [{ onAuthorize: 1 }, "onAuthorize", "expected a function, got number"],
    [{ unattended: "run it" }, "unattended", "expected a function, got string"],
    [{ timeoutMs: 0 }, "timeoutMs", "expected a number above 0, got 0"],
    [{ store: null }, "store", STORE],
    [{ store: {} }, "store", STORE],
    [{ store: { list: () => [] } }, "store", STORE],
    [{ store: { update: () => {} } }, "store", STORE],
  ])("may not be %j", (options, name, why) => {
    const path = `auth.${name}`;
    expect(check(options)).toThrow(
      expect.objectContaining({ code: "CONFIG_INVALID", path, message: `option "${path}": ${why}` }),
    );
  });

  it("name scopes as a list or as a text, and none as nothing", () => {
    expect([undefined, "", [], "a b", ["a", "b"]].map((scopes) => scopeText(scopes))).toEqual([
      undefined,
      undefined,
      undefined,
      "a b",
      "a b",
    ]);
  });
});
