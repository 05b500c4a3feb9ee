import { OAuthClientFlowError, OAuthError, OAuthErrorCode } from "@modelcontextprotocol/client";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { explainAuthError } from "../../../src/auth/sign-in/explain.js";
import { UnsafeAnswer } from "../../../src/auth/sign-in/safe-fetch.js";
import { HoldfastError } from "../../../src/base/errors.js";

const explained = (error: unknown, secrets?: (string | undefined)[]) =>
  explainAuthError("weather", error, secrets);
const missing = (value: unknown) =>
  z.object({ tokens: z.object({ access_token: z.string() }), id: z.string() }).safeParse(value).error;

describe("an error of a sign-in", () => {
  it.each<[string, unknown, string]>([
    [
      "a refusal of the authorization server",
      new OAuthError(OAuthErrorCode.InvalidGrant, "no such code"),
      "the authorization server says invalid_grant: no such code",
    ],
    [
      "an answer that is no error of OAuth, which is not quoted",
      new OAuthError(OAuthErrorCode.InvalidGrant, "HTTP 400: Invalid OAuth error response: x\n<html>secret"),
      "the authorization server says invalid_grant: HTTP 400: its answer is no error of OAuth",
    ],
    [
      "an unsafe answer",
      new UnsafeAnswer("https://a redirects to https://b"),
      "signing in is not safe: https://a redirects to https://b",
    ],
    ["what the SDK will not do", new OAuthClientFlowError("it cannot be"), "it cannot be"],
    [
      "an answer that lacks something",
      missing({ tokens: {} }),
      "an answer of the sign-in lacks what it must have: tokens.access_token, id",
    ],
    [
      "an error of that name without its fields",
      Object.assign(new Error("x"), { name: "ZodError" }),
      "an answer of the sign-in lacks what it must have: ",
    ],
    ["no JSON", new SyntaxError("Unexpected token"), "an answer of the sign-in is not JSON"],
    [
      "metadata of another server",
      new Error("protected resource https://b does not match expected https://a"),
      "the server's metadata is for another server: protected resource https://b does not match expected https://a",
    ],
    ["a long one", new UnsafeAnswer("x".repeat(1_000)), `signing in is not safe: ${"x".repeat(300)}`],
  ])("that trying again cannot mend is final: %s", (_what, error, message) => {
    expect(explained(error)).toMatchObject({
      code: "AUTH_REQUIRED",
      server: "weather",
      message: `weather: ${message}`,
    });
  });

  it.each(["server_error", "temporarily_unavailable", "too_many_requests"])(
    "that passes stays one that is tried again: %s",
    (code) => {
      const told = explained(new OAuthError(code as OAuthErrorCode, "later"));
      expect(told).toBeInstanceOf(Error);
      expect(told).not.toBeInstanceOf(HoldfastError);
      expect(told).toMatchObject({ message: `the authorization server says ${code}: later` });
    },
  );

  it("of the network, of ours, or that is none, stays what it is", () => {
    const network = new TypeError("fetch failed");
    const ours = new HoldfastError("AUTH_REQUIRED", "weather: no", { server: "weather" });
    expect(explained(network)).toBe(network);
    expect(explained(ours)).toBe(ours);
    expect(explained("thrown")).toBe("thrown");
  });

  it("holds no secret, nor do its causes, in whichever form it is told", () => {
    const secrets = [undefined, "pin4", "a-long-secret"];
    const refused = explained(new OAuthError(OAuthErrorCode.InvalidGrant, "a-long-secret is pin4"), secrets);
    expect((refused as Error).message).not.toMatch(/a-long-secret|pin4/);
    const failed = new TypeError("fetch failed", { cause: new Error("at /?token=a-long-secret") });
    expect(explained(failed, secrets)).toBe(failed);
    expect((failed.cause as Error).message).not.toContain("a-long-secret");
  });
});
