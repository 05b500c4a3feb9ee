import { isLinkLocal, isThisMachine, leadsToThisMachine } from "../base/this-machine.js";
import type { FetchLike } from "../contract/credential.js";
import { Network, watchBody } from "../wires/network.js";

/** One request of a sign-in, over sockets that end with it: the wire that needs it may be gone. */
export async function singleRequest(
  options: ConstructorParameters<typeof Network>[0],
  [url, init]: Parameters<FetchLike>,
): Promise<Response> {
  const target = new URL(url);
  // Who the program is at its server, by certificate, is nobody else's business.
  const { ca } = options.tls ?? {};
  const tls = target.origin === options.url.origin || !options.tls ? options.tls : { ...(ca && { ca }) };
  const mayReach = await bounds(target, options.url);
  const network = new Network({ ...options, tls, url: target, ...(mayReach && { mayReach }) });
  const response = await network.fetch(url, init).catch(async (error) => {
    await network.close();
    throw error;
  });
  const end = () => void network.close();
  if (!response.body) {
    end();
    return response;
  }
  const { status, statusText, headers } = response;
  return new Response(watchBody(response.body, end), { status, statusText, headers });
}

/** What a server's metadata may lead to. The server's own machine the user named. */
async function bounds(target: URL, server: URL): Promise<((address: string) => boolean) | undefined> {
  if (target.hostname === server.hostname) return undefined;
  const local = await leadsToThisMachine(server.hostname);
  return (address) => !isLinkLocal(address) && (local || !isThisMachine(address));
}
