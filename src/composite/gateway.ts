import type {
  ClientCapabilities,
  JSONRPCNotification,
  LoggingLevel,
  Result,
} from "@modelcontextprotocol/client";
import {
  ProtocolError,
  ProtocolErrorCode,
  SdkError,
  Server,
  type ServerContext,
} from "@modelcontextprotocol/server";
import { isHoldfastError } from "../base/errors.js";
import { VERSION } from "../base/version.js";
import { ANY_RESULT } from "../contract/any-result.js";
import type { ReplayMode } from "../contract/options.js";
import { systemClock } from "../machines/clock.js";
import { Catalog, type CatalogHost } from "./catalog.js";
import type { Member } from "./member.js";
import { ParkedCall } from "./parked-call.js";
import { rewriteUris } from "./result-uris.js";

/** What the client's side knows of one of its requests. */
export interface CallNote {
  deadline: { readonly named: boolean; readonly resets: boolean };
  /** The caller's, and the end of its session: they hold for all legs of a call, and between them. */
  signal: AbortSignal | undefined;
  ended: AbortSignal;
  /** What is left of its deadline, in milliseconds. */
  remainingMs: number;
  replay: ReplayMode | undefined;
}

export interface GatewayHost extends CatalogHost {
  instructions(): string | undefined;
  /** Nothing where the client is not ours. */
  noteOf(requestId: string | number): CallNote | undefined;
}

/** The inner deadline comes first, because it knows which server is waited for and why. */
const MARGIN_MS = 25;
/** A question to a person takes its time; the call that it belongs to has the deadline. */
const ASK_MS = 2 ** 31 - 1;
/** What belongs to one hop of the protocol and not to the call. */
const OF_THE_HOP = /^(progressToken$|io\.modelcontextprotocol\/(?!logLevel))/;

type Params = Record<string, unknown>;

/** The low-level server that presents the members as one. It relays, and validates nothing: the outer client does. */
export class Gateway {
  readonly catalog: Catalog;
  readonly #parked = new Map<string, ParkedCall>();
  #server: Server | undefined;
  #level: LoggingLevel | undefined;
  #changed: Set<"tools" | "prompts" | "resources"> | undefined;

  constructor(private readonly host: GatewayHost) {
    this.catalog = new Catalog(host);
  }

  get level(): LoggingLevel | undefined {
    return this.#level;
  }

  /** A server for one client, in either era. */
  make(): Server {
    const listChanged = true;
    const instructions = this.host.instructions();
    const server = new Server(
      { name: "holdfast", version: VERSION },
      {
        capabilities: {
          tools: { listChanged },
          prompts: { listChanged },
          resources: { listChanged, subscribe: true },
          logging: {},
          completions: {},
        },
        ...(instructions && { instructions }),
      },
    );
    this.#server = server;
    this.#register(server);
    return server;
  }

  /** What the servers offer is not what it was. Told once for all that happens in one tick. */
  changed(): void {
    this.#announce(["tools", "prompts", "resources"]);
  }

