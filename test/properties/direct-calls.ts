import {
  type InMemoryTransport,
  type JSONRPCMessage,
  SdkError,
  SdkErrorCode,
  type TransportSendOptions,
} from "@modelcontextprotocol/client";
import fc from "fast-check";
import { vi } from "vitest";
import { fieldsOf, isObject } from "../../src/base/fields.js";
import { Claims } from "../../src/composite/claims.js";
import type { ConfiguredServer } from "../../src/composite/configured-server.js";
import { openComposite } from "../../src/composite/opening.js";
import type { Session } from "../../src/contract/session.js";
import type { AttemptContext } from "../../src/contract/wire.js";
import { ClientTransport } from "../../src/transports/transport.js";
import { MemoryWire } from "../../src/wires/memory.js";
import { ANSWERS, answerOf } from "../fixtures/answers.mjs";
import { badAnswers, goodAnswer, randomOf } from "../fixtures/mutations.mjs";
import { settled } from "../support/settling.js";

/** One thing that happens; whether the rest of its turn is over before the next one does. */
export type Step = { turn: boolean } & (
  | { do: "call"; tool: number; session: number; with: number }
  | { do: "answer"; which: number; how: number; seed: number }
  | { do: "abort"; which: number; reason: number }
  | { do: "say"; what: number }
  | { do: "ask"; what: number; with: number }
  | { do: "pass"; ms: number }
  | { do: "close"; session: number }
  | { do: "drop" }
);

const step = <K extends string, T>(name: K, rest: { [P in keyof T]: fc.Arbitrary<T[P]> }) =>
  fc.record({ do: fc.constant(name), turn: fc.boolean(), ...rest });

export const steps = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: step("call", { tool: fc.nat(3), session: fc.nat(1), with: fc.nat(13) }) },
    { weight: 8, arbitrary: step("answer", { which: fc.nat(5), how: fc.nat(17), seed: fc.nat() }) },
    { weight: 2, arbitrary: step("abort", { which: fc.nat(5), reason: fc.nat(3) }) },
    { weight: 2, arbitrary: step("say", { what: fc.nat(4) }) },
    { weight: 4, arbitrary: step("ask", { what: fc.nat(9), with: fc.nat(3) }) },
    { weight: 2, arbitrary: step("pass", { ms: fc.constantFrom(10, 40, 60, 1_000, 70_000) }) },
    { weight: 1, arbitrary: step("close", { session: fc.nat(1) }) },
    { weight: 1, arbitrary: step("drop", {}) },
  ),
  { minLength: 1, maxLength: 14 },
) as fc.Arbitrary<Step[]>;

/** How the server is reached. */
export interface Way {
  era: "legacy" | "modern";
  /** Whether each request has a stream of its own, as over HTTP. */
  streams: boolean;
  /** Whether it stands behind the gateway of a composite. */
  composite: boolean;
}
export const ways: fc.Arbitrary<Way> = fc.record({
  era: fc.constantFrom("legacy", "modern"),
  streams: fc.boolean(),
  composite: fc.boolean(),
});

interface Message {
  id?: unknown;
  method?: string;
  params?: Record<string, unknown>;
}

const object = (properties: object) => ({ type: "object", properties, required: Object.keys(properties) });
const SCHEMAS = [undefined, object({ n: { type: "number" } }), object({ n: { type: "string" } })];
const TOOL = { name: "t", inputSchema: { type: "object" } };

const ERRORS = [
  { code: -32601, message: "no such method" },
  { code: -32602, message: "no such resource", data: { uri: "x:a" } },
  { code: -32002, message: "no such resource", data: { uri: "x:a" } },
  { code: -32042, message: "sign in", data: { elicitations: [{ mode: "url", url: "https://x" }] } },
  { code: -32000, message: "busy", data: { code: "SERVER_BUSY" } },
  { code: "E_ODD", message: "odd" },
];

const ID = ["id", "requestId", "progressToken"];

const NOTES = [
  { method: "notifications/message", params: { level: "info", data: "a word" } },
  { method: "notifications/progress", params: { progressToken: 999_999_999, progress: 1 } },
  { method: "notifications/tools/list_changed" },
  { method: "notifications/resources/updated", params: { uri: "x:a" } },
  { jsonrpc: "1.0", method: 5 },
];

