// The doors fit where other programs want a transport, without a cast.
import { createMCPClient } from "@ai-sdk/mcp";
import { Client as Client2 } from "@modelcontextprotocol/client";
import { Client as Client1 } from "@modelcontextprotocol/sdk/client/index.js";
import type { Session } from "holdfast";

export async function connectEach(session: Session) {
  await new Client1({ name: "program", version: "1" }).connect(session.asTransport());
  await new Client2({ name: "program", version: "1" }).connect(session.asTransport());
  await createMCPClient({ transport: session.asTransport() });
}
