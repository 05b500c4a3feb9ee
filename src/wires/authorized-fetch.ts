import type { RequestId } from "@modelcontextprotocol/client";
import { formatMessage } from "../base/advice.js";
import { HoldfastError } from "../base/errors.js";
import type { Credential, FetchLike, Refusal } from "../contract/credential.js";
import type { Wire } from "../contract/wire.js";
import { Lost } from "./lost.js";
import { refusalOf, unauthorized } from "./refusal.js";

/** One request is shown so many other tokens after a 401: short ones expire on the way. And more scope twice. */
const MAX_ROUNDS = { 401: 3, 403: 2 };

/** The requests of one wire with the credential that they need; a refused one is sent again with a better one. */
export class AuthorizedFetch {
  readonly #send: FetchLike;
  /** Nobody is asked for a credential any more: the wire is going. */
  ending = false;

  constructor(
    private readonly wire: Pick<Wire, "onRefused" | "onParked">,
    private readonly server: { url: URL; name: string; credential: Credential | undefined },
    send: FetchLike,
  ) {
    this.#send = server.credential?.sign?.(send) ?? send;
  }

  async fetch(url: string | URL, init: RequestInit = {}): Promise<Response> {
    const { credential } = this.server;
    // A token goes to the server that it is for and nowhere else.
    if (!credential || new URL(url).origin !== this.server.url.origin) return this.#send(url, init);
    const rounds = { 401: 0, 403: 0 };
    for (;;) {
      const token = await credential.token();
      const headers = new Headers(init.headers);
      if (token !== undefined) headers.set("authorization", `Bearer ${token}`);
      init.signal?.throwIfAborted();
      const response = await this.#send(url, { ...init, headers });
      const refusal = refusalOf(response, token);
      if (!refusal) {
        if (token !== undefined && response.status < 400) credential.accepted?.(token);
        return response;
      }
      if (this.ending || rounds[refusal.status]++ >= MAX_ROUNDS[refusal.status]) return response;
      if (!credential.mends(refusal) || !this.wire.onRefused) return response;
      await response.body?.cancel();
      await this.#mended(refusal, init);
    }
  }

  /** What a caller is told where the server refuses it for good; undefined for any other failure. */
  refused(error: unknown): HoldfastError | undefined {
    const { status, requiredScope } = error as { status?: number; requiredScope?: string };
    const lacksScope = (error as Error).name === "InsufficientScopeError" || requiredScope !== undefined;
    if (status !== 401 && !lacksScope) return undefined;
    const refusal = {
      status: lacksScope ? 403 : 401,
      token: this.server.credential && "",
      scope: requiredScope,
    } as Refusal;
    const { message, hint } = unauthorized(refusal);
    return new HoldfastError(
      "AUTH_REQUIRED",
      formatMessage(`${this.server.name}: ${message}`, hint ? { hint } : {}),
      {
        server: this.server.name,
        status: refusal.status,
      },
    );
  }

  async #mended(refusal: Refusal, init: RequestInit): Promise<void> {
    const id = idOf(init);
    if (id !== undefined) this.wire.onParked?.(id, true);
    await this.wire.onRefused?.(refusal);
    // Race: the call was given up while it was parked; it must not be sent after that.
    if (id !== undefined && this.wire.onParked?.(id, false) === false)
      throw new Lost("not-sent", { code: "CONNECTION_LOST", message: "the call was given up", asked: true });
  }
}

/** The id of the request in a body; looked at only where it was refused. */
function idOf({ method, body }: RequestInit): RequestId | undefined {
  if (method !== "POST" || typeof body !== "string") return undefined;
  const { id } = JSON.parse(body) as { id?: RequestId };
  return id;
}
