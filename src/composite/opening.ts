import { messageOf } from "../base/errors.js";
import type { AttemptContext } from "../contract/wire.js";
import { Gateway } from "../gateway/gateway.js";
import { systemClock } from "../machines/clock.js";
import type { FleetHealth } from "../machines/fleet-health.js";
import { serveFresh, serveInstance } from "../transports/memory.js";
import { Catalog, type CatalogHost } from "./catalog.js";
import { type ConfiguredServer, namesOf } from "./configured-server.js";
import { GatewayWire } from "./gateway-wire.js";
import { Lazy } from "./lazy.js";
import { Members } from "./members.js";
import { bare, prefixed } from "./naming.js";
import { once } from "./once.js";
import { type MCPConfigTransportOptions, timesOf } from "./options.js";
import { presentedAs } from "./searched.js";

/** What one attempt to open a composite makes. */
export interface OpenComposite {
  catalog: Catalog;
  members: Members;
  /** How the servers are, taken together. */
  health(): FleetHealth;
  /** What is said of all servers may be something else: lists are read again. */
  rulesChanged(): void;
}

/** All servers, taken together: one that does not answer is not what it should be, though it is connected. */
function healthOf({ members, catalog }: Pick<OpenComposite, "members" | "catalog">): FleetHealth {
  const { health } = members;
  const suspect = catalog.someoneIsSlow || members.members().some((member) => member.status().suspect);
  return health === "ready" && suspect ? "degraded" : health;
}

export interface OpeningHost {
  name: string;
  options: MCPConfigTransportOptions;
  /** The configured servers as they are now, in the declared order. */
  configured(): readonly ConfiguredServer[];
  /** The names that were shown so far. */
  claims: CatalogHost["claims"];
  warn(message: string): void;
  onHealth(): void;
  /** Told before anybody is reached, and with nothing once all is closed. */
  onOpen(open: OpenComposite | undefined): void;
}

/** Opens the sessions on all servers, and a wire to the gateway in front of them. */
export async function openComposite(host: OpeningHost, attempt: AttemptContext): Promise<GatewayWire> {
  const { options } = host;
  const { listWaitMs, listTimeoutMs, ...times } = timesOf(options);
  let wire: GatewayWire | undefined;
  const report = once(host.warn);
  const prefix = options.nameAsPrefix !== false && host.configured().length > 1;
  const servers = () => namesOf(host.configured());
  const catalog: Catalog = new Catalog({
    servers,
    members: () => members.members(),
    member: (name) => members.member(name),
    rule: options.toolName ?? (prefix ? prefixed : bare),
    uriPrefix: prefix,
    claims: host.claims,
    listWaitMs,
    listTimeoutMs,
    report,
    onLate: (kind) => gateway.changed([kind === "templates" ? "resources" : kind]),
    onSlow: host.onHealth,
  });
  const gateway: Gateway = new Gateway({
    presented: presentedAs(options.tools, catalog, () => members.members(), servers),
    contextOf: (id) => wire?.contextOf(id),
    report,
  });
  const members: Members = new Members({
    ...times,
    clock: systemClock,
    name: host.name,
    strict: options.strict ?? false,
    configured: host.configured,
    clientInfo: attempt.clientInfo,
    capabilities: attempt.capabilities,
    gateway: () => gateway,
    onChange: () => gateway.changed(),
    lazy: new Lazy(host.name, options, {
      report,
      onKnown: (member, known) => catalog.expect(member, known),
      onChange: (kinds) => gateway.changed(kinds),
    }),
    onGone: (name) => catalog.drop(name),
    onHealth: host.onHealth,
  });
  attempt.cleanup(async () => {
    gateway.close();
    catalog.close();
    await members.close();
    host.onOpen(undefined);
  });
  host.onOpen({
    catalog,
    members,
    health: () => healthOf({ members, catalog }),
    rulesChanged: () => gateway.changed(),
  });
  await members.started(attempt.signal);
  // A question of a legacy server reaches a legacy client at once, and a modern one only as the result of a call.
  const modern =
    options.era === "modern" ||
    members.members().every(({ session, known }) => (session?.getProtocolEra() ?? known?.era) === "modern");
  wire = new GatewayWire(
    (side) =>
      modern ? serveFresh(() => gateway.make(), side, host.name) : serveInstance(gateway.make(), side),
    (method, params) => gateway.straight(method, params),
    (added, dropped) => {
      gateway.listen(added, dropped).catch((error: unknown) => host.warn(messageOf(error)));
    },
  );
  return wire;
}
