import { basename } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { checkOAuth } from "../auth/sign-in/options.js";
import { checkPositive, invalid } from "../base/check.js";
import { HoldfastError, messageOf } from "../base/errors.js";
import { readConfig } from "../config/load.js";
import { type McpConfig, type ParseOptions, parseConfig } from "../config/parse.js";
import { isRemote, type ServerConfig } from "../config/server.js";
import { watchFile } from "../config/watch.js";
import { checkKnown } from "../contract/check-options.js";
import type { Credential } from "../contract/credential.js";
import type { InspectionEvent } from "../contract/inspection.js";
import { DEFAULTS } from "../contract/options.js";
import type { WaitOptions } from "../contract/session.js";
import type { ConnectionState, ConnectionStatus } from "../contract/status.js";
import type { AttemptContext, Wire } from "../contract/wire.js";
import { systemClock } from "../machines/clock.js";
import type { FleetHealth } from "../machines/fleet-health.js";
import { serveFresh, serveInstance } from "../transports/memory.js";
import { personMs } from "../transports/remote.js";
import { ClientTransport } from "../transports/transport.js";
import { Gateway } from "./gateway.js";
import { GatewayWire } from "./gateway-wire.js";
import { type ConfiguredServer, Members } from "./members.js";
import { bare, type NameRule, prefixed } from "./naming.js";
import { authOf, type EveryServerOptions, kindOf, transportOf } from "./server-transport.js";

export interface MCPConfigTransportOptions extends EveryServerOptions, ParseOptions {
  /** The path of a config file, its content in any dialect, or what `parseConfig` gave. */
  config: string | URL | McpConfig | object;
  /** Tools and prompts as `server_name`, resources as `scheme://server/path`. Default true. */
  nameAsPrefix?: boolean;
  /** Another rule for the names of tools and prompts. */
  toolName?: NameRule;
  /** The composite opens with the servers that it has after so long. Default 10 s. */
  startTimeoutMs?: number;
  /** How many servers make their first attempt at once. Default 8. */
  maxStarts?: number;
  /** One server that cannot be reached is everybody's failure. Default false. */
  strict?: boolean;
  /** Follow the file (a path only): apply what changes, and keep the last good config when it is wrong. */
  watch?: boolean;
}

const OWN = ["config", "nameAsPrefix", "toolName", "startTimeoutMs", "maxStarts", "strict", "watch"];
const SHARED = ["onStderr", "stderr", "reapOrphans", "oauth", "defaultAuth", "variables", "inputs", "from"];

/**
 * The servers of a config, as one. A single server is reached directly; several stand behind a front that shows their
 * tools, prompts and resources under their names. Each has a connection of its own that no other one touches.
 * @throws HoldfastError `CONFIG_INVALID` for a wrong config or option, listing everything that is wrong
 */
export class MCPConfigTransport extends ClientTransport {
  readonly #options: MCPConfigTransportOptions;
  #servers: Map<string, ConfiguredServer>;
  /** The last one that was applied. */
  #config: McpConfig;
  #members: Members | undefined;
  #gateway: Gateway | undefined;
  #health: FleetHealth = "closed";
  #stopWatching: (() => void) | undefined;

  constructor(options: MCPConfigTransportOptions) {
    checkKnown("config", options, [...OWN, ...SHARED]);
    for (const key of ["startTimeoutMs", "maxStarts"] as const) checkPositive(key, options[key]);
    const { config, oauth, defaultAuth } = options;
    if (oauth !== undefined) checkOAuth(oauth);
    const path = typeof config === "string" || config instanceof URL ? config : undefined;
    if (options.watch && path === undefined)
      throw invalid("watch", "only a config that is a file can be followed");
    const parsed = read(config, options);
    const [only] = directOf(parsed);
    const name = options.name ?? only?.[0] ?? (path ? basename(String(path)) : "config");
    const authorizeTimeoutMs =
      only && isRemote(only[1])
        ? personMs({ auth: authOf(only[1], defaultAuth), oauth } as Parameters<typeof personMs>[0])
        : undefined;
    super(
      {
        ...options,
        ...(only?.[1].keepAlive !== undefined && { keepAlive: only[1].keepAlive }),
        ...(only?.[1].era !== undefined && { era: only[1].era }),
      },
      {
        kind: only ? kindOf(only[1]) : "config",
        name,
        ...(only && kindOf(only[1]) === "stdio" && { keepAlive: true }),
        ...(authorizeTimeoutMs !== undefined && { authorizeTimeoutMs }),
      },
    );
    this.#options = options;
    this.#config = parsed;
    this.#servers = this.#plan(parsed, new Map());
    if (options.watch && path !== undefined) this.#watch(path);
  }

