import { describe, expect, it, onTestFinished } from "vitest";
import { oauth } from "../../src/auth/credentials/source.js";
import { memoryStore } from "../../src/auth/store/memory.js";
import type { CredentialStore } from "../../src/auth/store/store.js";
import type { Session } from "../../src/contract/session.js";
import { StreamableHttpTransport } from "../../src/transports/http.js";
import { freePort } from "../support/everything.js";
import { gate } from "../support/gate.js";
import {
  doesNothing,
  failureOf,
  refuseLastToken,
  signsIn,
  until,
  type World,
  withPerson,
} from "../support/person.js";
import { signInWorld } from "../support/sign-in-world.js";

const echo = (session: Session, message = "hi") => session.callTool({ name: "echo", arguments: { message } });
const restricted = (session: Session, n = 1) => session.callTool({ name: "restricted", arguments: { n } });
const echoed = { content: [{ type: "text", text: "Echo: hi" }] };
const allowed = { content: [{ type: "text", text: "you may" }] };
const scoped = { toolScopes: { restricted: "mcp:write" } };

/** Two transports with one store, both let in; requests with a token in `bad` are refused. */
async function siblings(about: Parameters<typeof withPerson>[2] = {}) {
  const bad = new Set<string | null>();
  const refusal = {
    status: 401,
    headers: { "www-authenticate": 'Bearer error="invalid_token", scope="mcp"' },
  };
  const first = await withPerson(signsIn, {}, about, {
    fetch: async (url, init) =>
      bad.has(new Headers(init?.headers).get("authorization"))
        ? new Response(null, refusal)
        : fetch(url, init),
  });
  const other = first.transport.fork();
  onTestFinished(() => other.close());
  const sessions = [await first.transport.connectSession(), await other.connectSession()] as const;
  const spoil = () => {
    for (const authorization of first.server.seenAuthorization) if (authorization) bad.add(authorization);
  };
  return { ...first, other, sessions, spoil };
}

describe("two calls", () => {
  it("that need more scope, the second refused when the first has it: the person is asked once for both", async () => {
    const first = gate();
    const { transport, asked, server } = await withPerson(signsIn, {}, scoped, {
      fetch: async (url, init) => {
        const response = await fetch(url, init);
        if (response.status === 403 && String(init?.body).includes('"n":2')) await first.opened;
        return response;
      },
    });
    const session = await transport.connectSession();
    const late = restricted(session, 2);
    expect(await restricted(session, 1)).toMatchObject(allowed);
    first.open();
    expect(await late).toMatchObject(allowed);
    expect(server.counts.refused403).toBe(2);
    expect(asked).toHaveLength(2);
    expect(transport.status.state).toBe("connected");
  });

  it("of two transports with one store: the scope that one got is not asked for again", async () => {
    const { asked, sessions } = await siblings(scoped);
    expect(await restricted(sessions[0])).toMatchObject(allowed);
    expect(asked).toHaveLength(2);
    expect(await restricted(sessions[1])).toMatchObject(allowed);
    expect(asked).toHaveLength(2);
  });
});

describe("a token that a sibling got", () => {
  it("was taken, and is refused later: another is got", async () => {
    const { auth, asked, sessions, spoil } = await siblings();
    spoil();
    expect(await echo(sessions[0])).toMatchObject(echoed);
    spoil();
    expect(await echo(sessions[1])).toMatchObject(echoed);
    expect(auth.counts.token.refresh_token).toBe(2);
    expect(asked).toHaveLength(1);
  });

  it("in another program, as this one was about to refresh: the same", async () => {
    const { transport, auth, server, store } = await withPerson();
    const [begun, goOn] = [gate(), gate()];
    let held = false;
    // Another object for the same store shares no sign-in, as another program.
    const other = new StreamableHttpTransport({
      url: server.url,
      auth: oauth({ store: { ...store }, onAuthorize: () => expect.fail("nobody is asked") }),
      fetch: async (url, init) => {
        if (held && String(url).includes("/.well-known/")) {
          begun.open();
          await goOn.opened;
        }
        return fetch(url, init);
      },
    });
    onTestFinished(() => other.close());
    const session = await transport.connectSession();
    const sibling = await other.connectSession();
    const bad = refuseLastToken(server);
    held = true;
    const late = echo(sibling);
    await begun.opened;
    expect(await echo(session)).toMatchObject(echoed);
    bad.add(server.seenAuthorization.at(-1)!);
    goOn.open();
    expect(await late).toMatchObject(echoed);
    expect(auth.counts.token.refresh_token).toBe(2);
  });

  it("by a refresh, while a person is asked for more scope: the sign-in goes on", async () => {
    const inner = memoryStore();
    let looked = () => {};
    const store: CredentialStore = {
      ...inner,
      list: (server) => inner.list(server).finally(() => looked()),
    };
    const { transport, auth, asked, person, server } = await withPerson(signsIn, { store }, scoped);
    const other = transport.fork();
    onTestFinished(() => other.close());
    const session = await transport.connectSession();
    const sibling = await other.connectSession();
    person.does = async (url, context, world) => {
      refuseLastToken(server);
      expect(await echo(sibling)).toMatchObject(echoed);
      expect(auth.counts.token.refresh_token).toBe(1);
      // The sign-in looks at the store, and finds another token there; and goes on to look.
      for (let looks = 0; looks < 2; looks++) {
        const look = gate();
        looked = look.open;
        await look.opened;
      }
      expect(context.signal.aborted).toBe(false);
      await signsIn(url, context, world);
    };
    expect(await restricted(session)).toMatchObject(allowed);
    expect(asked).toHaveLength(2);
    expect(auth.counts.token.authorization_code).toBe(2);
  });
});

