import { listener } from "./listener.js";

/** What an authorization server says of itself; `changes` are laid over it. */
export const authorizationMetadata = (issuer: string, changes: object = {}) => ({
  issuer,
  authorization_endpoint: `${issuer}/authorize`,
  token_endpoint: `${issuer}/token`,
  registration_endpoint: `${issuer}/register`,
  response_types_supported: ["code"],
  code_challenge_methods_supported: ["S256"],
  token_endpoint_auth_methods_supported: ["none"],
  ...changes,
});

/** A server whose origin signs in, too; `changes` are laid over its metadata. */
export async function oneOrigin(changes: object = {}) {
  const { origin, asked } = await listener((request, response) => {
    const { origin } = new URL(`http://${request.headers.host}`);
    const { pathname, searchParams } = new URL(request.url ?? "/", origin);
    const json = (value: object, status = 200, headers = {}) =>
      response
        .writeHead(status, { "content-type": "application/json", ...headers })
        .end(JSON.stringify(value));
    if (pathname.startsWith("/.well-known/oauth-protected-resource"))
      return json({ resource: origin, authorization_servers: [origin] });
    if (pathname.startsWith("/.well-known/")) return json(authorizationMetadata(origin, changes));
    if (pathname === "/register")
      return json({ client_id: "c", redirect_uris: ["http://127.0.0.1/callback"] }, 201);
    if (pathname === "/token") return json({ error: "invalid_grant" }, 400);
    if (pathname !== "/authorize") return json({}, 401, { "www-authenticate": "Bearer" });
    const to = new URL(searchParams.get("redirect_uri")!);
    to.searchParams.set("code", "c");
    to.searchParams.set("state", searchParams.get("state") ?? "");
    response.writeHead(302, { location: to.href }).end();
  });
  return { origin, asked };
}