  /** The status of each server by its name, in the declared order. */
  get servers(): Record<string, ConnectionStatus> {
    if (this.#direct) return { [this.#direct.name]: this.status };
    return Object.fromEntries([...this.#servers].map(([name, { transport }]) => [name, transport.status]));
  }

  /** How the servers are, taken together; `closed` while nobody needs them. */
  get health(): FleetHealth {
    if (!this.#direct) return this.#members?.health ?? "closed";
    const { state } = this.status;
    return state === "connected"
      ? "ready"
      : state === "connecting"
        ? this.status.recovering
          ? "down"
          : "starting"
        : "closed";
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
    const found = this.#gateway?.catalog.knownTool(name);
    return found && { server: found.member.name, name: found.tool.original };
  }

  /**
   * Applies another config: what is the same goes on untouched; what changed ends before its successor begins. Settles
   * when what was removed is gone.
   * @throws HoldfastError `CONFIG_INVALID`; the last config stays then
   */
  async setConfig(config: string | URL | McpConfig | object): Promise<void> {
    const before = this.#servers;
    const parsed = read(config, this.#options);
    // One server is reached directly and several by their names: where that changes, everything begins anew. Sessions
    // stay open, and their next call finds the new way.
    const direct = directOf(parsed).length > 0;
    const anew =
      direct !== (this.#direct !== undefined) || before.size > 1 !== Object.keys(parsed.servers).length > 1;
    const next = this.#plan(parsed, anew ? new Map() : before);
    const removed = [...before].filter(([name]) => !next.has(name));
    const changed = [...before].filter(([name, server]) => next.has(name) && next.get(name) !== server);
    const added = [...next].filter(([name]) => !before.has(name));
    this.#servers = next;
    this.#config = parsed;
    this.announce({ type: "servers", servers: [...next.keys()] });
    if (anew || (direct && changed.length > 0)) await this.disconnect();
    const members = this.#members;
    for (const [name] of removed) members?.remove(name);
    for (const [name] of changed) members?.replace(name);
    if (added.length > 0) members?.add(added.map(([name]) => name));
    await Promise.all([...removed, ...changed].map(([, { transport }]) => transport.close()));
  }

  /** Skips the wait of every server, and starts those anew that failed for good. */
  override retryNow(): void {
    super.retryNow();
    for (const [name, { transport }] of this.#servers) {
      transport.retryNow();
      this.#members?.retry(name);
    }
  }

  /**
   * Waits for a state; with `servers`, for all or any of the servers to be in it.
   * @throws HoldfastError as the base class
   */
  override async waitFor(
    state: ConnectionState,
    options: WaitOptions & { servers?: "all" | "any" } = {},
  ): Promise<ConnectionStatus> {
    const { servers, ...wait } = options;
    if (servers === undefined || this.#direct) return super.waitFor(state, wait);
    const waits = [...this.#servers.values()].map(({ transport }) => transport.waitFor(state, wait));
    await (servers === "all" ? Promise.all(waits) : Promise.any(waits));
    return this.status;
  }

  override async close(): Promise<void> {
    this.#stopWatching?.();
    await Promise.all([
      super.close(),
      ...[...this.#servers.values()].map(({ transport }) => transport.close()),
    ]);
  }

  override fork(): MCPConfigTransport {
    return new MCPConfigTransport({ ...this.#options, config: this.#config, watch: false });
  }

  protected override callTimeoutMs(method: string, name: string | undefined): number | undefined {
    const tool = method === "tools/call" && name !== undefined ? this.resolveTool(name)?.server : undefined;
    const server = this.#direct?.name ?? tool;
    return (
      (server === undefined ? undefined : this.#servers.get(server)?.timeoutMs) ??
      super.callTimeoutMs(method, name)
    );
  }

  protected override openWire(attempt: AttemptContext): Promise<Wire> | Wire {
    return this.#direct ? ClientTransport.openWireOf(this.#direct.transport, attempt) : this.#open(attempt);
  }

  protected override get credential(): Credential | undefined {
    return this.#direct && ClientTransport.credentialOf(this.#direct.transport);
  }

  get #direct(): ConfiguredServer | undefined {
    const [only, ...more] = this.#servers.values();
    return only && more.length === 0 && isPlain(only.config) ? only : undefined;
  }

  async #open(attempt: AttemptContext): Promise<Wire> {
    const { maxStarts, startTimeoutMs, strict, closeTimeoutMs, nameAsPrefix, toolName } = this.#options;
    const { connectTimeoutMs } = this.#options;
    let wire: GatewayWire | undefined;
    const prefix = nameAsPrefix !== false && this.#servers.size > 1;
    const rule = toolName ?? (prefix ? prefixed : bare);
    const gateway: Gateway = new Gateway({
      members: () => members.members(),
      member: (name) => members.member(name),
      toolName: rule,
      promptName: rule,
      uriPrefix: prefix,
      listTimeoutMs: DEFAULTS.listTimeoutMs,
      report: (message) => this.announce({ type: "warning", message: `${this.name}: ${message}` }),
      instructions: () => instructionsOf(members),
      noteOf: (id) => {
        const note = wire?.noteOf(id);
        return note && { ...note, remainingMs: note.deadline.remaining() };
      },
    });
    const members: Members = new Members({
      clock: systemClock,
      name: this.name,
      maxStarts: maxStarts ?? DEFAULTS.maxStarts,
      // Before the deadline of the attempt itself, or one server that hangs would be everybody's failure.
      startTimeoutMs: Math.min(
        startTimeoutMs ?? DEFAULTS.startTimeoutMs,
        (connectTimeoutMs ?? DEFAULTS.connectTimeoutMs) * 0.8,
      ),
      closeTimeoutMs: (closeTimeoutMs ?? DEFAULTS.closeTimeoutMs) * 0.9,
      strict: strict ?? false,
      configured: () => [...this.#servers.values()],
      clientInfo: attempt.clientInfo,
      capabilities: attempt.capabilities,
      gateway: () => gateway,
      onHealth: () => this.#noteHealth(),
    });
    attempt.cleanup(async () => {
      gateway.close();
      await members.close();
      if (this.#members === members) this.#members = this.#gateway = undefined;
      this.#noteHealth();
    });
    this.#members = members;
    this.#gateway = gateway;
    await members.started(attempt.signal);
    // A question of a legacy server reaches a legacy client at once, and a modern one only as the result of a call.
    const modern = this.#options.era === "modern" || members.members().every(isModern);
    const make = () => gateway.make();
    wire = new GatewayWire(
      (side) => (modern ? serveFresh(make, side, this.name) : serveInstance(make(), side)),
      (added, dropped) => {
        const failed = (error: unknown) => this.announce({ type: "warning", message: messageOf(error) });
        if (added.length > 0) gateway.subscribe(added, true).catch(failed);
        if (dropped.length > 0) gateway.subscribe(dropped, false).catch(failed);
      },
    );
    return wire;
  }

  /** The servers of a config; those that are the same keep their transports. */
  #plan(config: McpConfig, before: ReadonlyMap<string, ConfiguredServer>): Map<string, ConfiguredServer> {
    const many = directOf(config).length === 0;
    return new Map(
      Object.entries(config.servers).map(([name, server]) => {
        const known = before.get(name);
        if (known && isDeepStrictEqual(known.config, server)) return [name, known];
        return [name, this.#configured(name, server, many)];
      }),
    );
  }

  #configured(name: string, config: ServerConfig, many: boolean): ConfiguredServer {
    const { reconnect, logger, connectTimeoutMs, closeTimeoutMs, idleTimeoutMs, replay } = this.#options;
    const { trustAnnotations, heartbeat, maxQueued } = this.#options;
    const { onStderr, stderr, reapOrphans, oauth, defaultAuth } = this.#options;
    const { observe } = this;
    const common: EveryServerOptions = {
      // One late server never takes the others down: it joins when it comes.
      reconnect: reconnect === false ? false : { ...reconnect, ...(many && { initial: true }) },
      ...(logger && { logger }),
      // One server stands in for its transport, and is inspected in its place; of its process only that one knows.
      ...(!many && {
        inspect: ({ at: _at, id: _id, ...event }: InspectionEvent) =>
          event.type === "stderr" && observe(event),
      }),
      ...(connectTimeoutMs !== undefined && { connectTimeoutMs }),
      ...(closeTimeoutMs !== undefined && { closeTimeoutMs }),
      ...(idleTimeoutMs !== undefined && { idleTimeoutMs }),
      ...(replay && { replay }),
      ...(trustAnnotations !== undefined && { trustAnnotations }),
      ...(heartbeat !== undefined && { heartbeat }),
      ...(maxQueued !== undefined && { maxQueued }),
      ...(onStderr && { onStderr }),
      ...(stderr && { stderr }),
      ...(reapOrphans !== undefined && { reapOrphans }),
      ...(oauth && { oauth }),
      ...(defaultAuth !== undefined && { defaultAuth }),
    };
    const transport = transportOf(name, config, common);
    // The transport must not be held by what its server says, or neither could ever be forgotten.
    const owner = new WeakRef(this);
    if (many)
      transport.subscribe((_status, event) => {
        if (event.type !== "current") owner.deref()?.announce({ type: "server", server: name, event });
      });
    return {
      name,
      config,
      transport,
      timeoutMs: config.timeout,
      tools: config.tools,
      includeTags: config.includeTags,
      excludeTags: config.excludeTags,
    };
  }

  #noteHealth(): void {
    const { health } = this;
    if (health === this.#health) return;
    this.#health = health;
    this.announce({ type: "health", health });
  }

  #watch(path: string | URL): void {
    const owner = new WeakRef(this);
    const stop = watchFile(path, async () => {
      const transport = owner.deref();
      if (!transport) return stop();
      try {
        await transport.setConfig(path);
      } catch (error) {
        const message = `${transport.name}: the last good config stays: ${messageOf(error)}`;
        transport.announce({ type: "warning", message });
      }
    });
    this.#stopWatching = stop;
  }
}

function read(
  config: string | URL | McpConfig | object,
  { variables, inputs, from }: MCPConfigTransportOptions,
): McpConfig {
  const options = { ...(variables && { variables }), ...(inputs && { inputs }), ...(from && { from }) };
  return typeof config === "string" || config instanceof URL
    ? readConfig(config, options)
    : parseConfig(config, options);
}

const isPlain = ({ tools, includeTags, excludeTags }: ServerConfig): boolean =>
  !(tools && Object.keys(tools).length > 0) && includeTags === undefined && excludeTags === undefined;

/** The only server, where it needs no front. */
function directOf({ servers }: McpConfig): [string, ServerConfig][] {
  const all = Object.entries(servers);
  return all.length === 1 && isPlain(all[0]![1]) ? all : [];
}

const isModern = ({ session }: { session: { getProtocolEra(): string | undefined } | undefined }): boolean =>
  session?.getProtocolEra() === "modern";

/** What the servers say of themselves, under their names. */
function instructionsOf(members: Members): string | undefined {
  const all = members.members().flatMap(({ name, session }) => {
    const instructions = session?.getInstructions();
    return instructions ? [`# ${name}\n\n${instructions}`] : [];
  });
  return all.length > 0 ? all.join("\n\n") : undefined;
}
