import type { ClientCapabilities, Implementation } from "@modelcontextprotocol/client";
import { controllerForMany } from "../base/abort.js";
import { messageOf } from "../base/errors.js";
import { untilAborted } from "../base/wait.js";
import type { Session } from "../contract/session.js";
import type { ConnectionEvent, ConnectionStatus, ServerChange } from "../contract/status.js";
import type { Gateway } from "../gateway/gateway.js";
import { askable, openRelayedSession } from "../gateway/relayed-session.js";
import type { ConfiguredServer } from "./configured-server.js";
import type { Manifest } from "./manifest.js";
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
  /** `asKnown`: what it offers is no news. */
  fact(fact: "up" | "down" | "failed", asKnown?: boolean): void;
  /** What it offers is not what was known of it. */
  differs(change: ServerChange | undefined): void;
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
  /** Undefined: nobody needed it yet, and what it offers is known. */
  #opening: Promise<Session> | undefined;
  readonly #unsubscribe: () => void;
  #firstFailed: (reason: Error) => void = () => {};

  constructor(
    readonly server: ConfiguredServer,
    private readonly client: MemberClient,
    private readonly hooks: MemberHooks,
    readonly known?: Manifest,
  ) {
    if (!known) void this.#start();
    this.#unsubscribe = server.transport.subscribe((status, event) => this.#watch(status, event));
  }

  get name() {
    return this.server.name;
  }
  get may() {
    return this.server.may;
  }
  pin() {
    return this.server.pin?.();
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
    if (!this.#opening) return;
    const failed = new Promise<never>((_, reject) => {
      this.#firstFailed = reject;
    });
    await untilAborted(Promise.race([this.#opening, failed]), signal);
  }

  async opened(signal: AbortSignal): Promise<Session> {
    return untilAborted(this.#start(), signal).catch((error: unknown) => {
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

  /** Those who need it at the same time share one start. */
  #start(): Promise<Session> {
    if (this.#opening) return this.#opening;
    this.#opening = this.#open();
    this.#opening.catch(() => {});
    return this.#opening;
  }

  /** A lazy one is started again by the next who needs it. */
  #ended(): void {
    this.session = undefined;
    if (this.#abort.signal.aborted) return;
    if (this.known) this.#opening = undefined;
    this.hooks.fact(this.known ? "down" : "failed");
  }

  async #open(): Promise<Session> {
    try {
      const session = await openRelayedSession(this.server.transport, this, {
        clientInfo: this.client.clientInfo,
        capabilities: declared(this.client.capabilities),
        gateway: this.client.gateway(),
        signal: this.#abort.signal,
      });
      this.session = session;
      this.signingIn = false;
      session.onclose = () => this.#ended();
      this.hooks.fact("up", this.known !== undefined);
      if (!this.known) this.hooks.differs(undefined);
      return session;
    } catch (error) {
      this.signingIn = false;
      this.#ended();
      throw error;
    }
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
    if (event.type === "changed") this.hooks.differs(event.change);
    if (event.type !== "transition") return;
    this.hooks.moved();
    if (event.to === "connecting.waiting" || event.to === "idle") {
      this.signingIn = false;
      this.#firstFailed(new Error(event.error?.message ?? "it was let go"));
      this.hooks.fact("down");
    }
    if (event.to !== "connected.steady" || event.from !== "connecting.opening") return;
    if (this.session) this.hooks.fact("up");
    else if (this.#abort.signal.aborted === false) void this.#opening?.catch(() => this.hooks.retry());
  }

  #unreached(reason: unknown): Error {
    const status = this.status();
    if (waitsForPerson(status)) return new Error(`${this.name} ${WAITS} (${messageOf(reason)})`);
    const { state, detail, attempt, lastError } = status;
    const why = lastError ? `: ${lastError.message}` : "";
    return new Error(`${this.name} was ${detail ?? state}, attempt ${attempt}${why} (${messageOf(reason)})`);
  }
}

/** What the servers' handshakes declare: that this client can be asked, and the extensions that it knows. */
const declared = ({ extensions, experimental, ...rest }: ClientCapabilities): ClientCapabilities => ({
  ...askable(rest),
  ...(extensions && { extensions }),
  ...(experimental && { experimental }),
});
