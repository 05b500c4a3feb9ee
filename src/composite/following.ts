import { messageOf } from "../base/errors.js";
import { watchFile } from "../config/watch.js";
import { INTERNALS } from "../transports/internals.js";
import type { ClientTransport } from "../transports/transport.js";
import type { ConfiguredServer } from "./configured-server.js";
import { remotesBeside } from "./plan.js";

type Configurable = ClientTransport & { setConfig(path: string | URL): Promise<void> };

/** Applies the file whenever it is written, for as long as somebody holds the transport. Returns a function that ends it. */
export function followFile(path: string | URL, transport: Configurable): () => void {
  const owner = new WeakRef(transport);
  const stop = watchFile(path, async () => {
    const held = owner.deref();
    if (!held) return stop();
    try {
      await held.setConfig(path);
    } catch (error) {
      const message = `${held.name}: the last good config stays: ${messageOf(error)}`;
      held[INTERNALS].announce({ type: "warning", message });
    }
  });
  return stop;
}

/**
 * What a server says its owner says, too. The server's transport must hold neither the owner nor its `servers`, or they could never be
 * forgotten.
 */
export function followServer(
  { name, transport }: ConfiguredServer,
  owner: WeakRef<ClientTransport>,
  servers: () => Iterable<ConfiguredServer>,
): void {
  const credential = transport[INTERNALS].credential();
  if (credential) credential.others = () => remotesBeside(name, servers());
  transport.subscribe((_status, event) => {
    if (event.type !== "current")
      owner.deref()?.[INTERNALS].announce({ type: "server", server: name, event });
  });
}

/** The forks of a transport that follow it for as long as somebody uses them. */
export class Forks<T extends ClientTransport> {
  readonly #all = new Set<WeakRef<T>>();

  add(fork: T): T {
    // Looks away those that are gone, so that a program which forks for each of its clients is not filled.
    this.open();
    this.#all.add(new WeakRef(fork));
    return fork;
  }

  /** Those that were not closed. */
  open(): T[] {
    const open: T[] = [];
    for (const reference of this.#all) {
      const fork = reference.deref();
      if (fork && fork.status.state !== "closed") open.push(fork);
      else this.#all.delete(reference);
    }
    return open;
  }
}
