import { type ClientTransport, type ConnectionEvent, MCPConfigTransport } from "../../index.js";
import { describeTransition } from "../terminal/format.js";
import { say, sayTable, showLive } from "../terminal/print.js";
import { adviceOf, type Known, rowOf, serversOf } from "./server-rows.js";

/** What is reached sooner is not shown on its way. */
const SHOWN_AFTER_MS = 150;
/** The line of a server has a countdown to the next attempt. */
const REDRAW_MS = 250;

/**
 * Shows how the servers are reached: on a terminal in one live line each, with `--verbose` in a line for each transition, else not at
 * all. The function that is returned ends that; a connection that is lost later is told.
 */
export function showConnecting(transport: ClientTransport, verbose: boolean | undefined, known: Known) {
  let reached = false;
  transport.subscribe((_status, event) => {
    const [name, inner] = event.type === "server" ? [event.server, event.event] : [transport.name, event];
    if (inner.type === "transition" && (verbose || (reached && isLoss(inner))))
      say(`${name}: ${describeTransition(inner)}`);
  });
  const live = process.stderr.isTTY && !verbose;
  const draw = () => {
    const servers = Object.values(serversOf(transport) ?? { one: transport.status });
    showLive(servers.map((status) => rowOf(status, known)));
  };
  const timers = live ? [setTimeout(draw, SHOWN_AFTER_MS), setInterval(draw, REDRAW_MS)] : [];
  return () => {
    reached = true;
    for (const timer of timers) clearTimeout(timer);
    if (live) showLive([]);
  };
}

/** A connection that was there and is lost is news; that it is tried once more is not. */
const isLoss = ({ from, to }: Extract<ConnectionEvent, { type: "transition" }>): boolean =>
  from.startsWith("connected") && to === "connecting.waiting";

/** What Node writes around the error that ended it: the place, the stack, its own version. */
const AROUND_AN_ERROR = /^(at .*|\^+|[{}]|Node\.js v[\d.]+)$/;

/** Keeps the last line that each server of a config writes to stderr. That of one server is in its error. */
export function lastLinesOf(transport: ClientTransport): Map<string, string> {
  const lines = new Map<string, string>();
  if (transport instanceof MCPConfigTransport && serversOf(transport))
    for (const name of Object.keys(transport.servers))
      transport.server(name).inspect((event) => {
        const line = event.type === "stderr" ? event.line.trim() : "";
        if (line && !AROUND_AN_ERROR.test(line)) lines.set(name, line);
      });
  return lines;
}

/** A line for each server that is not there while others are: why, what its process said last, and what can be done. */
export function sayMissing(transport: ClientTransport, known: Known): void {
  for (const status of Object.values(serversOf(transport) ?? {})) {
    const { name, state, lazy, lastError } = status;
    if (state === "connected" || (lazy === "known" && !lastError)) continue;
    const command = known.needing?.get(name);
    const isAsked = lastError?.code === "AUTH_REQUIRED" && command !== undefined;
    const why = isAsked ? `needs sign-in. Run: ${command}` : adviceOf(status, known);
    // The command is soon over, and with it the tries.
    sayTable([[`${name}: ${why.replace(/; it is tried again in [\d.]+ s$/, "")}`]]);
  }
}
