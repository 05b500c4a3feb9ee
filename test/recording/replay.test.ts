import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { inferTransport } from "../../src/infer/infer.js";
import { fromRecording } from "../../src/inspect/recorder.js";
import { RecordedServer } from "../../src/recording/server.js";
import { FakeServer } from "../../src/testing/fake-server.js";
import { MemoryTransport } from "../../src/transports/memory.js";
import { RecordedTransport } from "../../src/transports/recorded.js";
import type { ClientTransport } from "../../src/transports/transport.js";
import { makeServer } from "../fixtures/both-eras.mjs";
import { closing, rejection, textOf } from "../support/fixtures.js";
import { temporary } from "../support/temporary.js";

const refusal = async (promise: Promise<unknown>) => String(await rejection(promise));
const file = () => join(temporary(), "run.jsonl");

/** What an agent may do with the fixture of both eras, and all that it gets. */
async function agent(transport: ClientTransport): Promise<unknown[]> {
  const got: unknown[] = [];
  await transport.withSession(
    async (session) => {
      const echo = (message: string) => session.callTool({ name: "echo", arguments: { message } });
      got.push(
        session.getServerVersion()?.name,
        (await session.listTools()).tools.map(({ name }) => name),
      );
      got.push(textOf(await echo("one")), textOf(await echo("two")), textOf(await echo("one")));
      const steps: number[] = [];
      await session.callTool(
        { name: "count", arguments: { steps: 3, ms: 1 } },
        { onprogress: ({ progress }) => steps.push(progress) },
      );
      got.push(steps);
      for (const what of ["elicitation", "sampling", "roots"])
        got.push(textOf(await session.callTool({ name: "ask", arguments: { what } })));
      await session.callTool({ name: "log", arguments: {} });
      got.push((await session.readResource({ uri: "note://one" })).contents);
      got.push(await refusal(session.readResource({ uri: "note://none" })));
    },
    {
      elicitation: () => ({ name: "Ada" }),
      sampling: () => "hi there",
      roots: ["/work"],
      onLog: ({ data }) => got.push(data),
      logLevel: "info",
    },
  );
  await transport.close();
  return got;
}

describe("a recording, played", () => {
  it.each(["legacy", "modern", "auto"] as const)("answers an agent as the server did: %s", async (era) => {
    const record = file();
    const asked = await agent(closing(new MemoryTransport({ server: makeServer, era, record })));
    expect(asked).toContainEqual("Echo: two");
    expect(await agent(closing(inferTransport(record)))).toEqual(asked);
    // Another client of it hears it from its beginning.
    expect(await agent(closing(inferTransport(record, { era: "auto" })))).toEqual(asked);
  });

  it("is of the era in which it was recorded", async () => {
    const record = file();
    await agent(closing(new MemoryTransport({ server: makeServer, era: "modern", record })));
    const session = await closing(inferTransport(record)).connectSession();
    expect(session.getNegotiatedProtocolVersion()).toBe("2026-07-28");
    const legacy = closing(inferTransport(record, { era: "legacy" }));
    expect(await refusal(legacy.connectSession())).toContain(
      "run.jsonl is of revision 2026-07-28, which has no initialize",
    );
  });

  it("tells what a server announced once the call is made that caused it", async () => {
    const run = async (transport: ClientTransport) => {
      let changed = () => {};
      const change = new Promise<void>((resolve) => {
        changed = resolve;
      });
      const session = await transport.connectSession({ onListChanged: () => changed() });
      await session.callTool({ name: "grow", arguments: {} });
      await change;
      const { tools } = await session.listTools();
      await transport.close();
      return tools.map(({ name }) => name);
    };
    for (const era of ["legacy", "modern"] as const) {
      const record = file();
      const names = await run(closing(new MemoryTransport({ server: makeServer, era, record })));
      expect(names.filter((name) => name.startsWith("grown-"))).toHaveLength(1);
      expect(await run(closing(inferTransport(record)))).toEqual(names);
    }
  });

  it("names what was asked and what it has, where it has not that", async () => {
    const record = file();
    await agent(closing(new MemoryTransport({ server: makeServer, era: "legacy", record })));
    const session = await closing(inferTransport(record)).connectSession();
    const call = (name: string, args: Record<string, unknown>) => session.callTool({ name, arguments: args });
    expect(await refusal(call("echo", { message: "three" }))).toMatch(
      /run\.jsonl has no tools\/call of "echo" with \{"message":"three"\}; it has \{"message":"one"\}, \{"message":"two"\}; record/,
    );
    expect(await refusal(call("sum", {}))).toMatch(
      /has no tools\/call of "sum" with \{\}; it has .*"steps":3/,
    );
    expect(await refusal(session.request({ method: "x/y", params: {} }, z.object({})))).toMatch(
      /run\.jsonl has no x\/y; it has initialize, /,
    );
    await call("echo", { message: "two" });
    expect(await refusal(call("echo", { message: "two" }))).toMatch(
      /with \{"message":"two"\} once, and that was/,
    );
    // What only reads may be asked as often as one likes.
    const reads = () => session.readResource({ uri: "note://one" });
    expect(await reads()).toEqual(await reads());
  });

  it("says what was not asked for", async () => {
    const record = file();
    await agent(closing(new MemoryTransport({ server: makeServer, era: "legacy", record })));
    const server = RecordedServer.load(record);
    const transport = closing(inferTransport(server));
    await transport.withSession((session) =>
      session.callTool({ name: "echo", arguments: { message: "two" } }),
    );
    const calls = server.unasked().filter(({ method }) => method === "tools/call");
    expect(calls.map(({ params }) => params)).toContainEqual({ name: "echo", arguments: { message: "one" } });
    expect(calls.map(({ params }) => params)).not.toContainEqual({
      name: "echo",
      arguments: { message: "two" },
    });
    expect(server.received.map((message) => "method" in message && message.method)).toContain("tools/call");
    await agent(closing(inferTransport(server)));
    expect(server.unasked()).toEqual([]);
  });
});

