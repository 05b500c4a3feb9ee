import type {
  ClientCapabilities,
  CreateMessageResult,
  ElicitResult,
  Implementation,
  ListRootsResult,
} from "@modelcontextprotocol/client";
import { controllerForMany } from "../base/abort.js";
import { messageOf } from "../base/errors.js";
import { untilAborted } from "../base/wait.js";
import { type RelayedContext, relayedContext } from "../contract/asking.js";
import type { Session, SessionOptions } from "../contract/session.js";
import type { ConnectionEvent, ConnectionStatus } from "../contract/status.js";
import type { Gateway } from "../gateway/gateway.js";
import type { Params } from "../gateway/presented.js";
import type { ConfiguredServer } from "./configured-server.js";
import type { Member } from "./member.js";

/** The client's handshake, which the servers' follow, and who answers their questions. */
export interface MemberClient {
  clientInfo: Implementation;
  capabilities: ClientCapabilities;
  gateway(): Gateway;
}

const WAITS = "waits for a person to sign in";
const waitsForPerson = ({ authorizing }: ConnectionStatus) => authorizing?.step === "waiting";

export function whyNot(name: string, status: ConnectionStatus): string {
  if (waitsForPerson(status)) return WAITS;
  const [line] = status.lastError?.message.split("\n") ?? [];
  // Some errors begin with the name themselves.
  return line?.replace(`${name}: `, "") ?? "it did not answer in time";
}

export interface MemberHooks {
  fact(fact: "up" | "down" | "failed"): void;
  /** Its connection is in another state: it may be suspect, or no more. */
  moved(): void;
  /** Somebody else brought the server back after it had failed for good. */
  retry(): void;
}

/** The session on one server, and what is known of that server meanwhile. */
export class MemberSession implements Member {
  session: Session | undefined;
  /** From when a person was asked until what came of it is known. */
  signingIn = false;
  readonly #abort = controllerForMany();
  readonly #opening: Promise<Session>;
  readonly #unsubscribe: () => void;
  #firstFailed: (reason: Error) => void = () => {};

  constructor(
    readonly server: ConfiguredServer,
    private readonly client: MemberClient,
    private readonly hooks: MemberHooks,
  ) {
    this.#opening = this.#open();
    this.#opening.catch(() => {});
    this.#unsubscribe = server.transport.subscribe((status, event) => this.#watch(status, event));
  }

  get name() {
    return this.server.name;
  }
  get tools() {
    return this.server.tools;
  }
  get includeTags() {
    return this.server.includeTags;
  }
  get excludeTags() {
    return this.server.excludeTags;
  }
  get timeoutMs() {
    return this.server.timeoutMs;
  }

  status = () => this.server.transport.status;

  /** The first attempt only; the transport goes on by itself. */
  async first(signal: AbortSignal): Promise<void> {
    const failed = new Promise<never>((_, reject) => {
      this.#firstFailed = reject;
    });
    await untilAborted(Promise.race([this.#opening, failed]), signal);
  }

  async opened(signal: AbortSignal): Promise<Session> {
    return untilAborted(this.#opening, signal).catch((error: unknown) => {
      throw signal.aborted ? this.#unreached(signal.reason) : error;
    });
  }

  async leave(): Promise<void> {
    this.end();
    await this.session?.close();
  }

  end(): void {
    this.#unsubscribe();
    this.#abort.abort(new Error("the composite let it go"));
  }

  async #open(): Promise<Session> {
    try {
      const session = await this.server.transport.connectSession(this.#options());
      if (this.client.capabilities.roots)
        session.setRequestHandler(
          "roots/list",
          async (_request, ctx) =>
            (await this.#ask("roots/list", {}, relayedContext(ctx, this.name))) as ListRootsResult,
        );
      this.session = session;
      this.signingIn = false;
      session.onclose = () => {
        this.session = undefined;
        if (!this.#abort.signal.aborted) this.hooks.fact("failed");
      };
      this.hooks.fact("up");
      return session;
    } catch (error) {
      this.signingIn = false;
      if (!this.#abort.signal.aborted) this.hooks.fact("failed");
      throw error;
    }
  }

  #options(): SessionOptions {
    const { clientInfo } = this.client;
    const gateway = this.client.gateway();
    const capabilities = askable(this.client.capabilities);
    const { sampling, elicitation } = capabilities;
    return {
      clientInfo,
      timeoutMs: 0,
      signal: this.#abort.signal,
      capabilities,
      ...(sampling && {
        sampling: async (params, context) =>
          (await this.#ask("sampling/createMessage", { ...params }, context)) as CreateMessageResult,
      }),
      ...(elicitation && {
        elicitation: async (params, context) =>
          (await this.#ask("elicitation/create", { ...params }, context)) as ElicitResult,
      }),
      onNotification: (notification) => gateway.heard(this, notification),
      onError: () => {},
      ...(gateway.level && { logLevel: gateway.level }),
    };
  }

  #ask(method: string, params: Params, context: RelayedContext) {
    return this.client.gateway().ask(this, { method, params }, context);
  }

  #watch(status: ConnectionStatus, event: ConnectionEvent): void {
    const asks = (event.type === "authorizing" || event.type === "current") && waitsForPerson(status);
    // Nobody waits for a person; who signs in later joins later. Not at once: the members may not know this one yet.
    if (asks)
      queueMicrotask(() => {
        if (this.session || this.#abort.signal.aborted) return;
        this.signingIn = true;
        this.#firstFailed(new Error(WAITS));
        this.hooks.fact("down");
      });
    if (event.type !== "transition") return;
    this.hooks.moved();
    if (event.to === "connecting.waiting" || event.to === "idle") {
      this.signingIn = false;
      this.#firstFailed(new Error(event.error?.message ?? "it was let go"));
      this.hooks.fact("down");
    }
    if (event.to !== "connected.steady" || event.from !== "connecting.opening") return;
    if (this.session) this.hooks.fact("up");
    else if (this.#abort.signal.aborted === false) void this.#opening.catch(() => this.hooks.retry());
  }

  #unreached(reason: unknown): Error {
    const status = this.status();
    if (waitsForPerson(status)) return new Error(`${this.name} ${WAITS} (${messageOf(reason)})`);
    const { state, detail, attempt, lastError } = status;
    const why = lastError ? `: ${lastError.message}` : "";
    return new Error(`${this.name} was ${detail ?? state}, attempt ${attempt}${why} (${messageOf(reason)})`);
  }
}

/** What the servers' handshakes must declare so that this client can be asked. */
const askable = ({
  sampling,
  elicitation,
  roots,
  extensions,
  experimental,
}: ClientCapabilities): ClientCapabilities => ({
  ...(sampling && { sampling }),
  ...(elicitation && { elicitation }),
  ...(roots && { roots }),
  ...(extensions && { extensions }),
  ...(experimental && { experimental }),
});
