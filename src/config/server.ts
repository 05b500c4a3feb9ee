import type { AuthOption, EraOption } from "../contract/options.js";

/** How an argument of a tool is shown: every field of it that is set replaces the server's own. */
export interface ArgumentTransform {
  name?: string | undefined;
  description?: string | undefined;
  default?: unknown;
  /** Not shown, and sent with its default. */
  hide?: boolean | undefined;
  required?: boolean | undefined;
  examples?: unknown;
}

/** How a tool is shown: every field of it that is set replaces the server's own. */
export interface ToolTransform {
  name?: string | undefined;
  version?: string | undefined;
  title?: string | undefined;
  description?: string | undefined;
  tags?: string[] | undefined;
  /** `null`: none. */
  meta?: Record<string, unknown> | null | undefined;
  /** `false`: not shown. */
  enabled?: boolean | undefined;
  /** By the server's own names of the arguments. */
  arguments?: Record<string, ArgumentTransform> | undefined;
}

/** What a config may say of any server. */
export interface CommonServerConfig {
  description?: string | undefined;
  disabled?: boolean | undefined;
  /** Of its calls, in milliseconds. */
  timeout?: number | undefined;
  keepAlive?: boolean | undefined;
  era?: EraOption | undefined;
  /** By the server's own names of the tools. */
  tools?: Record<string, ToolTransform> | undefined;
  includeTags?: string[] | undefined;
  excludeTags?: string[] | undefined;
}

/** A process of a config. */
export interface StdioServerConfig extends CommonServerConfig {
  transport?: "stdio" | undefined;
  command: string;
  args?: string[] | undefined;
  env?: Record<string, string> | undefined;
  cwd?: string | undefined;
}

/** A server of a config behind a URL. */
export interface RemoteServerConfig extends CommonServerConfig {
  transport?: "http" | "sse" | "ws" | undefined;
  url: string;
  headers?: Record<string, string> | undefined;
  auth?: AuthOption | undefined;
}

/** One server of a config, in our words and with its variables replaced. Times in milliseconds. Unknown fields are kept. */
export type ServerConfig = StdioServerConfig | RemoteServerConfig;

export const isRemote = (server: ServerConfig): server is RemoteServerConfig => "url" in server;
