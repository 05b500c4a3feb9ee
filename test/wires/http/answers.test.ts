import { PROTOCOL_VERSION_META_KEY } from "@modelcontextprotocol/client";
import { describe, expect, it, vi } from "vitest";
import { type Asked, eventStream, json, refusal } from "../../support/fake-fetch.js";
import { withFakeTimers } from "../../support/fake-timers.js";
import { request } from "../../support/hand-made-wire.js";
import { httpWire, INITIALIZED } from "../../support/http-wire.js";
import { isPending, quiet, rejection } from "../../support/settling.js";

withFakeTimers();

const result = { jsonrpc: "2.0", id: 1, result: {} };
const error = (id: unknown, code = -32000) => ({ jsonrpc: "2.0", id, error: { code, message: "no" } });
const accepted = () => new Response(null, { status: 202 });

describe("a redirect", () => {
  it.each([307, 308])("with %i within the origin is followed, with what was asked", async (status) => {
    const { wire, network, heard } = await httpWire(({ url }) =>
      url.endsWith("/mcp") ? refusal(status, { location: "/mcp/" }) : json(result),
    );
    await wire.send(request(1));
    expect(heard).toEqual([result]);
    expect(network.asked.map(({ method, body }) => [method, body])).toEqual(
      Array.from({ length: 2 }, () => ["POST", JSON.stringify(request(1))]),
    );
  });

  it.each([
    [301, "/mcp/", "http://server.test/mcp/"],
    [302, "/mcp/", "http://server.test/mcp/"],
    [303, "/mcp/", "http://server.test/mcp/"],
    [307, "http://other.test/mcp?key=secret", "http://other.test/mcp"],
    [308, "https://server.test/mcp", "https://server.test/mcp"],
    [307, "http://user:secret@server.test/mcp/", "http://server.test/mcp/"],
  ])("with %i to %s is not followed, and its address is told", async (status, location, shown) => {
    const { wire, network } = await httpWire(() => refusal(status, { location }));
    const { message } = (await rejection(wire.send(request(1)))) as Error;
    expect(message).toContain(`redirects to ${shown}, which is not followed`);
    expect(message).not.toContain("secret");
    expect(network.asked).toHaveLength(1);
  });

  it("that leaves TLS says so", async () => {
    const { wire } = await httpWire(() => refusal(308, { location: "http://server.test/mcp" }), {
      url: new URL("https://server.test/mcp"),
    });
    expect(((await rejection(wire.send(request(1)))) as Error).message).toContain("because it leaves TLS");
  });

  it("without end is not followed without end", async () => {
    const { wire, network } = await httpWire(() => refusal(307, { location: "/mcp" }));
    await rejection(wire.send(request(1)));
    expect(network.asked).toHaveLength(6);
  });
});

describe("an error of JSON-RPC in the body of a refusal", () => {
  it.each([
    [400, 1],
    [400, null],
    [404, 1],
    [406, undefined],
    [500, 1],
  ])("with %i under the id %j is the answer, with its own code", async (status, id) => {
    const { wire, heard } = await httpWire(() => json(error(id, -32099), {}, status));
    await wire.send(request(1));
    expect(heard).toEqual([error(1, -32099)]);
  });

  it.each([
    [500, null],
    [403, null],
    [400, 2],
  ])("with %i under the id %j is about another: the status counts", async (status, id) => {
    const { wire, heard } = await httpWire(() => json(error(id), {}, status));
    expect(await rejection(wire.send(request(1)))).toMatchObject({ status });
    expect(heard).toEqual([]);
  });

  it.each([
    ["that a method is unknown is the answer", -32601, true],
    ["that the session is unknown is no answer", -32001, false],
  ])("under a session with 404, %s", async (_what, code, answers) => {
    const { wire, heard, open } = await httpWire(() => json(error(1, code), {}, 404));
    await open();
    const sent = wire.send(request(1));
    if (answers) await sent;
    else expect(await rejection(sent)).toMatchObject({ outcome: "rejected", ends: "now" });
    expect(heard).toHaveLength(answers ? 1 : 0);
  });
});

