import type { ServerConfig } from "../config/server.js";
import type { WaitOptions } from "../contract/session.js";
import type { ConnectionState, ConnectionStatus } from "../contract/status.js";
import { INTERNALS, type Internals } from "../transports/internals.js";
import type { ClientTransport } from "../transports/transport.js";
import type { Misconfigured } from "./misconfigured.js";
import type { ToolRules } from "./transforms.js";

/** One configured server: how it is reached, and what the config says of it. */
export interface ConfiguredServer extends ToolRules {
  readonly name: string;
  /** As the config has it; its transport lives for as long as that does not change. */
  readonly config: ServerConfig | Misconfigured;
  readonly transport: ClientTransport;
  readonly timeoutMs: number | undefined;
  /** It is another config transport's, which ends it. */
  readonly lent?: boolean;
  /** Whether it is started by the first call that needs it. */
  isLazy?(): boolean;
}

/** Under this key the options of a config transport have the servers of another one, which it uses and does not end. */
export const LENT = Symbol("holdfast.lent");

export interface Lent {
  [LENT]?: readonly [] | (() => Iterable<ConfiguredServer>);
}

/** Waits until all servers, or any, are in a state. */
export async function whenServers(
  which: "all" | "any",
  servers: Iterable<ConfiguredServer>,
  state: ConnectionState,
  wait: WaitOptions,
): Promise<void> {
  const waits = [...servers].map((server) => whenIn(server, state, wait));
  await (which === "all" ? Promise.all(waits) : Promise.any(waits));
}

/** Waits until a server is in a state. One that is started by its first call counts as connected. */
async function whenIn(
  { transport }: ConfiguredServer,
  state: ConnectionState,
  wait: WaitOptions,
): Promise<ConnectionStatus> {
  const { status } = transport;
  return state === "connected" && status.lazy === "known" ? status : transport.waitFor(state, wait);
}

const lists = new WeakMap<object, readonly ConfiguredServer[]>();
const names = new WeakMap<object, readonly string[]>();

/** What was made of `from` before, or is made now. */
function keptIn<V>(kept: WeakMap<object, V>, from: object, make: () => V): V {
  const before = kept.get(from);
  if (before) return before;
  const made = make();
  kept.set(from, made);
  return made;
}

/** The servers of a config in the declared order: made once, since each call asks for them. */
export const listOf = (servers: ReadonlyMap<string, ConfiguredServer>): readonly ConfiguredServer[] =>
  keptIn(lists, servers, () => [...servers.values()]);

/** Their names, likewise. */
export const namesOf = (servers: readonly ConfiguredServer[]): readonly string[] =>
  keptIn(names, servers, () => servers.map(({ name }) => name));

/** Takes out of data what a composite knows to be secret, and what its servers do. */
export function withoutSecretsOf(
  { withoutSecrets }: Internals,
  servers: () => Iterable<ConfiguredServer>,
): Internals["withoutSecrets"] {
  return (data) =>
    [...servers()].reduce(
      (left, { transport }) => transport[INTERNALS].withoutSecrets(left),
      withoutSecrets(data),
    );
}

/** Closes the transports of servers, without those that are another one's. */
export const closeAll = (servers: Iterable<ConfiguredServer>): Promise<unknown> =>
  Promise.all([...servers].flatMap(({ lent, transport }) => (lent ? [] : [transport.close()])));
