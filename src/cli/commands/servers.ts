import { type ClientTransport, type ConnectionStatus, MCPConfigTransport } from "../../index.js";
import { describeServer, describeTransition, firstLine, table } from "../terminal/format.js";
import { print } from "../terminal/print.js";
import type { Needing } from "./sign-in.js";

/** The servers of a composite. Undefined: the transport reaches one server directly. */
export function serversOf(transport: ClientTransport): Record<string, ConnectionStatus> | undefined {
  if (!(transport instanceof MCPConfigTransport)) return undefined;
  const { servers } = transport;
  return Object.values(servers).length > 1 || transport.status.kind === "config" ? servers : undefined;
}

/** A table with a line for each server: its state, the reason, and the time of the next attempt. */
export function serverTable(servers: Record<string, ConnectionStatus>, needing: Needing = new Map()): string {
  const rows = Object.values(servers).map((status) => {
    const help = helpFor(status, needing);
    return help === undefined ? rowOf(status) : [status.name, "needs sign-in", help];
  });
  return table([["server", "state", ""], ...rows]);
}

/** The command that signs a person in, where that is what the server needs. */
export function helpFor({ name, state, lastError }: ConnectionStatus, needing: Needing): string | undefined {
  return state !== "connected" && lastError?.code === "AUTH_REQUIRED" ? needing.get(name) : undefined;
}

function rowOf(status: ConnectionStatus): string[] {
  if (status.lazy === "known" && !status.lastError)
    return [status.name, "known", "is started by its first call"];
  return [status.name, stateOf(status), status.state === "connected" ? describeServer(status) : why(status)];
}

function stateOf({ kind, state, detail }: ConnectionStatus): string {
  if (kind === "misconfigured") return kind;
  return detail === undefined || detail === "steady" ? state : `${state}.${detail}`;
}

function why({ kind, authorizing, lastError, nextRetryAt, attempt }: ConnectionStatus): string {
  // What is to be mended is shown whole.
  if (kind === "misconfigured") return lastError?.message.replace(/^.*?not valid: /, "") ?? "";
  if (authorizing?.step === "waiting") return "waits for a person to sign in";
  const next =
    nextRetryAt === undefined
      ? ""
      : `next try in ${Math.max(0, (nextRetryAt - Date.now()) / 1000).toFixed(1)} s`;
  const tries = attempt > 1 ? `attempt ${attempt}` : "";
  return [firstLine(lastError?.message, 100), tries, next].filter(Boolean).join(", ");
}

/** Shows every change until the transport is closed: on a terminal as a table that is redrawn, elsewhere in a line each. */
export async function watchServers(transport: ClientTransport): Promise<void> {
  const redraw = () => {
    const servers = serversOf(transport) ?? { [transport.name]: transport.status };
    // Clears the screen, and starts at the top.
    process.stdout.write(`\u001b[2J\u001b[H${serverTable(servers)}\n`);
  };
  const live = process.stdout.isTTY && !process.env["NO_COLOR"];
  const stop = transport.subscribe((_status, event) => {
    if (live) return redraw();
    if (event.type === "transition") print(`${transport.name}: ${describeTransition(event)}`);
    if (event.type === "server" && event.event.type === "transition")
      print(`${event.server}: ${describeTransition(event.event)}`);
    if (event.type === "health") print(`${transport.name}: ${event.health}`);
  });
  // The table shows a countdown to the next attempt.
  const timer = live ? setInterval(redraw, 500) : undefined;
  try {
    await transport.waitFor("closed");
  } finally {
    clearInterval(timer);
    stop();
  }
}
