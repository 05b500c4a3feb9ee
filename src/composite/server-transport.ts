import { hasAuthorization } from "../auth/credentials/header.js";
import type { OAuthOptions } from "../auth/sign-in/options.js";
import { isRemote, type RemoteServerConfig, type ServerConfig } from "../config/server.js";
import { CREDENTIAL_OF, type OnBehalf } from "../contract/credential-of.js";
import type { AuthOption, SharedOptions } from "../contract/options.js";
import { StreamableHttpTransport } from "../transports/http.js";
import { withCredential } from "../transports/on-behalf.js";
import type { TransportIdentity } from "../transports/opener.js";
import { personMs } from "../transports/remote.js";
import { SSETransport } from "../transports/sse.js";
import { type ProcessOptions, StdioTransport } from "../transports/stdio.js";
import type { ClientTransport } from "../transports/transport.js";
import { WSTransport } from "../transports/websocket.js";

/** What the servers of a config have in common, besides what it says of each. */
export type EveryServerOptions = SharedOptions &
  Pick<ProcessOptions, "onStderr" | "stderr" | "reapOrphans" | "maxMessageBytes"> & {
    /** What `"auth": "oauth"` means in the config: the options of `oauth()`. */
    oauth?: OAuthOptions;
    /** The `auth` of remote servers for which the config has none, and no Authorization header. Default: none. */
    defaultAuth?: AuthOption;
  };

/** The transport of one server of a config. */
export function transportOf(
  name: string,
  server: ServerConfig,
  common: EveryServerOptions & OnBehalf,
): ClientTransport {
  const {
    onStderr,
    stderr,
    reapOrphans,
    oauth,
    defaultAuth,
    [CREDENTIAL_OF]: credentialOf,
    ...rest
  } = common;
  const shared = {
    ...rest,
    name,
    ...saidOf(server),
    ...(server.timeout !== undefined && { callTimeoutMs: server.timeout }),
  };
  if (!isRemote(server)) {
    const { command, args, env, cwd } = server;
    return new StdioTransport({
      ...shared,
      command,
      ...(onStderr && { onStderr }),
      ...(stderr && { stderr }),
      ...(reapOrphans !== undefined && { reapOrphans }),
      ...(args && { args }),
      ...(env && { env }),
      ...(cwd !== undefined && { cwd }),
    });
  }
  const { url, headers, oauth: own } = server;
  const auth = authOf(server, defaultAuth);
  const remote = withCredential(
    {
      ...shared,
      url,
      ...(headers && { headers }),
      ...(auth !== undefined && { auth }),
      ...((oauth || own) && { oauth: { ...oauth, ...(own as OAuthOptions) } }),
    },
    credentialOf?.(name),
  );
  switch (kindOf(server)) {
    case "ws":
      return new WSTransport(remote);
    case "sse": {
      const { era, ...legacy } = remote;
      return new SSETransport({ ...legacy, ...(era && era !== "modern" && { era }) });
    }
    default:
      return new StreamableHttpTransport(remote);
  }
}

/** What the options of a composite say of a principal, for each of its servers. */
export const onBehalfIn = (options: EveryServerOptions & OnBehalf): OnBehalf => ({
  [CREDENTIAL_OF]: options[CREDENTIAL_OF],
});

/** The options of every transport that a config may set for one server. */
export const saidOf = ({ keepAlive, era, connectTimeout }: ServerConfig): SharedOptions => ({
  ...(keepAlive !== undefined && { keepAlive }),
  ...(era !== undefined && { era }),
  ...(connectTimeout !== undefined && { connectTimeoutMs: connectTimeout }),
});

/** How a remote server is signed in to: as the config says, or as all are for which it says nothing. */
export function authOf(
  { url, headers, auth }: RemoteServerConfig,
  defaultAuth: AuthOption | undefined,
): AuthOption | undefined {
  if (auth !== undefined || hasAuthorization(headers)) return auth;
  // User and password become a header.
  const { username, password } = URL.canParse(url) ? new URL(url) : { username: "", password: "" };
  return username || password ? undefined : defaultAuth;
}

/** How long a person may take to sign in to this server. */
export function signInMs(
  server: ServerConfig,
  { defaultAuth, oauth }: EveryServerOptions,
): number | undefined {
  if (!isRemote(server)) return undefined;
  const auth = authOf(server, defaultAuth);
  return personMs({ ...(auth !== undefined && { auth }), ...(oauth && { oauth }) });
}

/** How a config is known: as its only server, where it is reached directly. */
export function identityOf(
  name: string,
  server: ServerConfig | undefined,
  options: EveryServerOptions,
): TransportIdentity {
  const kind = server ? kindOf(server) : "config";
  const authorizeTimeoutMs = server && signInMs(server, options);
  return {
    kind,
    name,
    defaults: {
      ...(kind === "stdio" && { keepAlive: true }),
      ...(authorizeTimeoutMs !== undefined && { authorizeTimeoutMs }),
    },
  };
}

/** `/sse` as the end of a part of the path. */
const SSE_PATH = /\/sse(?:[/?&;]|$)/;

/** How a URL is reached where nobody says: by its scheme, and by its path. */
export function kindOfUrl(url: URL): "http" | "sse" | "ws" | undefined {
  if (url.protocol === "ws:" || url.protocol === "wss:") return "ws";
  if (url.protocol !== "http:" && url.protocol !== "https:") return undefined;
  return SSE_PATH.test(url.pathname) ? "sse" : "http";
}

/** `stdio`, or how the URL is reached. */
export function kindOf(server: ServerConfig): "stdio" | "http" | "sse" | "ws" {
  if (!isRemote(server)) return "stdio";
  return server.transport ?? kindOfUrl(new URL(server.url)) ?? "http";
}