  /** A request of a member, for the client. */
  async ask(
    member: Member,
    request: { method: string; params?: Params },
    signal: AbortSignal,
  ): Promise<Result> {
    const server = this.#server;
    if (!server) throw new ProtocolError(ProtocolErrorCode.MethodNotFound, "nobody is there to answer");
    if (!isModern(server)) {
      return server.request(request as never, { signal, timeout: ASK_MS }) as Promise<Result>;
    }
    // A legacy server does not say for which call it asks: the newest one on its way to it.
    const parkedCalls = [...this.#parked.values()].filter((f) => f.member === member.name);
    const parked = parkedCalls.filter((f) => f.waiting).at(-1) ?? parkedCalls.at(-1);
    if (!parked)
      throw new ProtocolError(
        ProtocolErrorCode.MethodNotFound,
        `${request.method} is possible only during a call`,
      );
    return (await parked.ask(request, signal)) as Result;
  }

  /** A notification of a member, for the client. */
  heard(member: Member, { method, params }: JSONRPCNotification): void {
    const kind = /^notifications\/(tools|prompts|resources)\/list_changed$/.exec(method)?.[1];
    if (kind) this.#announce([kind as "tools"]);
    else if (method === "notifications/resources/updated")
      this.#notify(method, { ...params, uri: this.catalog.showUri(member, String(params?.["uri"])) });
    else if (method === "notifications/message") {
      const logger = [member.name, params?.["logger"]].filter(Boolean).join("/");
      this.#notify(method, { ...params, logger });
    } else this.#notify(method, params);
  }

  /** What a modern client listens to; the members that are not modern are told in their own words. */
  async subscribe(uris: readonly string[], on: boolean): Promise<void> {
    await withDeadline(this.host.listTimeoutMs, undefined, async (signal) => {
      for (const shown of uris) {
        const origin = await this.catalog.resource(shown, signal);
        const session = origin?.member.session;
        if (!session) continue;
        await (on
          ? session.subscribeResource(origin, { signal })
          : session.unsubscribeResource(origin, { signal }));
      }
    });
  }

  /** The client is gone: nobody comes back for what is parked. */
  close(): void {
    for (const parked of this.#parked.values()) parked.cancel(new Error("the client is gone"));
    this.#parked.clear();
  }

  #register(server: Server): void {
    const { catalog } = this;
    server.setRequestHandler("tools/list", async (_request, ctx) => ({
      tools: await catalog.tools(ctx.mcpReq.signal),
    }));
    server.setRequestHandler("prompts/list", async (_request, ctx) => ({
      prompts: await catalog.prompts(ctx.mcpReq.signal),
    }));
    server.setRequestHandler("resources/list", async (_request, ctx) => ({
      resources: await catalog.resources(ctx.mcpReq.signal),
    }));
    server.setRequestHandler("resources/templates/list", async (_request, ctx) => ({
      resourceTemplates: await catalog.templates(ctx.mcpReq.signal),
    }));
    server.setRequestHandler("tools/call", async ({ params }, ctx) => {
      const found =
        catalog.knownTool(params.name) ??
        (await this.#within(ctx, (signal) => catalog.tool(params.name, signal)));
      if (!found) throw unknown("tool", params.name);
      const { original, argumentsOf } = found.tool;
      const inner = { ...params, name: original, arguments: argumentsOf(params.arguments) };
      return this.#relay(found.member, ctx, "tools/call", inner) as never;
    });
    server.setRequestHandler("prompts/get", async ({ params }, ctx) => {
      const found = await this.#within(ctx, (signal) => catalog.prompt(params.name, signal));
      if (!found) throw unknown("prompt", params.name);
      return this.#relay(found.member, ctx, "prompts/get", { ...params, name: found.name }) as never;
    });
    for (const method of ["resources/read", "resources/subscribe", "resources/unsubscribe"] as const) {
      server.setRequestHandler(method, async ({ params }, ctx) => {
        const found = await this.#within(ctx, (signal) => catalog.resource(params.uri, signal));
        if (!found) throw unknown("resource", params.uri);
        return this.#relay(found.member, ctx, method, { ...params, uri: found.uri }) as never;
      });
    }
    server.setRequestHandler("completion/complete", async ({ params }, ctx) => {
      const { ref } = params;
      const found = await this.#within(ctx, async (signal) => {
        if (ref.type === "ref/prompt") {
          const origin = await catalog.prompt(ref.name, signal);
          return origin && { member: origin.member, ref: { ...ref, name: origin.name } };
        }
        const origin = await catalog.resource(ref.uri, signal);
        return origin && { member: origin.member, ref: { ...ref, uri: origin.uri } };
      });
      if (!found)
        throw unknown(ref.type.slice("ref/".length), ref.type === "ref/prompt" ? ref.name : ref.uri);
      return this.#relay(found.member, ctx, "completion/complete", { ...params, ref: found.ref }) as never;
    });
    server.setRequestHandler("logging/setLevel", async ({ params: { level } }, ctx) => {
      this.#level = level;
      const { signal } = ctx.mcpReq;
      const capable = this.host.members().filter(({ session }) => session?.getServerCapabilities()?.logging);
      await Promise.allSettled(capable.map(({ session }) => session!.setLoggingLevel(level, { signal })));
      return {};
    });
    server.setNotificationHandler("notifications/roots/list_changed", async () => {
      const open = this.host.members().flatMap(({ session }) => session ?? []);
      await Promise.allSettled(open.map((session) => session.sendRootsListChanged()));
    });
  }

