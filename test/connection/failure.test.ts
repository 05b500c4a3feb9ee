import { SdkError, SdkErrorCode, UnauthorizedError } from "@modelcontextprotocol/client";
import { describe, expect, it } from "vitest";
import { HoldfastError } from "../../src/base/errors.js";
import { errorOf, failureOf } from "../../src/connection/failure.js";
import { Lost } from "../../src/wires/lost.js";

const coded = (code: string, message = "it went wrong") => Object.assign(new Error(message), { code });
const withStatus = (status: number) => Object.assign(new Error(`HTTP ${status}`), { status });

describe("what an attempt threw", () => {
  it("of the system is tried again, with what to do about it where that is known", () => {
    const error = coded("ECONNREFUSED", "connect ECONNREFUSED 127.0.0.1:9");
    expect(failureOf(error)).toEqual({
      code: "CONNECT_FAILED",
      message: "connect ECONNREFUSED 127.0.0.1:9",
      hint: "Is the server running, and is the port right?",
      fatal: false,
      error,
    });
    expect(failureOf(coded("ENOTFOUND")).hint).toBe("Is the host name right?");
    expect(failureOf(coded("ECONNRESET"))).not.toHaveProperty("hint");
  });

  it.each(["DEPTH_ZERO_SELF_SIGNED_CERT", "SELF_SIGNED_CERT_IN_CHAIN", "UNABLE_TO_VERIFY_LEAF_SIGNATURE"])(
    "that is %s: the certificate is asked for",
    (code) => {
      expect(failureOf(coded(code)).hint).toBe("Pass tls: { ca } with the certificate that it should have");
    },
  );

  it.each(["ERR_INVALID_URL", "ERR_INVALID_ARG_VALUE"])("that is %s is fatal", (code) => {
    expect(failureOf(coded(code)).fatal).toBe(true);
  });

  it.each([
    [403, true],
    [404, false],
    [503, false],
  ])("with HTTP %i keeps the status; fatal: %s", (status, fatal) => {
    expect(failureOf(withStatus(status))).toMatchObject({
      code: "CONNECT_FAILED",
      fatal,
      details: { status },
    });
  });

  it("that is no error at all is told as it is", () => {
    for (const thrown of [undefined, null, "no"])
      expect(failureOf(thrown)).toEqual({
        code: "CONNECT_FAILED",
        message: String(thrown),
        fatal: false,
        error: thrown,
      });
  });

  it("for lack of credentials says what to pass", () => {
    const named = Object.assign(new Error("no"), { name: "UnauthorizedError" });
    for (const error of [withStatus(401), new UnauthorizedError("no"), named])
      expect(failureOf(error)).toEqual({
        code: "AUTH_REQUIRED",
        message: "the server wants credentials (HTTP 401)",
        hint: "Pass auth, or an Authorization header",
        fatal: true,
        error,
        details: { status: 401 },
      });
  });

  it("for lack of a common version is fatal", () => {
    const error = new Error("Server's protocol version is not supported: 1999");
    expect(failureOf(error)).toEqual({ code: "CONNECT_FAILED", message: error.message, fatal: true, error });
  });

  it("of our own keeps its code and details, and is fatal", () => {
    const error = new HoldfastError("MESSAGE_TOO_LARGE", "too large", { server: "s", maxMessageBytes: 9 });
    expect(failureOf(error)).toEqual({
      code: "MESSAGE_TOO_LARGE",
      message: "too large",
      fatal: true,
      error,
      details: { maxMessageBytes: 9 },
    });
  });

  it("hides its cause in an error of the SDK", () => {
    const wrapped = (cause: unknown) =>
      new SdkError(SdkErrorCode.EraNegotiationFailed, "no era", undefined, { cause } as never);
    expect(failureOf(wrapped(coded("ECONNREFUSED", "refused")))).toMatchObject({
      message: "refused",
      hint: expect.stringContaining("Is the server running"),
    });
    const own = new HoldfastError("AUTH_REQUIRED", "sign in", {});
    expect(failureOf(wrapped(own))).toMatchObject({ code: "AUTH_REQUIRED", message: "sign in", error: own });
    const failure = { code: "SPAWN_FAILED", message: "it exited" };
    expect(failureOf(wrapped(new Lost("unknown", failure)))).toEqual(failure);
    expect(failureOf(new SdkError(SdkErrorCode.RequestTimeout, "too late"))).toMatchObject({
      code: "CONNECT_FAILED",
      message: "too late",
    });
  });

  it("is the wire's own failure where the wire was lost", () => {
    const failure = { code: "SPAWN_FAILED", message: "it exited with code 3", fatal: true };
    expect(failureOf(new Lost("unknown", failure))).toEqual(failure);
    const plain = { code: "CONNECTION_LOST", message: "the server closed the connection" };
    expect(failureOf(new Lost("unknown", plain))).toEqual(plain);
  });

  it("by a send that nobody has classed yet is classed by its cause", () => {
    const error = coded("ECONNREFUSED", "refused");
    const lost = { code: "CONNECTION_LOST", message: "a send failed", retryAfterMs: 5, error };
    expect(failureOf(new Lost("not-sent", lost))).toEqual({
      ...lost,
      code: "CONNECT_FAILED",
      message: "refused",
      hint: "Is the server running, and is the port right?",
    });
    // Classed already: it stays as it is.
    const classed = { code: "SPAWN_FAILED", message: "it exited", error };
    expect(failureOf(new Lost("unknown", classed))).toEqual(classed);
  });
});

describe("the error that callers get", () => {
  it("names the server, and says what to do", () => {
    const cause = new Error("refused");
    const failure = {
      code: "CONNECT_FAILED",
      message: "refused",
      hint: "Is it on?",
      details: { status: 5 },
      error: cause,
    };
    const error = errorOf("files", failure);
    expect(error).toBeInstanceOf(HoldfastError);
    expect(error).toMatchObject({
      code: "CONNECT_FAILED",
      message: "files: refused. Is it on?",
      server: "files",
      status: 5,
      cause,
    });
  });

  it("is the one that was thrown, where that names the server already", () => {
    const own = new HoldfastError("AUTH_REQUIRED", "files: sign in", { server: "files" });
    const failure = { code: "AUTH_REQUIRED", message: "sign in", error: own };
    expect(errorOf("files", failure)).toBe(own);
    expect(errorOf("other", failure)).not.toBe(own);
    expect(errorOf("other", failure)).toMatchObject({ message: "other: sign in", cause: own });
  });
});
