import type {
  ClientCapabilities,
  CreateMessageResult,
  ElicitResult,
  Implementation,
  ListRootsResult,
} from "@modelcontextprotocol/server";
import { type RelayedContext, relayedContext } from "../contract/asking.js";
import type { Session, SessionOptions, TransportHandle } from "../contract/session.js";
import type { Gateway } from "./gateway.js";
import type { Params, Upstream } from "./presented.js";

/** For whom a session on an upstream server is opened. */
export interface RelayedFor {
  clientInfo: Implementation | undefined;
  /** What that client can be asked. */
  capabilities: ClientCapabilities;
  gateway: Gateway;
  signal: AbortSignal;
}

/** Opens a session on `handle` for the client of a gateway: what the server asks or says goes there. */
export async function openRelayedSession(
  handle: TransportHandle,
  upstream: Upstream,
  { clientInfo, capabilities, gateway, signal }: RelayedFor,
): Promise<Session> {
  const { sampling, elicitation, roots } = capabilities;
  const ask = (method: string, params: Params, context: RelayedContext) =>
    gateway.ask(upstream, { method, params }, context);
  const options: SessionOptions = {
    ...(clientInfo && { clientInfo }),
    // The client has deadlines of its own.
    timeoutMs: 0,
    signal,
    capabilities,
    ...(sampling && {
      sampling: async (params, ctx) =>
        (await ask("sampling/createMessage", { ...params }, ctx)) as CreateMessageResult,
    }),
    ...(elicitation && {
      elicitation: async (params, ctx) =>
        (await ask("elicitation/create", { ...params }, ctx)) as ElicitResult,
    }),
    onNotification: (notification) => gateway.heard(upstream, notification),
    onError: () => {},
    ...(gateway.level && { logLevel: gateway.level }),
  };
  const session = await handle.connectSession(options);
  if (roots)
    session.setRequestHandler(
      "roots/list",
      async (_request, ctx) =>
        (await ask("roots/list", {}, relayedContext(ctx, handle.name))) as ListRootsResult,
    );
  return session;
}

/** What concerns questions of a server, which must reach this client and no other. */
export const askable = ({ sampling, elicitation, roots }: ClientCapabilities): ClientCapabilities => ({
  ...(sampling && { sampling }),
  ...(elicitation && { elicitation }),
  ...(roots && { roots }),
});