  /** One request through to its server, and what it came to in the names of the composite. */
  async #relay(member: Member, ctx: ServerContext, method: string, params: Params): Promise<Result> {
    const show = (uri: string) => this.catalog.showUri(member, uri);
    const { signal } = ctx.mcpReq;
    const legacy = member.session?.getProtocolEra() !== "modern";
    // Only here can a question come up that the client cannot be sent.
    if (!(legacy && this.#server && isModern(this.#server)))
      return rewriteUris(method, await this.#send(member, ctx, method, params, signal, () => ctx), show);
    const state = ctx.mcpReq.requestState<string>();
    const known = state === undefined ? undefined : this.#parked.get(state);
    // It may have been done: a client that comes too late must not make it a second call.
    if (state !== undefined && !known)
      throw new ProtocolError(
        ProtocolErrorCode.InvalidParams,
        "the call that was parked under this state is over",
      );
    const parked =
      known ??
      new ParkedCall(member.name, ctx, (inner, current) =>
        this.#send(member, ctx, method, params, inner, current),
      );
    if (known) known.resume(ctx);
    else this.#begin(parked, this.host.noteOf(ctx.mcpReq.id));
    try {
      const next = await parked.next(signal);
      if ("parked" in next) return next.parked as unknown as Result;
      this.#parked.delete(parked.id);
      parked.cancel(new Error("the call in which it was asked is over"));
      return rewriteUris(method, next.done as Result, show);
    } catch (error) {
      this.#parked.delete(parked.id);
      parked.cancel(error);
      throw error;
    }
  }

  /** A parked call has no request that could be cancelled: its caller's own signals end it. */
  #begin(parked: ParkedCall, note: CallNote | undefined): void {
    this.#parked.set(parked.id, parked);
    for (const signal of [note?.signal, note?.ended]) {
      const over = () => {
        this.#parked.delete(parked.id);
        parked.cancel(signal?.reason);
      };
      signal?.addEventListener("abort", over, { once: true, signal: parked.abort.signal });
    }
  }

  async #send(
    member: Member,
    ctx: ServerContext,
    method: string,
    params: Params,
    signal: AbortSignal,
    current: () => ServerContext,
  ): Promise<Result> {
    const note = this.host.noteOf(ctx.mcpReq.id);
    const meta = Object.entries((params["_meta"] ?? {}) as Params).filter(([key]) => !OF_THE_HOP.test(key));
    const { _meta: _, ...rest } = params;
    const { inputResponses } = ctx.mcpReq;
    const requestState = ctx.mcpReq.requestState<string>();
    const request = {
      method,
      params: {
        ...rest,
        ...(meta.length > 0 && { _meta: Object.fromEntries(meta) }),
        // A modern server's own questions are answered by the client, in a call of their own.
        ...(inputResponses && { inputResponses }),
        ...(requestState !== undefined && { requestState }),
      },
    };
    const watched = ctx.mcpReq._meta?.progressToken !== undefined;
    const options = {
      signal,
      timeout: innerTimeout(note, member),
      ...(note?.deadline.resets && { resetTimeoutOnProgress: true }),
      allowInputRequired: true,
      ...(note?.replay && { replay: note.replay }),
      ...(watched && { onprogress: (progress: object) => this.#progress(current(), progress) }),
    };
    try {
      const session = member.session ?? (await this.#within(ctx, (inner) => member.opened(inner)));
      // Not validated here: the outer client does that, once.
      return (await session.request(request, ANY_RESULT, options)) as Result;
    } catch (error) {
      throw relayed(error);
    }
  }

  /** Waits for as long as the client's call does. */
  async #within<T>(ctx: ServerContext, wait: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const note = this.host.noteOf(ctx.mcpReq.id);
    const { signal } = ctx.mcpReq;
    const ms = note ? Math.max(1, note.remainingMs - MARGIN_MS) : Number.POSITIVE_INFINITY;
    try {
      return await withDeadline(ms, signal, wait);
    } catch (error) {
      throw relayed(error);
    }
  }

  #progress(ctx: ServerContext, progress: object): void {
    const progressToken = ctx.mcpReq._meta?.progressToken;
    if (progressToken === undefined) return;
    ctx.mcpReq
      .notify({ method: "notifications/progress", params: { ...progress, progressToken } })
      .catch(() => {});
  }

  #notify(method: string, params: Params | undefined): void {
    this.#server?.notification({ method, ...(params && { params }) } as never).catch((error: unknown) => {
      this.host.report(`${method} could not be passed on: ${String(error)}`);
    });
  }

  #announce(kinds: readonly ("tools" | "prompts" | "resources")[]): void {
    const first = this.#changed === undefined;
    this.#changed ??= new Set();
    for (const kind of kinds) this.#changed.add(kind);
    if (!first) return;
    queueMicrotask(() => {
      const all = this.#changed ?? [];
      this.#changed = undefined;
      for (const kind of all) this.#notify(`notifications/${kind}/list_changed`, undefined);
    });
  }
}

