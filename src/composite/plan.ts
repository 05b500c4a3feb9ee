import { isDeepStrictEqual } from "node:util";
import { invalid } from "../base/check.js";
import { readConfig } from "../config/load.js";
import { type McpConfig, parseConfig } from "../config/parse.js";
import type { ServerConfig } from "../config/server.js";
import type { Resource } from "../contract/credential.js";
import type { InspectionEvent, Observed } from "../contract/inspection.js";
import { type Access, accessOf } from "./access.js";
import type { ConfiguredServer, Lent } from "./configured-server.js";
import { isIsolated, lentServer } from "./isolated.js";
import { Misconfigured, MisconfiguredTransport, madeOrWrong } from "./misconfigured.js";
import { lockOf, type MCPConfigTransportOptions } from "./options.js";
import { homeName } from "./owners.js";
import { Pin } from "./pin.js";
import { type EveryServerOptions, onBehalfIn, transportOf } from "./server-transport.js";
import { showUri } from "./uris.js";

/** @throws HoldfastError `CONFIG_INVALID` */
export function readAny(
  config: string | URL | McpConfig | object,
  { variables, inputs, from, strict = false }: MCPConfigTransportOptions,
): McpConfig {
  const given = { ...(variables && { variables }), ...(inputs && { inputs }), ...(from && { from }) };
  const options = { ...given, strict };
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
  config: McpConfig,
  options: MCPConfigTransportOptions,
): [name: string, ServerConfig] | undefined {
  const [only, ...more] = serversOf(config);
  const ruled =
    options.tools === "search" ||
    [options, config].some(({ allow, deny }) => allow !== undefined || deny !== undefined) ||
    pinMode(config, options) !== "off";
  if (!only || more.length > 0 || ruled) return undefined;
  const [name, server] = only;
  if (server instanceof Misconfigured || !isPlain(server)) return undefined;
  return (server.lazy ?? options.lazy ?? config.lazy) ? undefined : [name, server];
}

/** All servers of a config, those last whose entries are wrong. */
export const serversOf = (config: McpConfig): [name: string, config: ServerConfig | Misconfigured][] => [
  ...Object.entries(config.servers),
  ...Object.entries(config.misconfigured).map(([name, problems]): [string, Misconfigured] => [
    name,
    new Misconfigured(problems),
  ]),
];

/** Whether a client of a shared daemon has any server for itself. */
export const someIsolated = ({ servers }: McpConfig): boolean =>
  Object.entries(servers).some(([name, config]) => isIsolated(name, config));

/** The servers of a config; those that are the same keep their transports. */
export function planned(
  config: McpConfig,
  before: ReadonlyMap<string, ConfiguredServer>,
  make: (name: string, config: ServerConfig | Misconfigured) => ConfiguredServer,
): Map<string, ConfiguredServer> {
  return new Map(
    serversOf(config).map(([name, server]) => {
      const known = before.get(name);
      if (known && !known.lent && isDeepStrictEqual(known.config, server)) return [name, known];
      const made = make(name, server);
      return [name, made.lent && known?.transport === made.transport ? known : made];
    }),
  );
}

/** What is said of all servers: of names as they are shown with their server's. */
export interface WholeRules {
  may: Access;
  pin: Pin | undefined;
  /** Where nothing is said of a server itself. */
  lazy?: boolean | undefined;
}

const pinMode = (config: McpConfig, options: MCPConfigTransportOptions) => options.pin ?? config.pin ?? "off";

/** @throws HoldfastError `CONFIG_INVALID` for a pin without a lock */
export function wholeRules(config: McpConfig, options: MCPConfigTransportOptions): WholeRules {
  const ours = accessOf(options);
  const theirs = accessOf({ allow: config.allow, deny: config.deny });
  const mode = pinMode(config, options);
  const path = lockOf(options);
  if (mode !== "off" && path === undefined)
    throw invalid("pin", "needs a config that is a file, or the option lockFile");
  return {
    may: (kind, item) => ours(kind, item) && theirs(kind, item),
    lazy: options.lazy ?? config.lazy,
    pin: mode === "off" || path === undefined ? undefined : new Pin(mode, path),
  };
}

/** What the config says of the server, and what is said of all now. */
function mayOf(name: string, config: ServerConfig, whole: () => WholeRules): Access {
  const own = accessOf(config);
  return (kind, item) =>
    own(kind, item) && whole().may(kind, kind === "resources" ? showUri(name, item) : homeName(name, item));
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
  "lazy",
  "listWaitMs",
  "lockFile",
  "manifestDirectory",
  "maxStarts",
  "name",
  "nameAsPrefix",
  "pin",
  "record",
  "startTimeoutMs",
  "strict",
  "toolName",
  "tools",
  "variables",
  "watch",
];

/** One server of a config, with all the options that it shares with the others; `direct` observes the only one. */
export function configured(
  name: string,
  config: ServerConfig | Misconfigured,
  options: MCPConfigTransportOptions & Lent,
  direct: ((event: Observed) => void) | undefined,
  whole: () => WholeRules,
): ConfiguredServer {
  if (config instanceof Misconfigured) return wrong(name, config);
  const lent = lentServer(options, name, config);
  if (lent) return lent;
  const shared = Object.fromEntries(
    Object.entries(options).filter(([key, value]) => value !== undefined && !OF_THE_COMPOSITE.includes(key)),
  );
  const own = direct ? inPlace(direct) : amongMany(options);
  const made = () => transportOf(name, config, { ...shared, ...own, ...onBehalfIn(options) });
  const transport = madeOrWrong(name, made, direct);
  return {
    name,
    config,
    transport,
    timeoutMs: config.timeout,
    may: mayOf(name, config, whole),
    pin: () => whole().pin,
    isLazy: () => config.lazy ?? whole().lazy ?? false,
    tools: config.tools,
    includeTags: config.includeTags,
    excludeTags: config.excludeTags,
  };
}

const wrong = (name: string, config: Misconfigured): ConfiguredServer => ({
  name,
  config,
  transport: new MisconfiguredTransport({ name, problems: config.problems }),
  timeoutMs: undefined,
  may: () => false,
  pin: () => undefined,
});

/** One server stands in for its transport, and is inspected in its place; of its process only that one knows. */
const inPlace = (observe: (event: Observed) => void): Pick<EveryServerOptions, "inspect"> => ({
  inspect: ({ at: _at, id: _id, ...event }: InspectionEvent) => event.type === "stderr" && observe(event),
});

/** One late server never takes the others down: it joins when it comes. */
const amongMany = ({ reconnect }: EveryServerOptions): Pick<EveryServerOptions, "reconnect"> => ({
  reconnect: reconnect !== false && { ...reconnect, initial: true },
});

/** The servers behind a URL, without the one of this name. */
export const remotesBeside = (
  name: string,
  servers: Iterable<ConfiguredServer>,
): Pick<Resource, "name" | "url">[] =>
  [...servers].flatMap(({ name: other, config }) =>
    other !== name && "url" in config && URL.canParse(config.url)
      ? { name: other, url: new URL(config.url.replace(/^ws/, "http")) }
      : [],
  );
