import { once } from "node:events";
import { connect } from "node:net";
import { expect, onTestFinished } from "vitest";
import { oauth } from "../../src/auth/credentials/source.js";
import type { AuthorizeContext, OAuthOptions } from "../../src/auth/sign-in/options.js";
import { memoryStore } from "../../src/auth/store/memory.js";
import type { ConnectionEvent, ConnectionStatus } from "../../src/contract/status.js";
import { StreamableHttpTransport, type StreamableHttpTransportOptions } from "../../src/transports/http.js";
import type { ClientTransport } from "../../src/transports/transport.js";
import type { ProtectedServer } from "./protected-server.js";
import { type SignInWorldOptions, signInWorld } from "./sign-in-world.js";

export type World = Awaited<ReturnType<typeof signInWorld>>;

/** What a person does who was sent to an address. */
export type Does = (url: URL, context: AuthorizeContext, world: World) => unknown;

/** Signs in, and the browser goes where it is sent. */
export const signsIn: Does = async (url, _context, { auth }) => visit(await auth.approve(url));
/** Says no. */
export const saysNo: Does = async (url, _context, { auth }) => visit(await auth.approve(url, { deny: true }));
/** Closes the browser. */
export const doesNothing: Does = () => {};

/** Goes to a page: its status and what it says. Not waited for by who answers a sign-in, as the page comes at its end. */
export async function page(url: URL | string, init?: RequestInit) {
  const response = await fetch(url, init);
  return { status: response.status, text: await response.text() };
}
function visit(url: URL): void {
  page(url).catch(() => {});
}

/** A transport to a world's server, with a person in front of it. */
export async function withPerson(
  does: Does = signsIn,
  options: OAuthOptions = {},
  about: SignInWorldOptions = {},
  rest: Partial<StreamableHttpTransportOptions> = {},
) {
  const world = await signInWorld(about);
  const store = options.store ?? memoryStore();
  const asked: { url: URL; context: AuthorizeContext }[] = [];
  const person = { does };
  const source = oauth({
    store,
    onAuthorize: async (url, context) => {
      asked.push({ url, context });
      await person.does(url, context, world);
    },
    ...options,
  });
  const transport = new StreamableHttpTransport({
    name: "files",
    url: world.server.url,
    auth: source,
    ...rest,
  });
  onTestFinished(() => transport.close());
  const events: { status: ConnectionStatus; event: ConnectionEvent }[] = [];
  transport.subscribe((status, event) => void events.push({ status, event }));
  return { ...world, world, store, source, asked, person, transport, events };
}

/** From now on this server refuses the token that it saw last, and no other. */
export function refuseLastToken(server: ProtectedServer): Set<string> {
  const bad = new Set([server.seenAuthorization.at(-1)!]);
  Object.defineProperty(server.control, "refuseAll", {
    configurable: true,
    get: () => bad.has(server.seenAuthorization.at(-1)!),
  });
  return bad;
}

/** What a promise that must fail rejects with. */
export async function failureOf(work: Promise<unknown>) {
  const settled = await work.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  if ("value" in settled) expect.fail(`it did not fail, and gave ${JSON.stringify(settled.value)}`);
  return settled.error as Error & { code?: string; server?: string; status?: number; outcome?: string };
}

/** Nobody listens there any more. */
export async function expectGone(url: URL | string): Promise<void> {
  const { port, hostname } = new URL(url);
  const socket = connect(Number(port), hostname);
  try {
    const outcome = await Promise.race([
      once(socket, "connect").then(() => "somebody listens"),
      once(socket, "error").then(([error]) => (error as { code: string }).code),
    ]).catch((error) => error.code);
    expect(outcome).toBe("ECONNREFUSED");
  } finally {
    socket.destroy();
  }
}

/** Settles when `is` holds, looking after each event of the transport. */
export function until(transport: ClientTransport, is: (status: ConnectionStatus) => boolean): Promise<void> {
  return new Promise((resolve) => {
    const look = () => {
      if (!is(transport.status)) return;
      queueMicrotask(() => stop());
      resolve();
    };
    const stop = transport.subscribe(look);
  });
}
