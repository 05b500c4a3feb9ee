import type { AuthOption, EraOption } from "../contract/options.js";

/** Changes how an argument of a tool is shown. Each field that is set replaces the server's own. */
export interface ArgumentTransform {
  /** The shown name. */
  name?: string | undefined;
  /** The shown description. */
  description?: string | undefined;
  /** Sent where a call does not give the argument. */
  default?: unknown;
  /** True: the argument is not shown, and always sent with its default. Default false. */
  hide?: boolean | undefined;
  /** True: a call must give the argument, whatever the server says. */
  required?: boolean | undefined;
  /** The `examples` of its schema. */
  examples?: unknown;
}

/** Changes how a tool is shown. Each field that is set replaces the server's own. */
export interface ToolTransform {
  /** The shown name. */
  name?: string | undefined;
  /** The shown version, in `_meta.fastmcp`. */
  version?: string | undefined;
  /** The shown title. */
  title?: string | undefined;
  /** The shown description. */
  description?: string | undefined;
  /** For `includeTags` and `excludeTags`. Shown in `_meta.fastmcp`. */
  tags?: string[] | undefined;
  /** Fields to add to the tool's `_meta`; `null` removes all of the server's. */
  meta?: Record<string, unknown> | null | undefined;
  /** False: the tool is not shown. Default true. */
  enabled?: boolean | undefined;
  /** The transforms of its arguments, by the server's own argument names. */
  arguments?: Record<string, ArgumentTransform> | undefined;
}

/** What a config may say about any server. */
export interface CommonServerConfig {
  /** What the server is for. Shown nowhere by holdfast itself. */
  description?: string | undefined;
  /** True: the server is left out. Default false. */
  disabled?: boolean | undefined;
  /** The deadline of its calls in milliseconds; 0: none. Default: the session's. */
  timeout?: number | undefined;
  /** The deadline of an attempt to reach it in milliseconds. Default: the transport's. */
  connectTimeout?: number | undefined;
  /** Whether a healthy connection stays when the last session ends. Default true for local servers, else false. */
  keepAlive?: boolean | undefined;
  /** The protocol era. Default `auto`. */
  era?: EraOption | undefined;
  /** True: it is started by the first call that needs it. Default: what is said of all servers. */
  lazy?: boolean | undefined;
  /**
   * Whether each host of a shared daemon has this server for itself. Default: true for servers that are known to keep the state of a
   * window, such as browsers; else false.
   */
  isolate?: boolean | undefined;
  /** How its tools are shown, by the server's own tool names. Default: as they are. */
  tools?: Record<string, ToolTransform> | undefined;
  /** Only tools with one of these tags are shown. Default: all. */
  includeTags?: string[] | undefined;
  /** Tools with one of these tags are not shown. Default: none. */
  excludeTags?: string[] | undefined;
  /** Globs of what may be listed and used: a list for tools, prompts and URIs alike, or one for each. Default: everything. */
  allow?: AccessList | undefined;
  /** Globs of what may not be listed or used, even if it is allowed. Default: nothing. */
  deny?: AccessList | undefined;
  /** Another program's word for `allow`, for tools only. */
  includeTools?: string[] | undefined;
  /** Another program's word for `allow`, for tools only. */
  enabledTools?: string[] | undefined;
  /** Another program's word for `deny`, for tools only. */
  excludeTools?: string[] | undefined;
  /** Another program's word for `deny`, for tools only. */
  disabledTools?: string[] | undefined;
}

/** What becomes of definitions that are not as they were locked: a warning, or they are neither listed nor callable; `off`: nothing is compared. */
export type PinMode = "warn" | "block" | "off";

/** Globs (`*`, `?`) for tools, prompts and the URIs of resources; a plain list is for all three. */
export type AccessList =
  | string[]
  | { tools?: string[] | undefined; prompts?: string[] | undefined; resources?: string[] | undefined };

/** What a config says of all its servers, beside them. */
export interface WholeConfig {
  /** Globs of what may be listed and used, by the names `server_name` and `scheme://server/path`. Default: everything. */
  allow?: AccessList | undefined;
  /** Globs of what may not, whatever is allowed. Default: nothing. */
  deny?: AccessList | undefined;
  /** What becomes of definitions that are not as they were locked. Default: `off`. */
  pin?: PinMode | undefined;
  /** True: servers are started by the first call that needs them. Default false. */
  lazy?: boolean | undefined;
}

/** A local server of a config: a process that is spoken to over stdio. */
export interface StdioServerConfig extends CommonServerConfig {
  /** Always stdio, so it may be left out. */
  transport?: "stdio" | undefined;
  /** A program on PATH, or its path. It is started without a shell. */
  command: string;
  /** Its arguments. Default: none. */
  args?: string[] | undefined;
  /** Added to the SDK's safe variables of this program's environment. */
  env?: Record<string, string> | undefined;
  /** The directory in which it runs. Default: the program's. */
  cwd?: string | undefined;
}

/** A remote server of a config, which is reached by a URL. */
export interface RemoteServerConfig extends CommonServerConfig {
  /** Default: what the URL says. `ws:` and `wss:` are WebSocket; a path with `/sse` is SSE; anything else is HTTP. */
  transport?: "http" | "sse" | "ws" | undefined;
  /** The URL, used exactly as given. */
  url: string;
  /** Headers of every request. Default: none. */
  headers?: Record<string, string> | undefined;
  /** How to authorize. Default: `defaultAuth` of the transport, or not at all. */
  auth?: AuthOption | undefined;
  /** What `"oauth"` means for this server, over the transport's own `oauth`. */
  oauth?: ServerOAuth | undefined;
}

/** What a config may say of a sign-in; see `OAuthOptions`. */
export interface ServerOAuth {
  scopes?: string | string[] | undefined;
  clientId?: string | undefined;
  clientSecret?: string | undefined;
  issuer?: string | undefined;
  clientName?: string | undefined;
  clientMetadataUrl?: string | undefined;
  callbackHost?: string | undefined;
  callbackPort?: number | undefined;
  tokenEndpointAuthMethod?: "client_secret_basic" | "client_secret_post" | "none" | undefined;
}

/** One server of a parsed config, with our field names and with variables replaced. Unknown fields are kept. */
export type ServerConfig = StdioServerConfig | RemoteServerConfig;

export const isRemote = (server: ServerConfig): server is RemoteServerConfig => "url" in server;
