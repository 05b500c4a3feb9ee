import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MCPConfigTransport } from "../../src/composite/config-transport.js";
import type { Session } from "../../src/contract/session.js";
import { StreamableHttpTransport } from "../../src/transports/http.js";
import { MemoryTransport } from "../../src/transports/memory.js";
import { SSETransport } from "../../src/transports/sse.js";
import { StdioTransport } from "../../src/transports/stdio.js";
import type { ClientTransport } from "../../src/transports/transport.js";
import { WSTransport } from "../../src/transports/websocket.js";
import { AskingServer, inMemory, onSockets } from "../support/asking-server.js";
import { runsOf } from "../support/runs.js";
import { settled } from "../support/settling.js";

let server = new AskingServer(false);
let address: Awaited<ReturnType<typeof onSockets>>;
beforeAll(async () => {
  address = await onSockets(() => server);
});
afterAll(() => address.stop());

interface Way {
  modern: boolean;
  /** Whether what is said on a call is known to be that call's. */
  linked: boolean;
  open(): ClientTransport;
  tool?: string;
}

const both = (server: object, era: string) =>
  new MCPConfigTransport({ config: { mcpServers: { a: { ...server, era }, b: { ...server, era } } } });
const WAYS: Record<string, Way> = {
  "memory, legacy": {
    modern: false,
    linked: false,
    open: () => new MemoryTransport({ server: inMemory(() => server) }),
  },
  "WebSocket, legacy": {
    modern: false,
    linked: false,
    open: () => new WSTransport({ url: address.ws, era: "legacy" }),
  },
  "WebSocket, modern": {
    modern: true,
    linked: true,
    open: () => new WSTransport({ url: address.ws, era: "modern" }),
  },
  "HTTP, legacy": {
    modern: false,
    linked: true,
    open: () => new StreamableHttpTransport({ url: address.http, era: "legacy" }),
  },
  "HTTP, modern": {
    modern: true,
    linked: true,
    open: () => new StreamableHttpTransport({ url: address.http, era: "modern" }),
  },
  "SSE, legacy": {
    modern: false,
    linked: false,
    open: () => new SSETransport({ url: address.sse }),
  },
  "stdio, legacy": {
    modern: false,
    linked: false,
    open: () => new StdioTransport({ ...address.stdio, era: "legacy" }),
  },
  "stdio, modern": {
    modern: true,
    linked: true,
    open: () => new StdioTransport({ ...address.stdio, era: "modern" }),
  },
  "WebSocket, legacy, through a config": {
    modern: false,
    linked: false,
    open: () => both({ url: address.ws }, "legacy"),
    tool: "a_work",
  },
  "SSE, legacy, through a config": {
    modern: false,
    linked: false,
    open: () => both({ url: address.sse }, "legacy"),
    tool: "a_work",
  },
  "HTTP, legacy, through a config": {
    modern: false,
    linked: true,
    open: () => both({ url: address.http }, "legacy"),
    tool: "a_work",
  },
  "HTTP, modern, through a config": {
    modern: true,
    linked: true,
    open: () => both({ url: address.http }, "modern"),
    tool: "a_work",
  },
};

const step = fc.oneof(
  fc.record({ does: fc.constant("call" as const), who: fc.integer({ min: 0, max: 2 }) }),
  fc.record({
    does: fc.constantFrom("ask" as const, "aside" as const, "answer" as const, "cancel" as const),
    which: fc.nat(5),
  }),
  fc.record({ does: fc.constantFrom("end" as const), who: fc.integer({ min: 0, max: 2 }) }),
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** One story of three sessions on one connection. Each answers with its number. */
class Story {
  readonly #transport: ClientTransport;
  readonly #sessions: Session[] = [];
  readonly #owners = new Map<string, number>();
  readonly #aborts = new Map<string, AbortController>();
  readonly #calls: Promise<unknown>[] = [];

  constructor(private readonly way: Way) {
    server = new AskingServer(way.modern);
    this.#transport = way.open();
  }

  async play(steps: readonly Step[]): Promise<void> {
    try {
      for (const who of [0, 1, 2])
        this.#sessions.push(await this.#transport.connectSession({ elicitation: () => ({ who }) }));
      for (const each of steps) await this.#take(each);
    } finally {
      for (const abort of this.#aborts.values()) abort.abort();
      await this.#transport.close();
      await Promise.all(this.#calls);
    }
  }

  async #take(each: Step): Promise<void> {
    if (each.does === "call") return this.#call(each.who);
    if (each.does === "end") return this.#sessions[each.who]!.close();
    const key = [...this.#owners.keys()][each.which];
    // The connection went with its last session, and nobody is there to hear.
    if (key === undefined || this.#sessions.every(({ ended }) => ended)) return;
    const call = server.calls.get(key)!;
    if (each.does === "cancel") {
      this.#aborts.get(key)!.abort();
      // The server hears of it before what comes next, or not at all.
      await settled();
      await settled();
    } else if (each.does === "answer") server.answer(key);
    else if (!call.answered) await this.#ask(key, each.does === "aside");
    // Late: in nobody's name any more, so whoever can be meant may answer; but it is answered.
    else if (!this.way.modern && call.aside() === call.say) await server.ask(call.say!);
  }

  async #call(who: number): Promise<void> {
    const session = this.#sessions[who]!;
    if (session.ended) return;
    const key = `c${this.#owners.size}`;
    const abort = new AbortController();
    const arrived = server.arrival(key);
    const call = session.callTool(
      { name: this.way.tool ?? "work", arguments: { key } },
      { signal: abort.signal, timeout: 30_000 },
    );
    this.#calls.push(call.catch(() => {}));
    await Promise.race([arrived, call.catch(() => {})]);
    if (!server.calls.has(key)) return;
    this.#owners.set(key, who);
    this.#aborts.set(key, abort);
  }

  /** The server asks in the name of a call that it has not answered. */
  async #ask(key: string, aside: boolean): Promise<void> {
    const owner = this.#owners.get(key)!;
    const call = server.calls.get(key)!;
    const gone = this.#aborts.get(key)!.signal.aborted || this.#sessions[owner]!.ended;
    if (this.way.modern) {
      // Only in the answer to a call that somebody waits for.
      if (aside || gone) return;
      expect(await server.askInAnswer(key)).toBe(owner);
      return;
    }
    const isHttp = call.aside() !== call.say;
    const say = aside || (isHttp && gone) ? call.aside() : call.say;
    if (!say) return;
    const who = await server.ask(say);
    const carried = this.way.linked && say === call.say && !gone;
    expect(carried ? [owner] : [owner, undefined]).toContain(who);
  }
}

describe("a question is never answered in another one's name", () => {
  it.each(Object.keys(WAYS))("over %s", { timeout: 7_200_000 }, async (name) => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 12 }), (steps) =>
        new Story(WAYS[name]!).play(steps),
      ),
      { numRuns: runsOf(90) },
    );
  });
});
