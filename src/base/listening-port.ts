import { once } from "node:events";
import type { AddressInfo, Server } from "node:net";
import { invalid } from "./check.js";
import { codeOf, messageOf } from "./errors.js";

/**
 * Listens, and gives the port: of 0, the one that was free.
 * @throws HoldfastError `CONFIG_INVALID` where the port is taken, or cannot be had
 */
export async function listenOn(server: Server, port: number, host: string): Promise<number> {
  try {
    server.listen(port, host);
    await once(server, "listening");
  } catch (error) {
    if (codeOf(error) === "EADDRINUSE")
      throw invalid("port", `${port} on ${host} is taken: end the program that has it, or choose another`);
    throw invalid("port", `cannot listen on ${port} of ${host}: ${messageOf(error)}`);
  }
  return listeningPort(server);
}

/** The port that a server in this program listens on. 0: it does not listen. */
export function listeningPort(server: { address(): AddressInfo | string | null }): number {
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}
