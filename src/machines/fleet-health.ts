/** How the servers of a config are together. `starting` until every first attempt is over. */
export type FleetHealth = "starting" | "ready" | "degraded" | "down" | "closed";