describe("what is recorded", () => {
  const server = () =>
    new FakeServer([{ name: "say" }]).on("tools/call", (params) => ({
      content: [{ type: "text", text: JSON.stringify(params["arguments"]) }],
    }));

  it("is for its user alone, holds no secret, and matches all the same", async () => {
    const record = file();
    const secret = "hunter2hunter2";
    const transport = closing(server().transport({ record, secrets: [secret] }));
    const call = (one: ClientTransport, text: string) =>
      one.withSession((session) => session.callTool({ name: "say", arguments: { text } }));
    expect(textOf(await call(transport, `a ${secret} b`))).toContain(secret);
    await transport.close();
    expect(statSync(record).mode & 0o777).toBe(0o600);
    expect(readFileSync(record, "utf8")).not.toContain(secret);
    expect(readFileSync(record, "utf8")).toContain("a [redacted] b");
    const replayed = closing(inferTransport(record));
    expect(textOf(await call(replayed, "a anything-else b"))).toBe('{"text":"a [redacted] b"}');
    expect(await refusal(call(replayed, "another"))).toContain("has no tools/call");
  });

  it("matches any text in the place of a secret, and no further argument", async () => {
    const record = file();
    const secret = "hunter2hunter2";
    const call = (one: ClientTransport, args: Record<string, unknown>) =>
      one.withSession((session) => session.callTool({ name: "say", arguments: args }));
    await call(closing(server().transport({ record, secrets: [secret] })), { key: secret });
    const replayed = closing(inferTransport(record));
    expect(await refusal(call(replayed, { key: "k", more: "of it" }))).toContain("has no tools/call");
    expect(textOf(await call(replayed, { key: 'q"\\' }))).toBe('{"key":"[redacted]"}');
  });

  it.each([
    ["took back", true],
    ["asked and did not wait for", false],
  ])("has a question that the server %s, and nothing waits for its answer", async (_, isCancelled) => {
    const record = file();
    const requestedSchema = { type: "object", properties: { name: { type: "string" } } };
    const asking = new FakeServer([{ name: "ask" }]).on("tools/call", () => {
      const params = { message: "who?", requestedSchema };
      asking.say({ jsonrpc: "2.0", id: "q", method: "elicitation/create", params });
      if (isCancelled) asking.notify("notifications/cancelled", { requestId: "q" });
      return { content: [{ type: "text", text: "never mind" }] };
    });
    const run = async (transport: ClientTransport) => {
      let wasAsked = () => {};
      const asked = new Promise<void>((resolve) => {
        wasAsked = resolve;
      });
      const elicitation = async () => {
        wasAsked();
        return new Promise<never>(() => {});
      };
      return transport.withSession(
        async (session) => {
          const said = textOf(await session.callTool({ name: "ask", arguments: {} }));
          if (!isCancelled) await asked;
          return said;
        },
        { elicitation },
      );
    };
    expect(await run(closing(asking.transport({ record, era: "legacy" })))).toBe("never mind");
    expect(await run(closing(inferTransport(record)))).toBe("never mind");
  });

  it("is what an inspector reads, too", async () => {
    const record = file();
    const transport = closing(server().transport({ record, name: "fake" }));
    await transport.withSession((session) => session.listTools());
    await transport.close();
    const events = fromRecording(readFileSync(record, "utf8"));
    expect(events[0]).toMatchObject({ type: "appeared", name: "fake", state: "idle" });
    expect(events.map(({ type }) => type)).toContain("request.settled");
    expect(events.at(-1)).toMatchObject({ type: "transition", to: "closed" });
  });

  it("goes on over reconnects, and a call that was sent again is played once", async () => {
    const record = file();
    const fake = server();
    let calls = 0;
    fake.on("tools/list", async () => {
      if (++calls === 2) await fake.drop();
      return { tools: [{ name: "say", inputSchema: { type: "object" } }] };
    });
    const run = (transport: ClientTransport) =>
      transport.withSession(async (session) => [await session.listTools(), await session.listTools()]);
    const lists = await run(closing(fake.transport({ record })));
    expect(fake.connections).toBe(2);
    expect(await run(closing(inferTransport(record)))).toEqual(lists);
  });

  it("is shared by the connections of a program that name one file", async () => {
    const record = file();
    const transport = closing(server().transport({ record }));
    const fork = closing(transport.fork());
    for (const one of [transport, fork])
      await one.withSession((session) =>
        session.callTool({ name: "say", arguments: { of: one.status.epoch } }),
      );
    const lines = readFileSync(record, "utf8").trim().split("\n");
    expect(lines.filter((line) => line.includes('"type":"recording"'))).toHaveLength(1);
    const ids = lines
      .filter((line) => line.includes('"method":"tools/call"'))
      .map((line) => JSON.parse(line).id);
    expect(new Set(ids).size).toBe(2);
  });

  it("takes the place of an older recording, and of nothing else", async () => {
    const record = file();
    writeFileSync(record, '{"type":"recording","version":1}\n{"stale":true}\n', { mode: 0o644 });
    await closing(server().transport({ record })).withSession((session) => session.ping());
    expect(readFileSync(record, "utf8")).not.toContain("stale");
    expect(statSync(record).mode & 0o777).toBe(0o600);

    const other = join(temporary(), "mcp.json");
    writeFileSync(other, '{"mcpServers":{"a":{"command":"node"}}}');
    const error = await rejection(closing(server().transport({ record: other })).connectSession());
    expect(error).toMatchObject({ code: "CONFIG_INVALID", path: "record" });
    expect(String(error)).toMatch(/fake: .*mcp\.json cannot be recorded to: .*no recording/);
    expect(readFileSync(other, "utf8")).toContain("mcpServers");
  });

  it("takes the place of no recording that is being played", async () => {
    const record = file();
    await closing(server().transport({ record })).withSession((session) => session.ping());
    const before = readFileSync(record, "utf8");
    expect(() => inferTransport(record, { record })).toThrow(/^option "record": is the recording/);
    expect(readFileSync(record, "utf8")).toBe(before);
  });
});

