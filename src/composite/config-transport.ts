import { HoldfastError } from "../base/errors.js";
import type { McpConfig } from "../config/parse.js";
import type { WaitOptions } from "../contract/session.js";
import type { ConnectionState, ConnectionStatus } from "../contract/status.js";
import type { AttemptContext, Wire } from "../contract/wire.js";
import {
  CREDENTIAL_OF,
  type CredentialOf,
  INTERNALS,
  ON_BEHALF,
  type OnBehalf,
} from "../transports/internals.js";
import { ClientTransport } from "../transports/transport.js";
import { Claims } from "./claims.js";
import {
  type ConfiguredServer,
  closeAll,
  LENT,
  type Lent,
  listOf,
  whenServers,
  withoutSecretsOf,
} from "./configured-server.js";
import { Forks, followFile, followServer } from "./following.js";
import { explainFleet, fleetHealth } from "./health.js";
import { loadOpening, type OpenComposite } from "./load-opening.js";
import { checkConfigOptions, forFork, type MCPConfigTransportOptions, nameOf, pathOf } from "./options.js";
import { configured, directOf, planned, readAny, serversOf, someIsolated, wholeRules } from "./plan.js";
import { identityOf, saidOf } from "./server-transport.js";

/**
 * The servers of a config, as one. A single server is reached directly; several stand behind a gateway that shows their
 * tools, prompts and resources under their names. Each has a connection of its own that no other one touches.
 * @throws HoldfastError `CONFIG_INVALID` for a wrong config or option, listing everything that is wrong
 */
export class MCPConfigTransport extends ClientTransport {
  readonly #options: MCPConfigTransportOptions & Lent;
  #servers: Map<string, ConfiguredServer>;
  #only: string | undefined;
  /** The last one that was applied. */
  #config: McpConfig;
  /** What it says in vain: told with the next attempt, when somebody may hear it. */
  #untold: McpConfig["warnings"];
  #rules: ReturnType<typeof wholeRules>;
  #open: OpenComposite | undefined;
  readonly #claims = { tools: new Claims(), prompts: new Claims() };
  #health = fleetHealth(undefined);
  #stopWatching: (() => void) | undefined;
  readonly #forks = new Forks<MCPConfigTransport>();