describe("a request that is taken and not answered", () => {
  it.each([
    ["202", accepted],
    ["204", () => new Response(null, { status: 204 })],
    ["an empty body", () => new Response("", { headers: { "content-type": "application/json" } })],
  ])("with %s is refused at once where no stream could bring its answer", async (_what, answer) => {
    const { wire } = await httpWire(({ method }) => (method === "GET" ? refusal(405) : answer()));
    expect(await rejection(wire.send(request(1)))).toMatchObject({ outcome: "unknown" });
    await wire.send(INITIALIZED);
    await quiet();
    expect(await rejection(wire.send(request(2)))).toMatchObject({ outcome: "unknown" });
  });

  it("waits for the inbound stream where there is one", async () => {
    const stream = eventStream();
    const { wire, heard } = await httpWire(({ method }) => (method === "GET" ? stream.response : accepted()));
    await wire.send(INITIALIZED);
    await quiet();
    const sent = wire.send(request(1));
    expect(await isPending(sent)).toBe(true);
    stream.say({ id: 1, result: {} });
    await sent;
    expect(heard).toEqual([result]);
  });

  it("is refused once it is known that there is no such stream", async () => {
    let refuse = (_response: Response) => {};
    const { wire } = await httpWire(({ method }) =>
      method === "GET" ? new Promise<Response>((resolve) => (refuse = resolve)) : accepted(),
    );
    await wire.send(INITIALIZED);
    const sent = rejection(wire.send(request(1)));
    expect(await isPending(sent)).toBe(true);
    refuse(refusal(405));
    expect(await sent).toMatchObject({ outcome: "unknown" });
  });
});

describe("a body of another type", () => {
  it.each([["application/json"], ["Application/JSON; charset=utf-8"], ["text/plain"], [undefined]])(
    "than JSON is read where it holds the answer: %s",
    async (type) => {
      const { wire, heard } = await httpWire(
        () =>
          new Response(new TextEncoder().encode(JSON.stringify(result)), {
            headers: type ? { "content-type": type } : {},
          }),
      );
      await wire.send(request(1));
      expect(heard).toEqual([result]);
    },
  );

  it("that is a page is told, without the page", async () => {
    const { wire } = await httpWire(
      () => new Response("<!doctype html><title>canary", { headers: { "content-type": "text/html" } }),
    );
    const { message } = (await rejection(wire.send(request(1)))) as Error;
    expect(message).toContain("a web page (text/html)");
    expect(message).not.toContain("canary");
  });

  it("that is broken JSON answers its request, which it does not name", async () => {
    const { wire } = await httpWire(
      () => new Response('{"jsonrpc":"2.0","result":{', { headers: { "content-type": "application/json" } }),
    );
    wire.onUnreadable = vi.fn();
    await wire.send(request(1));
    expect(wire.onUnreadable).toHaveBeenCalledExactlyOnceWith(
      expect.objectContaining({ id: 1, why: "does not end" }),
    );
  });

  it("has no secret of the request's in what is told", async () => {
    const echo = ({ headers }: Asked) => new Response(headers.get("x-key"), { status: 500 });
    const { wire } = await httpWire(echo, { headers: { "X-Key": "canary-12345678" } });
    expect(JSON.stringify(await rejection(wire.send(request(1))))).not.toContain("canary");
  });
});

