import { MCPConfigTransport } from "../composite/config-transport.js";
import { explain } from "../contract/explain.js";
import type { ConnectionStatus } from "../contract/status.js";
import type { ClientTransport } from "../transports/transport.js";
import type { Client } from "./client.js";
import type { Journal, Restarts } from "./journal.js";
import { type Usage, usageOf } from "./usage.js";

/** How one server of a daemon is. */
export interface ServerStatus extends Restarts, Partial<Usage> {
  name: string;
  /** As `transport.explain()` says it. */
  health: string;
  advice: string;
  pid?: number;
  /** How many calls ended since the daemon began. */
  calls: number;
}

/** How a daemon is. It holds no secret. */
export interface DaemonStatus extends Restarts, Partial<Usage> {
  key: string;
  name: string;
  config: string;
  log: string;
  pid: number;
  version: string;
  /** Epoch ms. */
  startedAt: number;
  /** `gone`: it ended without a word. */
  health: string;
  advice: string;
  servers: ServerStatus[];
  clients: { pid?: number; calls: number; own: boolean }[];
}

/** The part of a status that the daemon itself knows. `own`: whether a client has servers of its own. */
export function statusOf(
  transport: ClientTransport,
  journal: Journal,
  clients: Iterable<Client>,
  own: (client: Client) => boolean,
): Pick<DaemonStatus, "health" | "advice" | "servers" | "clients"> & Usage {
  const statuses: Record<string, ConnectionStatus> =
    transport instanceof MCPConfigTransport ? transport.servers : { [transport.name]: transport.status };
  const usage = usageOf(Object.values(statuses).flatMap(({ pid }) => pid ?? []));
  const explained = transport.explain();
  const now = Date.now();
  // The only server of a config is the config's own transport, whose name may be another one.
  const servers = Object.entries(statuses).map(([name, status]): ServerStatus => {
    const { pid, name: noted } = status;
    return {
      name,
      ...explain({ ...status, name }, now),
      ...(pid !== undefined && { pid, ...usage.get(pid) }),
      calls: journal.callsOf(noted),
      ...journal.restartsOf(noted),
    };
  });
  const { user, system } = process.cpuUsage();
  return {
    ...(explained.health === "closed"
      ? withoutOwn(transport.name, servers, [...clients].length > 0)
      : explained),
    memory: process.memoryUsage.rss(),
    cpuMs: (user + system) / 1_000,
    servers,
    clients: [...clients].map((client) => ({
      ...(client.pid !== undefined && { pid: client.pid }),
      calls: client.calls,
      own: own(client),
    })),
  };
}

/** How a daemon is whose own transport is closed: nobody is there, or each client has one of its own. */
function withoutOwn(
  name: string,
  servers: readonly ServerStatus[],
  isUsed: boolean,
): Pick<DaemonStatus, "health" | "advice"> {
  if (!isUsed) return { health: "idle", advice: `${name} has no client: it ends when none comes.` };
  const well = servers.every(({ health }) => health === "ok" || health === "known");
  return { health: well ? "ready" : "degraded", advice: `${name} has servers for each of its clients.` };
}
