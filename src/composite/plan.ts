import { isDeepStrictEqual } from "node:util";
import { readConfig } from "../config/load.js";
import { type McpConfig, parseConfig } from "../config/parse.js";
import { isRemote, type ServerConfig } from "../config/server.js";
import type { Resource } from "../contract/credential.js";
import type { InspectionEvent, Observed } from "../contract/inspection.js";
import { type Access, accessOf } from "./access.js";
import type { ConfiguredServer } from "./configured-server.js";
import type { MCPConfigTransportOptions } from "./options.js";
import { homeName } from "./owners.js";
import { type EveryServerOptions, transportOf } from "./server-transport.js";
import { showUri } from "./uris.js";

/** @throws HoldfastError `CONFIG_INVALID` */
export function readAny(
  config: string | URL | McpConfig | object,
  { variables, inputs, from }: MCPConfigTransportOptions,
): McpConfig {
  const options = { ...(variables && { variables }), ...(inputs && { inputs }), ...(from && { from }) };
  return typeof config === "string" || config instanceof URL
    ? readConfig(config, options)
    : parseConfig(config, options);
}

const isPlain = (server: ServerConfig): boolean =>
  !(server.tools && Object.keys(server.tools).length > 0) &&
  RULES.every((rule) => server[rule] === undefined);

const RULES = [
  "includeTags",
  "excludeTags",
  "allow",
  "deny",
  "includeTools",
  "enabledTools",
  "excludeTools",
  "disabledTools",
] as const;

/** The only server of a config, where it needs no gateway. */
export function directOf(
  { servers }: Pick<McpConfig, "servers">,
  { allow, deny, tools }: Pick<MCPConfigTransportOptions, "allow" | "deny" | "tools">,
): [name: string, ServerConfig] | undefined {
  const [only, ...more] = Object.entries(servers);
  const ruled = allow !== undefined || deny !== undefined || tools === "search";
  return only && more.length === 0 && !ruled && isPlain(only[1]) ? only : undefined;
}

/** The servers of a config; those that are the same keep their transports. */
export function planned(
  { servers }: McpConfig,
  before: ReadonlyMap<string, ConfiguredServer>,
  make: (name: string, config: ServerConfig) => ConfiguredServer,
): Map<string, ConfiguredServer> {
  return new Map(
    Object.entries(servers).map(([name, config]) => {
      const known = before.get(name);
      return [name, known && isDeepStrictEqual(known.config, config) ? known : make(name, config)];
    }),
  );
}

/** What the config says of the server, and what is said of all: of names as they are shown with their server's. */
function mayOf(name: string, config: ServerConfig, { allow, deny }: MCPConfigTransportOptions): Access {
  const own = accessOf(config);
  const whole = accessOf({ allow, deny });
  return (kind, item) =>
    own(kind, item) && whole(kind, kind === "resources" ? showUri(name, item) : homeName(name, item));
}

/** What is the composite's alone, and says nothing about any server. */
const OF_THE_COMPOSITE = [
  "allow",
  "deny",
  "config",
  "from",
  "inputs",
  "inspect",
  "keepAlive",
  "listWaitMs",
  "maxStarts",
  "name",
  "nameAsPrefix",
  "startTimeoutMs",
  "strict",
  "toolName",
  "tools",
  "variables",
  "watch",
];

/** One server of a config, with all the options that it shares with the others. */
export function configured(
  name: string,
  config: ServerConfig,
  options: MCPConfigTransportOptions,
  own: Pick<EveryServerOptions, "inspect" | "reconnect">,
): ConfiguredServer {
  const shared = Object.fromEntries(
    Object.entries(options).filter(([key, value]) => value !== undefined && !OF_THE_COMPOSITE.includes(key)),
  );
  return {
    name,
    config,
    transport: transportOf(name, config, { ...shared, ...own }),
    timeoutMs: config.timeout,
    may: mayOf(name, config, options),
    tools: config.tools,
    includeTags: config.includeTags,
    excludeTags: config.excludeTags,
  };
}

/** One server stands in for its transport, and is inspected in its place; of its process only that one knows. */
export const inPlace = (observe: (event: Observed) => void): Pick<EveryServerOptions, "inspect"> => ({
  inspect: ({ at: _at, id: _id, ...event }: InspectionEvent) => event.type === "stderr" && observe(event),
});

/** One late server never takes the others down: it joins when it comes. */
export const amongMany = ({ reconnect }: EveryServerOptions): Pick<EveryServerOptions, "reconnect"> => ({
  reconnect: reconnect !== false && { ...reconnect, initial: true },
});

/** The servers behind a URL, without the one of this name. */
export const remotesBeside = (
  name: string,
  servers: Iterable<ConfiguredServer>,
): Pick<Resource, "name" | "url">[] =>
  [...servers].flatMap(({ name: other, config }) =>
    other !== name && isRemote(config) && URL.canParse(config.url)
      ? { name: other, url: new URL(config.url.replace(/^ws/, "http")) }
      : [],
  );