const REASONS = [
  undefined,
  "a text",
  new Error("not any more"),
  new SdkError(SdkErrorCode.RequestTimeout, "x"),
];

/** What a modern server asks for, in place of a result. */
const INPUT = {
  resultType: "input_required",
  inputRequests: {
    a: { method: "elicitation/create", params: { mode: "form", message: "?", requestedSchema: object({}) } },
  },
  requestState: "state",
};

/** The answers to one request: messages, sent in one turn. */
function answersTo(message: Message, modern: boolean, how: number, seed: number): unknown[] {
  const { id, method = "" } = message;
  if (method !== "tools/call") return answersToOther(id, method, modern, how, seed);
  const complete = modern && { resultType: "complete" };
  const result = (more: object) => [{ jsonrpc: "2.0", id, result: { ...complete, content: [], ...more } }];
  const text = { type: "text", text: `said ${seed}` };
  const plain = result({ content: [text, { type: "text", text: "" }] });
  const ways: (() => unknown[])[] = [
    () => plain,
    () => result({ isError: true, content: [text] }),
    () => result({ content: [text], structuredContent: { n: 1, deep: { er: [text] } } }),
    () => result({ structuredContent: { n: "1" } }),
    () => result({ content: [{ type: "image", data: "AA==", mimeType: "image/png" }, text] }),
    () =>
      result({ content: [{ ...text, annotations: { priority: 1 }, more: 1 }], _meta: { a: 1 }, more: [1] }),
    () => result({ resultType: "complete", isError: false }),
    () => [{ jsonrpc: "2.0", id, result: { toolResult: 1 } }],
    () => [{ jsonrpc: "2.0", id, error: ERRORS[seed % ERRORS.length] }],
    () => [{ jsonrpc: "2.0", id: String(id), result: { content: [text] } }],
    () => [...plain, ...plain],
    () => [NOTES[0]!, ...plain],
    () => [...plain, NOTES[0]!],
    () => [{ jsonrpc: "2.0", id: null, error: ERRORS[0] }],
    // biome-ignore lint/suspicious/noSparseArray: in memory a server may have one.
    () => result({ content: [, text] }),
    () => result({ content: [text], isError: undefined, structuredContent: undefined }),
    () => [{ jsonrpc: "2.0", id, result: INPUT }],
  ];
  return how < ways.length ? ways[how]!() : badAnswers({ id, method }, randomOf(seed), modern).messages;
}

/** Those to what only reads. */
function answersToOther(id: unknown, method: string, modern: boolean, how: number, seed: number): unknown[] {
  const good = answerOf(method, modern);
  const ways: (() => unknown[])[] = [
    () => [{ jsonrpc: "2.0", id, result: good }],
    () => [{ jsonrpc: "2.0", id, result: { ...good, _meta: { a: 1 }, more: [seed] } }],
    () => [{ jsonrpc: "2.0", id, error: ERRORS[seed % ERRORS.length] }],
    () => [{ jsonrpc: "2.0", id: String(id), result: good }],
    () => [NOTES[0]!, { jsonrpc: "2.0", id, result: good }, { jsonrpc: "2.0", id, result: good }],
    () => [{ jsonrpc: "2.0", id, result: modern ? INPUT : {} }],
  ];
  const way = ways[how % 12];
  return way ? way() : badAnswers({ id, method }, randomOf(seed), modern).messages;
}

/** What waits for the script; the rest is answered at once. */
const WAITING = new Set(["tools/call", "resources/read", "prompts/get", "completion/complete", "ping"]);

/** A server that a script moves, and all that it saw. */
class Server {
  readonly seen: { message: Message; came: string }[] = [];
  readonly waiting: { message: Message; side: InMemoryTransport }[] = [];
  readonly answered: { answer: unknown; went: string | undefined }[] = [];
  /** Of the requests of all connections. */
  readonly ids: unknown[] = [];
  /** What the requests of this connection are called in the trace: their ids are other ones on each path. */
  readonly #names = new Map<unknown, string>();
  schema = 0;
  side: InMemoryTransport | undefined;

  constructor(
    readonly way: Way,
    readonly note: (what: string) => void,
  ) {}

  /** What a request is called in the trace. */
  nameOf(id: unknown): string | undefined {
    return this.#names.get(id);
  }