  constructor(options: MCPConfigTransportOptions) {
    checkConfigOptions(options);
    const parsed = readAny(options.config, options);
    const [only, server] = directOf(parsed, options) ?? [];
    const name = options.name ?? only ?? nameOf(options);
    super({ ...options, ...(server && saidOf(server)) }, identityOf(name, server, options));
    this[INTERNALS].credential = () => this.#direct?.transport[INTERNALS].credential();
    this[INTERNALS].withoutSecrets = withoutSecretsOf(this[INTERNALS], () => this.#servers.values());
    this[INTERNALS].callTimeoutMs = (method, called) => this.#callTimeoutMs(method, called);
    this.#options = options;
    this.#config = parsed;
    this.#only = only;
    this.#untold = [...parsed.warnings];
    this.#rules = wholeRules(parsed, options);
    this.#servers = this.#plan(parsed, new Map());
    const path = pathOf(options);
    if (options.watch && path !== undefined) this.#stopWatching = followFile(path, this);
  }

  /** The status of each server by its name, in the declared order; last those whose entries are wrong (kind `misconfigured`). */
  get servers(): Record<string, ConnectionStatus> {
    if (this.#direct) return { [this.#direct.name]: this.status };
    return Object.fromEntries([...this.#servers].map(([name, { transport }]) => [name, transport.status]));
  }

  /** How the servers are, taken together; `closed` while nobody needs them. */
  get health() {
    return fleetHealth(this.#open, this.#direct && this.status);
  }

  override explain() {
    if (this.#direct) return super.explain();
    return explainFleet(this.name, this.health, Object.values(this.servers));
  }

  /**
   * A server's own transport, unprefixed.
   * @throws HoldfastError `SERVER_UNKNOWN`, which lists the servers
   */
  server(name: string): ClientTransport {
    if (this.#direct?.name === name) return this;
    const server = this.#servers.get(name);
    if (server) return server.transport;
    const message = `${this.name}: there is no server ${JSON.stringify(name)}; there are: ${[...this.#servers.keys()].join(", ")}`;
    throw new HoldfastError("SERVER_UNKNOWN", message, { server: this.name });
  }

  /** The server and the original name of a tool that was listed; undefined where none is shown under that name. */
  resolveTool(name: string): { server: string; name: string } | undefined {
    if (this.#direct) return { server: this.#direct.name, name };
    const found = this.#open?.catalog.knownTool(name);
    return found && { server: found.member.name, name: found.tool.original };
  }

  /**
   * Applies another config: what is the same goes on untouched; what changed ends before its successor begins. Settles
   * when what was removed is gone.
   * @throws HoldfastError `CONFIG_INVALID`; the last config stays then
   */
  async setConfig(config: string | URL | McpConfig | object): Promise<void> {
    const before = this.#servers;
    const parsed = readAny(config, this.#options);
    const rules = wholeRules(parsed, this.#options);
    // One server is reached directly and several by their names: where that changes, everything begins anew. Sessions
    // stay open, and their next call finds the new way.
    const only = directOf(parsed, this.#options)?.[0];
    const anew = !only !== !this.#only || before.size > 1 !== serversOf(parsed).length > 1;
    const next = this.#plan(parsed, anew ? new Map() : before);
    const removed = [...before].filter(([name]) => !next.has(name));
    const changed = [...before].filter(([name, server]) => next.has(name) && next.get(name) !== server);
    const added = [...next].filter(([name]) => !before.has(name));
    this.#servers = next;
    this.#only = only;
    this.#config = parsed;
    this.#untold = [...parsed.warnings];
    this.#rules = rules;
    this[INTERNALS].announce({ type: "servers", servers: [...next.keys()] });
    if (anew || (only && changed.length > 0)) await this.disconnect();
    const members = this.#open?.members;
    for (const [name] of removed) members?.remove(name);
    for (const [name] of changed) members?.replace(name);
    if (added.length > 0) members?.add(added.map(([name]) => name));
    this.#open?.rulesChanged();
    await Promise.all([
      closeAll([...removed, ...changed].map(([, server]) => server)),
      ...this.#forks.open().map((fork) => fork.setConfig(parsed)),
    ]);
  }

  /** Skips the wait of every server, and starts those anew that failed for good. */
  override retryNow(): void {
    super.retryNow();
    for (const [name, { transport }] of this.#servers) {
      transport.retryNow();
      this.#open?.members.retry(name);
    }
  }

  /**
   * Waits for a state; with `servers`, for all or any of the servers to be in it. A lazy one that is `known` counts as connected.
   * @throws HoldfastError as the base class
   */
  override async waitFor(
    state: ConnectionState,
    options: WaitOptions & { servers?: "all" | "any" } = {},
  ): Promise<ConnectionStatus> {
    const { servers, ...wait } = options;
    if (servers === undefined || this.#direct) return super.waitFor(state, wait);
    await whenServers(servers, this.#servers.values(), state, wait);
    return this.status;
  }

  override async close(): Promise<void> {
    this.#stopWatching?.();
    await Promise.all([super.close(), closeAll(this.#servers.values())]);
  }

  /** It follows this one's config. */
  override fork(): MCPConfigTransport {
    return this.#fork();
  }

  /** @internal For one client of many: servers that are isolated are its own, the others are this one's. */
  forClient(): MCPConfigTransport | undefined {
    return someIsolated(this.#config)
      ? this.#fork({ [LENT]: this.#direct ? [] : () => this.#servers.values() })
      : undefined;
  }

  /** @internal */
  override [ON_BEHALF](credentialOf: CredentialOf): MCPConfigTransport {
    return this.#fork({ [CREDENTIAL_OF]: credentialOf });
  }

  #fork(more: Lent & OnBehalf = {}): MCPConfigTransport {
    const options = { ...forFork(this.#options, this.#config), [LENT]: [], ...more };
    return this[INTERNALS].forked(this.#forks.add(new MCPConfigTransport(options)));
  }

  #callTimeoutMs(method: string, name: string | undefined): number | undefined {
    const tool = method === "tools/call" && name !== undefined ? this.resolveTool(name)?.server : undefined;
    const own = this.#direct ?? this.#servers.get(tool ?? "");
    return own?.timeoutMs ?? this.#options.callTimeoutMs;
  }

  protected override async openWire(attempt: AttemptContext): Promise<Wire> {
    for (const { path, message } of this.#untold.splice(0))
      this[INTERNALS].announce({ type: "warning", message: `${this.name}: ${path}: ${message}` });
    if (this.#direct) return this.#direct.transport[INTERNALS].open(attempt);
    const { openComposite } = await loadOpening();
    // Race: the attempt is given up while the module is loaded.
    attempt.signal.throwIfAborted();
    return openComposite(
      {
        name: this.name,
        options: this.#options,
        configured: () => listOf(this.#servers),
        claims: this.#claims,
        warn: (message) => this[INTERNALS].announce({ type: "warning", message: `${this.name}: ${message}` }),
        onHealth: () => this.#noteHealth(),
        onOpen: (open) => {
          this.#open = open;
          this.#noteHealth();
        },
      },
      attempt,
    );
  }

  get #direct(): ConfiguredServer | undefined {
    return this.#only === undefined ? undefined : this.#servers.get(this.#only);
  }

  #plan(config: McpConfig, before: ReadonlyMap<string, ConfiguredServer>): Map<string, ConfiguredServer> {
    const only = directOf(config, this.#options) !== undefined;
    return planned(config, before, (name, server) => {
      const direct = only ? this[INTERNALS].observe : undefined;
      const made = configured(name, server, this.#options, direct, () => this.#rules);
      if (!only && !made.lent) this.#follow(made);
      return made;
    });
  }

  /** No function here may use `this`: the server would hold it. */
  #follow(made: ConfiguredServer): void {
    const owner = new WeakRef(this);
    const servers = (composite?: MCPConfigTransport) => (composite ? composite.#servers.values() : []);
    followServer(made, owner, () => servers(owner.deref()));
  }

  #noteHealth(): void {
    const { health } = this;
    if (health === this.#health) return;
    this.#health = health;
    this[INTERNALS].announce({ type: "health", health });
  }
}
