import { StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { describe, expect, it, onTestFinished } from "vitest";
import { type HttpOptions, serve } from "../../src/serve/index.js";
import { EventBudget, KeptEvents } from "../../src/serve/kept-events.js";
import { CLIENTS } from "../support/clients.js";
import { stdioFixture, until } from "../support/fixtures.js";
import { rawSession } from "../support/raw-session.js";

async function served(http: HttpOptions = {}) {
  const { transport, did } = stdioFixture();
  const serving = await serve(transport, { http });
  onTestFinished(() => serving.close());
  return { serving, transport, did, url: new URL(serving.url!) };
}

const call = (name: string, args: object = {}, id: number | string = 7) => ({
  id,
  method: "tools/call",
  params: { name, arguments: args, _meta: { progressToken: "p" } },
});

describe("a legacy client whose stream breaks", () => {
  it("gets what it missed of a call, the answer too, from where it was", async () => {
    const { url } = await served();
    const client = await rawSession(url);
    const stream = await client.post(call("count", { steps: 3, ms: 100 }));
    expect(await stream.next()).toMatchObject({ id: expect.any(String), message: "" });
    const first = (await stream.next())!;
    expect(first.message.params.progress).toBe(1);
    stream.cut();
    const missed = await (await client.get(first.id)).rest();
    expect(missed.map(({ message }) => message.params?.progress ?? message.id)).toEqual([2, 3, 7]);
    expect(missed.at(-1)!.message.result.content[0].text).toBe("counted");
    // Once more, for the answer may have been lost on its way again.
    expect(await (await client.get(first.id)).rest()).toEqual(missed);
  });

  it("gets what was said to nobody while it was away", async () => {
    const { url } = await served();
    const client = await rawSession(url);
    const stream = await client.get();
    await (await client.post(call("grow"))).rest();
    const heard = (await stream.next())!;
    expect(heard.message.method).toBe("notifications/tools/list_changed");
    stream.cut();
    await (await client.post(call("grow"))).rest();
    const later = await client.get(heard.id);
    expect((await later.next())!.message.method).toBe("notifications/tools/list_changed");
  });

  it("that has its answer already, or wants none any more, is told that nothing more comes", async () => {
    const { url, did } = await served();
    const client = await rawSession(url);
    const answered = (await (await client.post(call("echo", { wrong: 1 }))).rest()).at(-1)!;
    expect(answered.message).toMatchObject({ id: 7 });
    expect((await client.get(answered.id)).status).toBe(405);
    const stream = await client.post(call("never", {}, 8));
    const primed = (await stream.next())!;
    await until(() => did().includes("never begun"));
    await client.notify({ method: "notifications/cancelled", params: { requestId: 8 } });
    expect(await stream.rest()).toEqual([]);
    expect((await client.get(primed.id)).status).toBe(405);
    await until(() => did().includes("never cancelled"));
  });

  it("gets nothing of another client's", async () => {
    const { url } = await served();
    const [mine, other] = [await rawSession(url), await rawSession(url)];
    const stream = await mine.post(call("echo", { message: "secret of mine" }));
    const { id } = (await stream.next())!;
    await stream.rest();
    const got = await (await other.get(id)).rest();
    expect(JSON.stringify(got)).not.toContain("secret of mine");
  });

  it("is told that an answer is lost with the process that had the call, and does not wait for it", async () => {
    const sessionKey = "a key of the test's";
    const { serving, transport, url, did } = await served({ sessionKey });
    const client = await rawSession(url);
    const stream = await client.post(call("never", {}, "text id"));
    const { id } = (await stream.next())!;
    await until(() => did().includes("never begun"));
    await serving.close();
    const again = await serve(transport, { http: { sessionKey, port: Number(url.port) } });
    onTestFinished(() => again.close());
    const [answer, ...more] = await (await client.get(id)).rest();
    expect(more).toEqual([]);
    expect((await client.get(answer!.id)).status).toBe(405);
    expect(answer!.message).toMatchObject({
      id: "text id",
      error: { data: { holdfast: { code: "CONNECTION_LOST", outcome: "unknown", server: "fixture" } } },
    });
    // What the server offers may be different by now.
    const heard = await (await client.get()).next();
    expect(heard!.message.method).toBe("notifications/tools/list_changed");
  });

  it("with an id that nobody gave is told so, whatever it is", async () => {
    const { url } = await served();
    const client = await rawSession(url);
    for (const id of ["x", "a.b.c", "..", "%00"]) expect((await client.get(id)).status).toBe(400);
    for (const id of ["a.1.", "a.1.e30", "a.1.e"]) expect(await (await client.get(id)).rest()).toEqual([]);
  });

  it("of the SDK 1 loses no answer", async () => {
    const { url } = await served();
    let cut = false;
    const answered = async (input: string | URL, init?: RequestInit): Promise<Response> => {
      const response = await fetch(input, init);
      const isCall = String(init?.body).includes('"count"');
      if (!isCall || cut) return response;
      cut = true;
      return new Response(firstOf(response.body!), response);
    };
    const client = await CLIENTS["SDK 1"](new StreamableHTTPClientTransport(url, { fetch: answered }));
    expect(await client.call("count", { steps: 2, ms: 100 })).toBe("counted");
    expect(cut).toBe(true);
  });
});

/** The first piece of a stream; then it breaks. */
function firstOf(body: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  return new ReadableStream({
    async pull(controller) {
      const { value } = await reader.read();
      controller.enqueue(value!);
      await reader.cancel();
      controller.close();
    },
  });
}

describe("what is kept for it", () => {
  const message = (text: string) => ({
    jsonrpc: "2.0" as const,
    method: "notifications/message",
    params: { text },
  });
  const replayed = async (store: KeptEvents, id: string) => {
    const all: unknown[] = [];
    await store.replayEventsAfter(id, { send: async (_id, one) => void all.push(one) });
    return all;
  };

  it("is as many messages as the limit says, and as many bytes; a dropped answer is told as lost", async () => {
    const store = new KeptEvents("fixture", new EventBudget(), { events: 3, bytes: 1_000 });
    const first = await store.during(1, () => store.storeEvent("s", {} as never));
    await store.storeEvent("s", { jsonrpc: "2.0", id: 1, result: {} });
    const other = await store.storeEvent("t", message("0"));
    expect(await replayed(store, first)).toEqual([{ jsonrpc: "2.0", id: 1, result: {} }]);
    for (const text of ["1", "2", "3"]) await store.storeEvent("t", message(text));
    expect(await replayed(store, first)).toMatchObject([{ id: 1, error: { data: expect.anything() } }]);
    expect(await replayed(store, other)).toEqual(["1", "2", "3"].map(message));
    await store.storeEvent("t", message("x".repeat(980)));
    expect(await replayed(store, other)).toEqual([]);
    expect(store.bytes).toBe(0);
  });

  it("of all clients together is bounded: whoever keeps most gives first", async () => {
    const budget = new EventBudget(1_000);
    const [small, large] = [new KeptEvents("a", budget), new KeptEvents("b", budget)];
    const id = await small.storeEvent("s", message("0"));
    await small.storeEvent("s", message("1"));
    const begun = await large.storeEvent("s", message("0"));
    for (let i = 0; i < 20; i++) await large.storeEvent("s", message("x".repeat(200)));
    expect(small.bytes + large.bytes).toBeLessThanOrEqual(1_000);
    expect(await replayed(small, id)).toEqual([message("1")]);
    expect((await replayed(large, begun)).length).toBeGreaterThan(0);
    large.close();
    small.close();
    expect(await replayed(small, id)).toEqual([]);
  });

  it("of a client that is gone takes no room of the others", async () => {
    const budget = new EventBudget(1_000);
    const [gone, other] = [new KeptEvents("a", budget), new KeptEvents("b", budget)];
    const id = await other.storeEvent("s", message("0"));
    await other.storeEvent("s", message("x".repeat(300)));
    gone.close();
    await gone.storeEvent("s", message("x".repeat(800)));
    expect(await replayed(other, id)).toHaveLength(1);
  });

  it("costs the promises of the program nothing, however many clients there were", async () => {
    const written = (store: KeptEvents) =>
      store.during(1, async () => Object.getOwnPropertySymbols(Promise.resolve()).length);
    const storeOf = () => new KeptEvents("fixture", new EventBudget());
    const first = await written(storeOf());
    for (let i = 0; i < 20; i++) await written(storeOf());
    expect(await written(storeOf())).toBe(first);
  });
});