  async serve(side: InMemoryTransport) {
    this.side = side;
    this.#names.clear();
    side.onmessage = (message) => this.#hear(side, message as Message);
    await side.start();
    return () => side.close();
  }

  say(side: InMemoryTransport | undefined, ...messages: object[]): void {
    for (const message of messages)
      void side?.send({ jsonrpc: "2.0", ...structuredClone(message) } as never).catch(() => {});
  }

  answer({ message, side }: Server["waiting"][number], how: number, seed: number): void {
    const answers = answersTo(message, this.way.era === "modern", how, seed);
    for (const answer of answers) this.answered.push({ answer, went: JSON.stringify(answer) });
    for (const answer of answers) void side.send(answer as never).catch(() => {});
  }

  #hear(side: InMemoryTransport, message: Message): void {
    this.seen.push({ message, came: JSON.stringify(message) });
    const { id, method } = message;
    if (method !== undefined && id !== undefined) this.ids.push(id);
    if (method !== undefined && id !== undefined) this.#names.set(id, `#${this.#names.size}`);
    const named = (key: string, value: unknown) => (ID.includes(key) ? this.#names.get(value) : value);
    this.note(`server ${JSON.stringify(message, named)}`);
    if (id === undefined || method === undefined) return;
    if (WAITING.has(method)) return void this.waiting.push({ message, side });
    const tools = [0, 1, 2, 3].map((n) => {
      const outputSchema = n === 3 ? undefined : SCHEMAS[(n + this.schema) % SCHEMAS.length];
      return {
        ...TOOL,
        name: `t${n}`,
        ...(n === 1 && { annotations: { readOnlyHint: true } }),
        ...(outputSchema && { outputSchema }),
      };
    });
    const modern = this.way.era === "modern";
    const shaken = { ...goodAnswer({ id, method, params: {} }) };
    const more = modern && { resultType: "complete", ttlMs: 0, cacheScope: "private" };
    const result =
      method === "tools/list" ? { ...more, tools } : method in ANSWERS ? answerOf(method, modern) : {};
    this.say(side, "result" in shaken ? shaken : { id, result });
  }
}

/** Notes which streams are closed, and when. */
class ByHand extends MemoryWire {
  readonly hasPerRequestStream: boolean;

  constructor(private readonly server: Server) {
    super((side) => server.serve(side));
    this.hasPerRequestStream = server.way.streams;
  }

  override send(message: JSONRPCMessage, options?: TransportSendOptions): Promise<void> {
    const id = "id" in message ? message.id : undefined;
    options?.requestSignal?.addEventListener("abort", () => {
      this.server.note(`stream of ${this.server.nameOf(id)} closed`);
    });
    return super.send(message, options);
  }
}

class ScriptedByHand extends ClientTransport {
  constructor(private readonly server: Server) {
    super(
      { era: server.way.era, reconnect: { baseMs: 10, capMs: 10 } },
      { kind: "x", name: "x", random: () => 0.5 },
    );
  }
  protected override openWire() {
    return new ByHand(this.server);
  }
  override fork(): ScriptedByHand {
    return new ScriptedByHand(this.server);
  }
}

/** A composite with that one server. */
class CompositeByHand extends ClientTransport {
  readonly #listed: ConfiguredServer[];

  constructor(private readonly server: Server) {
    super({ era: server.way.era }, { kind: "config", name: "all" });
    const config = { command: "x" };
    const transport = new ScriptedByHand(server);
    this.#listed = [{ name: "x", config, transport, timeoutMs: undefined, may: () => true }];
  }
  protected override openWire(attempt: AttemptContext) {
    const { era } = this.server.way;
    const host = {
      name: "all",
      options: { config: { mcpServers: {} }, era },
      configured: () => this.#listed,
      claims: { tools: new Claims(), prompts: new Claims() },
      warn: (message: string) => this.server.note(`warning ${message}`),
      onHealth: () => {},
      onOpen: () => {},
    };
    return openComposite(host, attempt);
  }
  override fork(): CompositeByHand {
    return new CompositeByHand(this.server);
  }
  override async close(): Promise<void> {
    await super.close();
    await this.#listed[0]!.transport.close();
  }
}

