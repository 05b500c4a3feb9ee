import { describe, expect, it, vi } from "vitest";
import { Lost } from "../../src/wires/lost.js";
import { holding } from "../support/credential.js";
import { type Asked, eventStream, networkFailure, refusal } from "../support/fake-fetch.js";
import { request } from "../support/hand-made-wire.js";
import { quiet, rejection } from "../support/settling.js";
import { accepted, ENDPOINT, open, sseWire } from "../support/sse-wire.js";

describe("a request over SSE", () => {
  it("that is refused has the server's status", async () => {
    const { wire } = await open(() => refusal(500));
    const error = await rejection(wire.send(request(1)));
    expect(error).toMatchObject({
      status: 500,
      message: "POST http://server.test/messages: HTTP 500 Internal Server Error: no",
    });
    expect(wire.outcomeOf(error)).toBeUndefined();
    expect(wire.onDoubt).not.toHaveBeenCalled();
  });

  it("that fails on the network is a doubt", async () => {
    const error = networkFailure("ECONNREFUSED");
    const { wire } = await open(() => Promise.reject(error));
    const lost = await rejection(wire.send(request(1)));
    expect(lost).toMatchObject({ failure: { error } });
    expect(wire.onDoubt).toHaveBeenCalledExactlyOnceWith(lost);
    expect(wire.outcomeOf(lost)).toBe("not-sent");
    wire.onDoubt = undefined;
    expect(await rejection(wire.send(request(1)))).toMatchObject({ failure: { error } });
  });

  it("that fails because the wire was closed is none", async () => {
    const made = await open(async () => {
      await made.wire.close();
      throw networkFailure("ECONNRESET");
    });
    await rejection(made.wire.send(request(1)));
    expect(made.wire.onDoubt).not.toHaveBeenCalled();
    expect(made.wire.onerror).not.toHaveBeenCalled();
  });

  it("to a busy server was refused, and may come back", async () => {
    const { wire } = await open(() => refusal(429, { "retry-after": "7" }));
    const error = await rejection(wire.send(request(1)));
    expect(error).toMatchObject({ outcome: "rejected", failure: { retryAfterMs: 7_000 } });
    expect(wire.outcomeOf(error)).toBe("rejected");
  });

  it("that meets a 404 is a forgotten session, once the server had answered at all", async () => {
    const { wire, stream } = await open(() => refusal(404));
    expect(await rejection(wire.send(request(1)))).toMatchObject({ status: 404 });
    stream.say({ id: 1, result: {} });
    await quiet();
    const error = await rejection(wire.send(request(2)));
    expect(error).toBeInstanceOf(Lost);
    expect(error).toMatchObject({
      outcome: "rejected",
      ends: "now",
      message: expect.stringContaining("no longer knows the session"),
    });
  });

  it("that meets another refusal is none", async () => {
    const { wire, stream } = await open(() => refusal(400));
    stream.say({ id: 1, result: {} });
    await quiet();
    expect(await rejection(wire.send(request(2)))).toMatchObject({ status: 400 });
  });

  it("that is refused without a body, or by a server with credentials, is a refusal too", async () => {
    const bare = await open(() => new Response(null, { status: 500 }));
    expect(await rejection(bare.wire.send(request(1)))).toMatchObject({
      message: "POST http://server.test/messages: HTTP 500 Internal Server Error",
    });
    const known = await open(() => refusal(500), { credential: holding(() => "t") });
    expect(await rejection(known.wire.send(request(1)))).toMatchObject({
      message: expect.stringMatching(/^POST .*: HTTP 500 Internal Server Error: no$/),
    });
  });

  it("that is refused leaves no body behind", async () => {
    const cancel = vi.fn();
    const { wire } = await open(() => new Response(new ReadableStream({ cancel }), { status: 500 }));
    await rejection(wire.send(request(1)));
    expect(cancel).toHaveBeenCalledTimes(1);
  });
});

describe("a redirect within the origin", () => {
  it.each([307, 308])("is followed by the stream and by a post: %i", async (status) => {
    const stream = eventStream();
    stream.write(ENDPOINT);
    const moved = (to: string) => new Response(null, { status, headers: { location: to } });
    const { wire, network } = sseWire(
      ({ url }) => (url.endsWith("/sse") ? moved("/other") : stream.response),
      ({ url }) => (url.includes("/messages") ? moved("/posts") : accepted()),
    );
    await wire.start();
    await wire.send(request(1));
    const paths = network.asked.map(({ url }) => new URL(url).pathname);
    expect(paths).toEqual(["/sse", "/other", "/messages", "/posts"]);
  });

  it("is all that is followed: an odd answer is a refusal", async () => {
    const { wire } = await open(() => refusal(400));
    expect(await rejection(wire.send(request(1)))).toMatchObject({
      message: expect.stringContaining("HTTP 400 Bad Request"),
    });
  });
});

describe("credentials over SSE", () => {
  it("are shown anew where there are others, on the stream and on a post", async () => {
    let token = "old";
    const stream = eventStream();
    stream.write(ENDPOINT);
    const known = ({ headers }: Asked) => headers.get("authorization") === "Bearer new";
    const { wire, network } = sseWire(
      (asked) => (known(asked) ? stream.response : refusal(401)),
      (asked) => (known(asked) ? accepted() : refusal(401)),
      { credential: holding(() => token) },
    );
    wire.onRefused = async (refused) => {
      expect(refused).toMatchObject({ status: 401, token: "old" });
      token = "new";
    };
    await wire.start();
    token = "old";
    await wire.send(request(1));
    expect(network.asked.map(({ method, url }) => `${method} ${new URL(url).pathname}`)).toEqual([
      "GET /sse",
      "GET /sse",
      "POST /messages",
      "POST /messages",
    ]);
  });

  it("that nobody can renew are a refusal", async () => {
    const { wire } = await open(() => refusal(401));
    expect(await rejection(wire.send(request(1)))).toMatchObject({
      code: "AUTH_REQUIRED",
      message: "server: the server wants credentials (HTTP 401). Pass auth, or an Authorization header.",
    });
  });
});
