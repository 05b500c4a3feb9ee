import { discovered, ISSUER, MCP } from "./discovered.js";
import { type Asked, fakeFetch, json } from "./fake-fetch.js";

/**
 * The network of a server that wants tokens, and of its authorization server, as a function: it says who gives out tokens, and
 * gives "t1", "t2" and so on. `answers` replaces an answer, by the end of the address.
 */
export function fakeAuthorization(metadata: object = {}, resource: object = {}) {
  const answers: Record<string, (asked: Asked) => Response | Promise<Response>> = {};
  let given = 0;
  const network = fakeFetch((asked) => {
    const { pathname } = new URL(asked.url);
    const own = Object.keys(answers).find((end) => pathname.includes(end));
    if (own !== undefined) return answers[own]!(asked);
    if (pathname.includes("oauth-protected-resource"))
      return json({ resource: MCP.href, authorization_servers: [ISSUER], ...resource });
    if (pathname.includes("oauth-authorization-server"))
      return json({ ...discovered().metadata, ...metadata });
    if (pathname === "/token")
      return json({
        access_token: `t${++given}`,
        token_type: "Bearer",
        expires_in: 3_600,
        refresh_token: `r${given}`,
      });
    if (pathname === "/register")
      return json({ ...JSON.parse(asked.body!), client_id: "registered" }, {}, 201);
    return new Response(null, { status: 404 });
  });
  const forms = () =>
    network.asked
      .filter(({ url }) => url.endsWith("/token"))
      .map(({ body }) => Object.fromEntries(new URLSearchParams(body)));
  return { ...network, answers, forms };
}
