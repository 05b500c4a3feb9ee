import { type Explanation, healthOf } from "../contract/explain.js";
import type { ConnectionStatus } from "../contract/status.js";
import type { FleetHealth } from "../machines/fleet-health.js";
import type { OpenComposite } from "./load-opening.js";

/** How all servers of a config are, taken together: of several what was opened says it, of a single one its own status. */
export function fleetHealth(open: OpenComposite | undefined, single?: ConnectionStatus): FleetHealth {
  if (!single) return open?.health() ?? "closed";
  if (single.state === "connected") return "ready";
  if (single.state !== "connecting") return "closed";
  return single.recovering ? "down" : "starting";
}

/** What the health of a config's servers means; `servers` are theirs. */
export function explainFleet(
  name: string,
  health: FleetHealth,
  servers: readonly ConnectionStatus[],
): Explanation {
  const odd = servers.flatMap((status) => {
    const each = healthOf(status);
    return each === "ok" || each === "known" ? [] : [`${status.name} (${each})`];
  });
  return { health, advice: `${name} ${fleetAdvice(health, odd, servers.length)}.` };
}

function fleetAdvice(health: FleetHealth, odd: readonly string[], count: number): string {
  const which = odd.length > 0 ? `: see ${odd.join(", ")}` : "";
  switch (health) {
    case "starting":
      return `is being reached for the first time${which}`;
    case "ready":
      return "is connected: there is nothing to do";
    case "degraded":
      return `works without ${odd.length} of its ${count} servers${which}`;
    case "down":
      return `has no server that can be reached${which}`;
    case "closed":
      return "is connected by its first session or call";
  }
}
