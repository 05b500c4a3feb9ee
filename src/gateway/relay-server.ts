import { type JSONRPCRequest, type Result, Server, type ServerContext } from "@modelcontextprotocol/server";
import { MODERN_REVISION } from "../contract/protocol.js";

type Handler = (request: JSONRPCRequest, ctx: ServerContext) => Promise<Result>;

/**
 * The SDK's server without its check of what tools give: the outer client does that, once, and a task in place of a
 * result passes. What concerns questions to the client stays, as for prompts.
 */
export class RelayServer extends Server {
  protected override _wrapHandler(method: string, handler: Handler): Handler {
    return super._wrapHandler(method === "tools/call" ? "prompts/get" : method, handler);
  }

  /** Whether the client speaks the modern era: only a legacy one shook hands. */
  get isModern(): boolean {
    return this.getNegotiatedProtocolVersion() === MODERN_REVISION;
  }
}