describe("a recording whose program died while it wrote", () => {
  it("is played up to its last whole line, and says that it was cut", async () => {
    const record = file();
    const live = closing(new MemoryTransport({ server: makeServer, record }));
    const ask = (message: string) => ({ name: "echo", arguments: { message } });
    await live.withSession(async (session) => {
      await session.callTool(ask("one"));
      await session.callTool(ask("two"));
    });
    await live.close();
    const text = readFileSync(record, "utf8");
    writeFileSync(record, text.slice(0, text.lastIndexOf("two") + 1));
    await closing(inferTransport(record)).withSession(async (session) => {
      expect(textOf(await session.callTool(ask("one")))).toBe("Echo: one");
      expect(await refusal(session.callTool(ask("two")))).toContain("it was cut before its end");
    });
  });
});

describe("a file that is no recording of messages", () => {
  it.each([
    ["not JSON", "hello\n", /line 1 is not JSON/],
    ["another file", '{"a":1}\n', /is not a recording/],
    ["events alone", '{"type":"recording","version":1}\n{"type":"ended","at":1,"id":"c1"}\n', /no messages/],
  ])("is refused with the reason: %s", (_, text, why) => {
    const path = file();
    writeFileSync(path, text);
    expect(() => RecordedServer.load(path)).toThrow(why);
  });

  it("is told when it is connected to", async () => {
    const transport = closing(new RecordedTransport({ recording: join(temporary(), "none.jsonl") }));
    const error = await rejection(transport.connectSession());
    expect(error).toMatchObject({ code: "CONFIG_INVALID", path: "recording" });
    expect(String(error)).toContain("ENOENT");
  });
});