/** All that anybody saw of one run. */
export interface Trace {
  lines: string[];
  ids: unknown[];
}

/** Runs the script; time passes where it says. */
export async function run(way: Way, script: Step[]): Promise<Trace> {
  const lines: string[] = [];
  const server = new Server(way, (what) => lines.push(what));
  const transport = way.composite ? new CompositeByHand(server) : new ScriptedByHand(server);
  const hears = (who: number) => ({
    elicitation: (asked: unknown) => {
      lines.push(`asked ${who} ${JSON.stringify(asked)}`);
      return {};
    },
    onLog: (message: unknown) => void lines.push(`log ${who} ${JSON.stringify(message)}`),
    onError: (error: Error) => void lines.push(`error ${who} ${error.message}`),
    onProgress: (progress: unknown) => void lines.push(`session progress ${who} ${JSON.stringify(progress)}`),
  });
  const { onProgress: _, ...first } = hears(0);
  const sessions = [await transport.connectSession(first), await transport.connectSession(first)];
  transport.inspect(({ at: _at, id: _id, ...event }) => {
    const { durationMs: _ms, request: _request, since: _since, ...rest } = event as Record<string, unknown>;
    lines.push(`inspected ${JSON.stringify(rest)}`);
  });
  // What a composite was not seen to offer is looked for first.
  if (way.composite) await Promise.all([sessions[0]!.listTools(), sessions[0]!.listPrompts()]);
  const calls = new Calls(sessions, lines);
  // Behind a gateway the turns of a reconnect and those of a deadline in the same millisecond are not counted.
  const happening = way.composite ? script.filter((one) => one.do !== "drop") : script;
  for (const one of happening) {
    if (one.do === "pass") await vi.advanceTimersByTimeAsync(one.ms);
    else take(one, server, calls);
    if (one.turn) await settled();
  }
  await vi.advanceTimersByTimeAsync(100_000);
  await settled();
  await transport.close();
  await vi.advanceTimersByTimeAsync(100_000);
  await settled();
  lines.push(`settled ${calls.settled} of ${calls.made}`);
  // What one side changes afterwards is not the other's.
  for (const { message, came } of server.seen)
    if (JSON.stringify(message) !== came) lines.push(`changed ${JSON.stringify(message)}`);
  for (const { answer, went } of server.answered)
    if (JSON.stringify(answer) !== went) lines.push(`changed ${JSON.stringify(answer)}`);
  return { lines: lines.map(withoutIds), ids: server.ids };
}

function take(one: Step, server: Server, calls: Calls): void {
  const { waiting } = server;
  if (one.do === "call") calls.make(one.session, one.tool, one.with);
  else if (one.do === "answer" && waiting.length > 0)
    server.answer(waiting.splice(one.which % waiting.length, 1)[0]!, one.how, one.seed);
  else if (one.do === "abort") calls.abort(one.which, REASONS[one.reason]);
  else if (one.do === "say") {
    if (one.what === 2) server.schema++;
    server.say(server.side, NOTES[one.what]!);
  } else if (one.do === "ask") calls.ask(one.what, one.with);
  else if (one.do === "close") void calls.sessions[one.session]!.close();
  else if (one.do === "drop") void server.side?.close();
}

/** The calls of a run, each in one of the ways in which it can be made. */
class Calls {
  made = 0;
  settled = 0;
  readonly #aborts: AbortController[] = [];

  constructor(
    readonly sessions: Session[],
    private readonly lines: string[],
  ) {}

  make(session: number, tool: number, way: number): void {
    const call = this.made++;
    const abort = new AbortController();
    const { signal } = abort;
    const onprogress = (progress: unknown) =>
      void this.lines.push(`progress ${call} ${JSON.stringify(progress)}`);
    const ways: (object | undefined)[] = [
      undefined,
      {},
      { signal },
      { signal, timeout: 50 },
      { timeout: 1_000, replay: "always" },
      { timeout: 50, replay: "never" },
      { signal, maxTotalTimeout: 55, timeout: 500 },
      { headers: { "x-a": "b" }, timeout: 0 },
      // Of deadlines in one millisecond the order is another one, so those of the Client's own calls end in other ones.
      { onprogress, timeout: 60_003 },
      { onprogress, resetTimeoutOnProgress: true, timeout: 57 },
      { timeout: 60_007, toolDefinition: { ...TOOL, outputSchema: SCHEMAS[1] } },
      { signal, timeout: 0.5 },
      { signal: AbortSignal.abort("before") },
      { timeout: 60_009 },
    ];
    if (ways[way] && "signal" in ways[way] && ways[way].signal === signal) this.#aborts.push(abort);
    const args: Record<string, unknown> = { call, deep: { list: [call] } };
    // The last way is a request without a name, which no method of the protocol knows.
    const params = { name: way === 13 ? (undefined as never) : `t${tool}`, arguments: args };
    this.#note(call, this.sessions[session]!.callTool(params, ways[way] as never));
    args["late"] = true;
    (args["deep"] as { list: unknown[] }).list.push("late");
  }

