import { expect, it } from "vitest";
import { HoldfastError } from "../../src/base/errors.js";
import { CredentialSource } from "../../src/contract/credential.js";
import { StreamableHttpTransport } from "../../src/transports/http.js";
import { closing, until } from "../support/fixtures.js";
import { gate } from "../support/gate.js";
import { httpServer, methodOf } from "../support/http-server.js";

const heartbeat = { intervalMs: 100 };

/** A token that `obtain` can replace. */
function signedIn(obtain: () => Promise<string>) {
  let token = "old";
  return new (class extends CredentialSource {
    credentialFor() {
      return {
        token: () => token,
        mends: () => true,
        obtain: async () => {
          token = await obtain();
        },
      };
    }
  })();
}

/** A server that refuses what `refuse` says, and counts the pings. */
async function guarded(
  refuse: (token: string | undefined, method: string | undefined) => number | undefined,
) {
  const server = await httpServer();
  const seen = { pings: 0 };
  server.control.fault = (request, response, body) => {
    if (methodOf(body) === "ping") seen.pings++;
    const status = refuse(request.headers.authorization, methodOf(body));
    if (status === undefined) return false;
    const error =
      status === 403 ? { "www-authenticate": 'Bearer error="insufficient_scope", scope="more"' } : {};
    response.writeHead(status, error).end();
    return true;
  };
  return { url: server.url, seen };
}

const to = (url: string, auth?: CredentialSource) =>
  closing(new StreamableHttpTransport({ url, era: "legacy", heartbeat, ...(auth && { auth }) }));

it("a heartbeat asks nothing while a person signs in: it would be refused, and wait with the calls", async () => {
  const person = gate();
  let revoked = false;
  const { url, seen } = await guarded((token) => (revoked && token !== "Bearer new" ? 401 : undefined));
  const auth = signedIn(async () => {
    await person.opened;
    return "new";
  });
  const transport = to(url, auth);
  const session = await transport.connectSession();
  revoked = true;
  const call = session.callTool({ name: "echo", arguments: { message: "x" } });
  await until(() => transport.status.detail === "authorizing");
  const before = seen.pings;
  // How long is long: another connection is asked meanwhile.
  const other = await guarded(() => undefined);
  await to(other.url).connectSession();
  await until(() => other.seen.pings >= 5);
  expect(seen.pings).toBe(before);
  person.open();
  await call;
  await until(() => seen.pings > before);
});

it.each([
  ["wants more scope, which nobody gives", 403, true],
  ["wants a credential, and there is none", 401, false],
])("a server that %s is there", async (_what, status, signs) => {
  let revoked = false;
  const { url, seen } = await guarded((_token, method) =>
    revoked && method === "ping" ? status : undefined,
  );
  const nobody = () => Promise.reject(new HoldfastError("AUTH_REQUIRED", "nobody gives it", { server: "x" }));
  const transport = to(url, signs ? signedIn(nobody) : undefined);
  const session = await transport.connectSession();
  const details = new Set<string | undefined>();
  transport.subscribe(({ detail }) => details.add(detail));
  revoked = true;
  const before = seen.pings;
  await until(() => seen.pings >= before + 4);
  expect(details).not.toContain("probing");
  expect(transport.status.epoch).toBe(1);
  await session.callTool({ name: "echo", arguments: { message: "x" } });
});
