import type { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import type { TransportHandle } from "../contract/session.js";

/** A server of the Claude Agent SDK that runs in the program itself. */
export interface ClaudeServer {
  type: "sdk";
  name: string;
  instance: McpServer;
}

/**
 * A transport as a server for `mcpServers` in the options of the Claude Agent SDK's `query()`. Its name there is the transport's,
 * which the SDK puts before the names of the tools (`mcp__NAME__TOOL`).
 */
export function claudeServer(transport: TransportHandle): ClaudeServer {
  // The slot has the type of a class of SDK 1. Nothing of it is called but `connect(transport)`.
  const instance = transport.asServer() as object as McpServer;
  return { type: "sdk", name: transport.name, instance };
}
