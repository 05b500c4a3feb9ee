import { describe, expect, it } from "vitest";
import {
  clientKey,
  isUsable,
  knownClient,
  register,
  unknownClient,
} from "../../../src/auth/sign-in/registration.js";
import type { SignIn } from "../../../src/auth/sign-in/request.js";
import { discovered, ISSUER, signInOf } from "../../support/discovered.js";
import { fakeFetch, json } from "../../support/fake-fetch.js";
import { rejection } from "../../support/settling.js";

const REDIRECT = "http://127.0.0.1:7000/callback";
const document = "https://me.example/client";

describe("the client of a credential", () => {
  it("is named by what the user gave, and by the name of a registration otherwise", () => {
    expect(clientKey({ clientId: "c", clientMetadataUrl: document })).toBe("id:c");
    expect(clientKey({ clientMetadataUrl: document, clientName: "n" })).toBe(`document:${document}`);
    expect(clientKey({ clientName: "n" })).toBe("registered:n");
    expect(clientKey({})).toBe("registered:holdfast");
  });

  it("is known where the user names it, with its secret and its method", () => {
    const found = discovered();
    expect(knownClient({ clientId: "c" }, found)).toStrictEqual({ client_id: "c", issuer: ISSUER });
    expect(
      knownClient({ clientId: "c", clientSecret: "s", tokenEndpointAuthMethod: "client_secret_post" }, found),
    ).toStrictEqual({
      client_id: "c",
      issuer: ISSUER,
      client_secret: "s",
      token_endpoint_auth_method: "client_secret_post",
    });
  });

  it("is a metadata document where the authorization server takes one", () => {
    const taking = discovered({ client_id_metadata_document_supported: true });
    const options = { clientMetadataUrl: document };
    expect(knownClient(options, taking)).toStrictEqual({ client_id: document, issuer: ISSUER });
    expect(knownClient(options, discovered())).toBeUndefined();
    expect(knownClient({}, taking)).toBeUndefined();
  });

  it("that the authorization server does not know is an error with what to look at", () => {
    expect(unknownClient("weather", discovered(), "c")).toMatchObject({
      code: "AUTH_REQUIRED",
      message: `weather: the authorization server ${ISSUER} does not accept the client "c". Are clientId and clientSecret right?`,
    });
  });
});

describe("a stored registration", () => {
  const hour = 3_600;
  const now = () => Math.floor(Date.now() / 1000);
  it.each<[string, object | undefined, string | undefined, boolean]>([
    ["none", undefined, undefined, false],
    ["one without any limit", {}, "a", true],
    ["one for this redirect address", { redirect_uris: ["http://x/", REDIRECT] }, undefined, true],
    ["one for another redirect address", { redirect_uris: ["http://x/"] }, undefined, false],
    ["one whose secret never expires", { client_secret_expires_at: 0 }, undefined, true],
    ["one whose secret expires later", { client_secret_expires_at: now() + hour }, undefined, true],
    ["one whose secret expired", { client_secret_expires_at: now() - hour }, undefined, false],
    ["one whose scope is enough", { scope: "a b" }, "a", true],
    ["one whose scope is too small", { scope: "a" }, "a b", false],
    ["one whose scope nobody needs", { scope: "a" }, undefined, true],
  ])("can be used or not: %s", (_what, registration, scope, usable) => {
    expect(isUsable(registration && ({ client_id: "c", ...registration } as never), REDIRECT, scope)).toBe(
      usable,
    );
  });
});

describe("a registration", () => {
  const answering = (answer: () => Response, more: Partial<SignIn> = {}) => {
    const network = fakeFetch(answer);
    const made = register(signInOf({ fetch: network.fetch, ...more }), REDIRECT);
    return { network, made, sent: () => JSON.parse(network.asked[0]!.body!) };
  };
  const registered = () => json({ client_id: "new", redirect_uris: [REDIRECT] }, {}, 201);

  it("says who asks, and keeps what the server made of it with its issuer", async () => {
    const { made, network, sent } = answering(registered);
    expect(await made).toEqual({ client_id: "new", redirect_uris: [REDIRECT], issuer: ISSUER });
    expect(network.asked).toMatchObject([{ url: `${ISSUER}/register`, method: "POST" }]);
    expect(sent()).toMatchObject({
      client_name: "holdfast",
      redirect_uris: [REDIRECT],
      response_types: ["code"],
    });
    expect(sent()).not.toHaveProperty("token_endpoint_auth_method");
    expect(sent()).not.toHaveProperty("scope");
  });

  it("asks for no secret where the server allows that, or for what the user chose", async () => {
    const found = discovered({ token_endpoint_auth_methods_supported: ["client_secret_basic", "none"] });
    const none = answering(registered, { found, scope: "a b" });
    await none.made;
    expect(none.sent()).toMatchObject({ token_endpoint_auth_method: "none", scope: "a b" });
    const own = answering(registered, {
      found,
      options: {
        clientName: "me",
        tokenEndpointAuthMethod: "client_secret_post",
        additionalClientMetadata: { software_id: "s" },
      },
    });
    await own.made;
    expect(own.sent()).toMatchObject({
      client_name: "me",
      token_endpoint_auth_method: "client_secret_post",
      software_id: "s",
    });
    const basic = answering(registered, {
      found: discovered({ token_endpoint_auth_methods_supported: ["client_secret_basic"] }),
    });
    await basic.made;
    expect(basic.sent().token_endpoint_auth_method).not.toBe("none");
  });

  it("is not asked for where none is taken", async () => {
    const { made, network } = answering(registered, {
      found: discovered({ registration_endpoint: undefined }),
    });
    expect(await rejection(made)).toMatchObject({
      code: "AUTH_REQUIRED",
      message: `weather: the authorization server ${ISSUER} takes no registrations. Pass oauth({ clientId }) with a client that it knows.`,
    });
    expect(network.asked).toEqual([]);
  });

  const long = "x".repeat(300);
  it.each<[string, string, string]>([
    ["without a word", "no", ""],
    ["with a code", '{"error":"invalid_redirect_uri"}', ", invalid_redirect_uri"],
    ["with a code and a reason", '{"error":"e","error_description":"d"}', ", e, d"],
    ["with what is no text", '{"error":1,"error_description":{}}', ""],
    ["with a long reason", `{"error_description":"${long}"}`, `, ${"x".repeat(200)}`],
  ])("that is refused %s is an error that says so", async (_how, body, reason) => {
    const { made } = answering(() => new Response(body, { status: 400 }));
    expect(await rejection(made)).toMatchObject({
      code: "AUTH_REQUIRED",
      message: `weather: the authorization server ${ISSUER} refuses to register this program (HTTP 400${reason}). Pass oauth({ clientId }) with a client that it knows.`,
    });
  });

  it("that the network does not let through may be tried again", async () => {
    const failure = new TypeError("fetch failed");
    const fetch = async () => {
      throw failure;
    };
    expect(await rejection(register(signInOf({ fetch }), REDIRECT))).toBe(failure);
  });
});