/** Whether the client of this server speaks the modern era: only a legacy one shook hands. */
const isModern = (server: Server): boolean => server.getNegotiatedProtocolVersion() === "2026-07-28";

/** What the members' handshakes must declare so that this client can be asked. */
export const askable = ({ sampling, elicitation, roots }: ClientCapabilities): ClientCapabilities => ({
  ...(sampling && { sampling }),
  ...(elicitation && { elicitation }),
  ...(roots && { roots }),
});

/** Gives up after `ms`, or with the outer signal; leaves no timer. */
async function withDeadline<T>(
  ms: number,
  outer: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const deadline = new AbortController();
  const onAbort = () => deadline.abort(outer?.reason);
  const expired = () => deadline.abort(new Error(`the deadline of ${Math.round(ms)} ms is over`));
  const timer = Number.isFinite(ms) ? systemClock.setTimeout(expired, ms) : undefined;
  outer?.addEventListener("abort", onAbort, { once: true });
  try {
    return await work(deadline.signal);
  } finally {
    systemClock.clearTimeout(timer);
    outer?.removeEventListener("abort", onAbort);
  }
}

/** What is left of the client's time; the server's own word on it counts where the caller has none. */
function innerTimeout(note: CallNote | undefined, { timeoutMs }: Member): number {
  if (!note) return timeoutMs ?? 0;
  const left = Math.max(1, note.remainingMs - MARGIN_MS);
  return timeoutMs && !note.deadline.named ? Math.min(left, timeoutMs) : left;
}

const unknown = (kind: string, name: string) =>
  new ProtocolError(ProtocolErrorCode.InvalidParams, `no server offers the ${kind} ${JSON.stringify(name)}`);

/** Errors of ours travel whole: a client of ours gets them back as they were. */
function relayed(error: unknown): unknown {
  if (!isHoldfastError(error) && !(error instanceof SdkError)) return error;
  return new ProtocolError(ProtocolErrorCode.InternalError, error.message, error);
}
