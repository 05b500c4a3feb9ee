import type { McpConfig, OAuthOptions, RemoteServerConfig } from "../../index.js";
import { authOf, isConfigFile, isRemote, readConfig, shownUrl } from "../../internal.js";
import { UsageError } from "../terminal/exit.js";
import { serverOfFile } from "./config-target.js";
import { askForTrust, configOfClient, knownClient, type TrustOptions } from "./trust.js";

/** A remote server that a person can sign in to. */
export interface Remote {
  name: string;
  server: RemoteServerConfig;
  /** Its key in the credential store. */
  key: string;
}

export interface RemoteChoice extends TrustOptions {
  server?: string;
  header?: Record<string, string>;
  transport?: "http" | "sse";
}

/**
 * The remote servers of a URL or a config that a person can sign in to.
 * @throws UsageError where there is none
 */
export async function remotesOf(given: string, options: RemoteChoice): Promise<Remote[]> {
  const { header = {}, transport } = options;
  const one = serverOfFile(given);
  const target = one?.path ?? given;
  const only = options.server ?? one?.server;
  const isUrl = /^(https?|wss?):\/\//i.test(target);
  if (isUrl && URL.canParse(target)) {
    if (only !== undefined) throw new UsageError("--server is for a config");
    const server = { url: target, headers: header, ...(transport && { transport }) };
    return [remoteOf(shownUrl(new URL(target)), server)];
  }
  await askForTrust(target, options);
  const { servers } = configOf(target);
  if (only !== undefined && !Object.hasOwn(servers, only))
    throw new UsageError(
      `${target} has no server ${JSON.stringify(only)}; it has: ${Object.keys(servers).join(", ")}`,
    );
  const chosen = Object.entries(servers).filter(([name]) => only === undefined || name === only);
  const remotes = chosen.flatMap(([name, server]) =>
    isRemote(server) && authOf(server, "oauth") === "oauth" ? [remoteOf(name, server)] : [],
  );
  if (remotes.length > 0) return remotes;
  const what = only === undefined ? `no server of ${target}` : only;
  throw new UsageError(
    `${what} is to be signed in to: those are the remote ones, without credentials in the config`,
  );
}

function configOf(target: string): McpConfig {
  const known = knownClient(target);
  if (known) return configOfClient(known);
  if (isConfigFile(target)) return readConfig(target);
  throw new UsageError(`${target} is neither the URL of a server, nor a config, nor the name of a client`);
}

export function remoteOf(name: string, server: RemoteServerConfig): Remote {
  // The sign-in uses the same key: the http URL without user and fragment.
  const url = new URL(server.url.replace(/^ws/i, "http"));
  url.username = url.password = url.hash = "";
  return { name, server, key: url.href };
}

/**
 * The sign-in options that the command line names. The client secret comes from the environment, because other
 * users can see an argument list.
 */
export function clientOptions(options: {
  clientId?: string;
  scope?: string;
  callbackPort?: number;
  pageHost?: string[];
  strictResource?: boolean;
}): OAuthOptions {
  const { clientId, scope, callbackPort, pageHost, strictResource } = options;
  const clientSecret = process.env["HOLDFAST_CLIENT_SECRET"];
  if (clientSecret && clientId === undefined)
    throw new UsageError("HOLDFAST_CLIENT_SECRET comes with --client-id");
  return {
    ...(clientId !== undefined && { clientId }),
    ...(clientSecret && { clientSecret }),
    ...(scope !== undefined && { scopes: scope.split(/[\s,]+/).filter(Boolean) }),
    ...(callbackPort !== undefined && { callbackPort }),
    ...(pageHost && { pageHosts: pageHost }),
    ...(strictResource && { strictResource }),
  };
}
