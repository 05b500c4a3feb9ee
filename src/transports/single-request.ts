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
  const network = new Network({ ...options, tls, url: target });
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
