import type { RequestId } from "@modelcontextprotocol/client";
import type { AskedCall } from "../contract/asking.js";
import { QUESTIONS } from "../contract/methods.js";
import type { CallTag } from "./call-tag.js";

/** Of more requests that nobody waits for it is not known any more which are still at work. */
const MAX = 1_000;

/** The owner of a session answers for it: whose functions it has. */
type Owned = { owner?: (method: string) => unknown };

/**
 * What is left of a session, which holds a whole client of a gateway: a server that keeps to the protocol never answers a call that
 * was given up, and a thousand of them would keep as many clients. Whether two sessions are one owner's is known afterwards, too.
 */
class Remains {
  readonly #session: WeakRef<object>;
  readonly #owners = new Map<string, WeakRef<object>>();

  constructor(session: object & Owned) {
    this.#session = new WeakRef(session);
    for (const method of QUESTIONS) {
      const owner = session.owner?.(method);
      if (typeof owner === "function") this.#owners.set(method, new WeakRef(owner));
    }
  }

  get session(): object {
    return this.#session.deref() ?? this;
  }

  owner(method: string): unknown {
    return this.#owners.get(method)?.deref();
  }
}

interface Kept {
  session: Remains;
  request: string | number | undefined;
  client: Remains | undefined;
}

/** Calls that nobody waits for any more, and that the server may still be working at. */
export class Abandoned {
  readonly #calls = new Map<RequestId, Kept>();
  /** One for each session, so that its calls stay those of one. */
  readonly #remains = new WeakMap<object, Remains>();
  #forgotten = false;

  add(id: RequestId, { session, origin }: CallTag): void {
    this.#calls.set(id, {
      session: this.#of(session),
      request: origin?.request.mcpReq.id,
      client: origin?.client && this.#of(origin.client),
    });
    const [oldest] = this.#calls.keys();
    if (this.#calls.size <= MAX || oldest === undefined) return;
    this.#forgotten = true;
    this.#calls.delete(oldest);
  }

  delete(id: RequestId): boolean {
    return this.#calls.delete(id);
  }

  /** The oldest first; undefined: there were too many to know. */
  calls(): AskedCall[] | undefined {
    if (this.#forgotten) return undefined;
    return [...this.#calls.values()].map(({ session, request, client }) => ({
      session: session.session,
      ...(request !== undefined && {
        origin: { request: { mcpReq: { id: request } }, client: client?.session, over: true as const },
      }),
    }));
  }

  #of(session: object): Remains {
    const remains = this.#remains.get(session) ?? new Remains(session);
    this.#remains.set(session, remains);
    return remains;
  }
}
