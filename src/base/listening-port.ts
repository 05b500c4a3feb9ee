import type { AddressInfo } from "node:net";

/** The port that a server in this program listens on. 0: it does not listen. */
export function listeningPort(server: { address(): AddressInfo | string | null }): number {
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}
