import { isHoldfastError } from "../base/errors.js";
import { MCPConfigTransport } from "../composite/config-transport.js";
import type { ClientTransport } from "../transports/transport.js";
import { problem } from "./access.js";

export const explained = (transport: ClientTransport) => ({ ...transport.status, ...transport.explain() });

/** How each server is; undefined: there is one only. */
export const statusesOf = (transport: ClientTransport) =>
  transport instanceof MCPConfigTransport
    ? Object.fromEntries(
        Object.keys(transport.servers).map((name) => [name, explained(transport.server(name))]),
      )
    : undefined;

/** One server alone is shown by its own names everywhere. */
export const isOneOfMany = (transport: ClientTransport): boolean =>
  transport instanceof MCPConfigTransport && Object.keys(transport.servers).length > 1;

/** The server of this name, or the answer to who asks for it. */
export function serverOf(transport: ClientTransport, name: string): ClientTransport | Response {
  try {
    if (transport instanceof MCPConfigTransport) return transport.server(name);
  } catch (error) {
    if (!isHoldfastError(error, "SERVER_UNKNOWN")) throw error;
    return problem(404, error.message);
  }
  return problem(404, `${transport.name}: there is one server only, and no ${JSON.stringify(name)}`);
}

const REMOTE = new Set(["http", "sse", "ws"]);

/** The servers that can be shown a credential. */
export function remotesOf(transport: ClientTransport): string[] {
  if (!(transport instanceof MCPConfigTransport))
    return REMOTE.has(transport.status.kind) ? [transport.name] : [];
  return Object.entries(transport.servers).flatMap(([name, { kind }]) => (REMOTE.has(kind) ? name : []));
}
