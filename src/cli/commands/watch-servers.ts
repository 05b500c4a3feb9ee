import type { ClientTransport } from "../../index.js";
import { describeTransition } from "../terminal/format.js";
import { print } from "../terminal/print.js";
import { tableOf } from "../terminal/table.js";
import { rowOf, serversOf } from "./server-rows.js";

/** Shows every change until the transport is closed: on a terminal as a table that is redrawn, elsewhere in a line each. */
export async function watchServers(transport: ClientTransport): Promise<void> {
  const redraw = () => {
    const servers = serversOf(transport) ?? { [transport.name]: transport.status };
    const rows = [["server", "health", ""], ...Object.values(servers).map((status) => rowOf(status))];
    // Clears the screen, and starts at the top.
    process.stdout.write(`\u001b[2J\u001b[H${tableOf(rows, process.stdout)}\n`);
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