  /** What only reads. */
  ask(what: number, way: number): void {
    const [session] = this.sessions;
    const call = this.made++;
    const abort = new AbortController();
    const { signal } = abort;
    const onprogress = (progress: unknown) =>
      void this.lines.push(`progress ${call} ${JSON.stringify(progress)}`);
    // Of deadlines in one millisecond the order is another one on each path, so those of the Client's own requests end in other ones.
    const options = [
      {},
      { signal, timeout: 30_000 + 10 * call },
      { timeout: 60_100 + 10 * call },
      { onprogress, timeout: 60_203 + 10 * call },
    ][way]!;
    if ("signal" in options) this.#aborts.push(abort);
    const tool = { method: "tools/call" as const, params: { name: "t3" } };
    const asks = [
      () => session!.ping(options),
      () => session!.listTools(undefined, options),
      () => session!.request(tool, options),
      () => session!.readResource({ uri: "x:a" }, options),
      () => session!.getPrompt({ name: "a", arguments: { b: "c" } }, options),
      () =>
        session!.complete(
          { ref: { type: "ref/prompt", name: "a" }, argument: { name: "b", value: "c" } },
          options,
        ),
      () => session!.listPrompts(undefined, options),
      () => session!.listResources(undefined, options),
      () => session!.listResourceTemplates(undefined, options),
      // A modern connection listens instead, which is no request of a call, and is tried again by the clock.
      () =>
        session!.getProtocolEra() === "modern"
          ? session!.ping(options)
          : session!.subscribeResource({ uri: "x:a" }, options),
    ];
    this.#note(call, asks[what]!());
  }

  abort(which: number, reason: unknown): void {
    this.#aborts[which % this.#aborts.length]?.abort(reason);
  }

  #note(call: number, work: Promise<unknown>): void {
    const done = (how: string) => {
      this.settled++;
      this.lines.push(`call ${call} ${how}`);
    };
    work.then(
      (result) => {
        done(JSON.stringify(result));
        mutate(result);
      },
      (error: unknown) => done(shownError(error)),
    );
  }
}

/** A caller does with a result what it likes. */
function mutate(result: unknown): void {
  const { content, structuredContent } = fieldsOf(result);
  // What only reads may have a field of that name that is anything.
  if (Array.isArray(content)) {
    if (content[0]) Object.assign(content[0], { text: "changed" });
    content.push({ type: "text", text: "more" });
  }
  if (!isObject(structuredContent)) return;
  Object.assign(structuredContent, { changed: true });
  if (isObject(structuredContent["deep"])) Object.assign(structuredContent["deep"], { changed: true });
}

function shownError(error: unknown): string {
  if (!(error instanceof Error)) return `rejected ${String(error)}`;
  const { code, outcome, data, answer, result } = error as Error & Record<string, unknown>;
  const cause =
    error.cause instanceof Error ? `${error.cause.constructor.name} ${error.cause.message}` : error.cause;
  const told = { message: error.message, code, outcome, data, result, cause: String(cause) };
  return `${error.constructor.name} ${JSON.stringify(told)} ${withoutIds(String(answer)).slice(0, 60)}`;
}

/** Where an excerpt that holds an id is cut depends on that, too. */
function withoutIds(line: string): string {
  const text = line.replaceAll(/(\\?"(?:id|requestId|progressToken)\\?":)\\?"?\d+\\?"?/g, "$1#");
  return /^(?:call|error)/.test(line) ? text.slice(0, 400) : text;
}
