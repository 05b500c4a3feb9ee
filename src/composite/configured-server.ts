import type { ServerConfig } from "../config/server.js";
import type { ClientTransport } from "../transports/transport.js";
import type { ToolRules } from "./transforms.js";

/** One configured server: how it is reached, and what the config says of it. */
export interface ConfiguredServer extends ToolRules {
  readonly name: string;
  /** As the config has it; its transport lives for as long as that does not change. */
  readonly config: ServerConfig;
  readonly transport: ClientTransport;
  readonly timeoutMs: number | undefined;
}
