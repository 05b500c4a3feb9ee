/**
 * The health of all servers of a config together. `starting`: a first attempt is still running. `ready`: all are up. `degraded`: some
 * are up, or one is slow. `down`: none is up. `closed`: there are none.
 */
export type FleetHealth = "starting" | "ready" | "degraded" | "down" | "closed";