it("an authorization server that is down for a while closes nothing", async () => {
  const { transport, auth, server, asked } = await withPerson();
  const session = await transport.connectSession();
  refuseLastToken(server);
  auth.setFault((_request, response) => {
    response.writeHead(503).end("down");
    return true;
  });
  const call = echo(session);
  // More attempts than sign-ins that may help nothing.
  await until(transport, ({ attempt, state }) => attempt > 6 || state === "closed");
  auth.setFault(undefined);
  expect(await call).toMatchObject(echoed);
  expect(transport.status.state).toBe("connected");
  expect(asked).toHaveLength(1);
});

it("one callbackPort for two servers: their sign-ins come one after the other", async () => {
  const worlds = [await signInWorld(), await signInWorld()] as World[];
  const bothFound = gate();
  const order: string[] = [];
  const source = oauth({
    store: memoryStore(),
    callbackPort: await freePort(),
    onAuthorize: async (url, { signal }) => {
      order.push("asked");
      signal.addEventListener("abort", () => order.push("over"));
      await bothFound.opened;
      const { auth } = worlds.find(({ auth }) => auth.issuer === url.origin)!;
      fetch(await auth.approve(url)).catch(() => {});
    },
  });
  const transports = worlds.map(({ server }, at) => {
    const transport = new StreamableHttpTransport({ name: `s${at}`, url: server.url, auth: source });
    onTestFinished(() => transport.close());
    return transport;
  });
  const connected = Promise.all(transports.map((transport) => transport.connect()));
  await Promise.all(
    transports.map((transport) =>
      until(transport, ({ authorizing, state }) => !!authorizing || state === "closed"),
    ),
  );
  bothFound.open();
  await connected;
  expect(order).toEqual(["asked", "over", "asked", "over"]);
});

it("connect() and disconnect() while a person is asked wear out no sign-ins", async () => {
  const { transport, asked, person } = await withPerson(doesNothing);
  for (let times = 1; times <= 3; times++) {
    const connecting = failureOf(transport.connect());
    await until(transport, ({ authorizing }) => authorizing?.step === "waiting");
    await transport.disconnect();
    await connecting;
    expect(asked).toHaveLength(times);
  }
  person.does = signsIn;
  await transport.connect();
  expect(asked).toHaveLength(4);
});

it("a clientSecret that was rotated is what a refresh is made with", async () => {
  const callbackPort = await freePort();
  const [clientId, clientSecret] = ["known", "the-new-secret"];
  const { transport, store, auth, server, asked } = await withPerson(
    signsIn,
    { clientId, clientSecret, callbackPort },
    {
      auth: {
        clients: [
          {
            client_id: clientId,
            client_secret: clientSecret,
            redirect_uris: [`http://127.0.0.1:${callbackPort}/callback`],
            grant_types: ["authorization_code", "refresh_token"],
          },
        ],
      },
    },
  );
  await transport.connect();
  await store.update(server.url, async ({ stored: [one], save }) => {
    await save([{ ...one!, registration: { ...one!.registration!, client_secret: "the-old-secret" } }]);
  });
  refuseLastToken(server);
  const next = transport.fork();
  onTestFinished(() => next.close());
  await next.connect();
  expect(auth.counts.token.refresh_token).toBe(1);
  expect(asked).toHaveLength(1);
});