describe("events", () => {
  it("of another name are read where they hold a message, and are no fault where they hold none", async () => {
    const stream = eventStream();
    const { wire, heard } = await httpWire(() => stream.response);
    await wire.send(request(1));
    stream.write("event: ping\ndata: 12:00\n\n");
    stream.write(`event: response\ndata: ${JSON.stringify(result)}\n\n`);
    await quiet();
    expect(heard).toEqual([result]);
    expect(wire.onerror).not.toHaveBeenCalled();
  });

  it("that are no message are told", async () => {
    const stream = eventStream();
    const { wire } = await httpWire(() => stream.response);
    await wire.send(request(1));
    stream.write("data: hello\n\n");
    await quiet();
    expect(wire.onerror).toHaveBeenCalledExactlyOnceWith(
      expect.objectContaining({ message: expect.stringContaining("hello") }),
    );
  });

  it.each([
    ["whole", JSON.stringify(result), 1],
    ["cut", JSON.stringify(result).slice(0, -1), 0],
  ])("whose last one lacks its end are read where it is %s", async (_what, data, answers) => {
    const stream = eventStream();
    const { wire, heard } = await httpWire(() => stream.response);
    const onRequestStreamEnd = vi.fn();
    await wire.send(request(1), { onRequestStreamEnd });
    stream.write(`data: ${data}`);
    stream.end();
    await quiet();
    expect(heard).toHaveLength(answers);
    expect(onRequestStreamEnd).toHaveBeenCalledTimes(1 - answers);
  });

  it("behind the answer hold its socket for a second at most", async () => {
    const stream = eventStream();
    let signal: AbortSignal | undefined;
    const { wire } = await httpWire((asked) => {
      signal = asked.signal;
      return stream.response;
    });
    await wire.send(request(1));
    stream.say({ id: 1, result: {} });
    await quiet();
    await vi.advanceTimersByTimeAsync(999);
    expect(signal!.aborted).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(signal!.aborted).toBe(true);
  });
});

describe("what a request says of itself", () => {
  it("in the modern era is in its headers too, and no call can say otherwise", async () => {
    const { wire, network } = await httpWire(() => json(result));
    const params = { name: "wéather ", arguments: {}, _meta: { [PROTOCOL_VERSION_META_KEY]: "2026-07-28" } };
    await wire.send(
      { ...request(1), method: "tools/call", params },
      {
        headers: {
          "Mcp-Param-City": "Rome",
          "MCP-Method": "evil",
          Authorization: "evil",
          "mcp-session-id": "evil",
        },
      },
    );
    expect(Object.fromEntries(network.asked[0]!.headers)).toMatchObject({
      "mcp-protocol-version": "2026-07-28",
      "mcp-method": "tools/call",
      "mcp-name": `=?base64?${Buffer.from("wéather ").toString("base64")}?=`,
      "mcp-param-city": "Rome",
      accept: "application/json, text/event-stream",
      "content-type": "application/json",
    });
    expect(network.asked[0]!.headers.get("authorization")).toBeNull();
    expect(network.asked[0]!.headers.get("mcp-session-id")).toBeNull();
  });

  it("names the session by its newest name", async () => {
    let answers = 0;
    const { wire, network, open } = await httpWire(() =>
      json(result, { "mcp-session-id": `s-${++answers}` }),
    );
    await open("s-0");
    for (let i = 0; i < 3; i++) await wire.send(request(1));
    expect(network.asked.map(({ headers }) => headers.get("mcp-session-id"))).toEqual(["s-0", "s-1", "s-2"]);
    await open("s-9");
    expect(wire.sessionId).toBe("s-9");
  });
});

describe("a fetch of the user's own", () => {
  it("that reads the body itself is told as that, and is no loss after which a call is sent again", async () => {
    const { wire, network } = await httpWire(async () => {
      const response = json(result);
      await response.text();
      return response;
    });
    await expect(wire.send(request(1))).rejects.toThrow(TypeError);
    expect(network.asked).toHaveLength(1);
    expect(wire.onDoubt).not.toHaveBeenCalled();
  });

  it("that adds a header to one request adds it to no other", async () => {
    const seen: object[] = [];
    const { wire } = await httpWire(() => json(result), {
      fetch: async (_url, init) => {
        const headers = init!.headers as Record<string, string>;
        seen.push({ ...headers });
        headers["x-tenant"] = "mine";
        return json(result);
      },
    });
    for (let time = 0; time < 2; time++) await wire.send(request(1));
    expect(seen).toHaveLength(2);
    expect(seen[1]).not.toHaveProperty("x-tenant");
  });
});
