// A handler of node:http that serves Streamable HTTP of the legacy era, one session and one server of `make` for each client.
import { randomUUID } from "node:crypto";
import { NodeStreamableHTTPServerTransport } from "@modelcontextprotocol/node";

export function legacyHttp(make) {
  const sessions = new Map();
  const handler = async (request, response, body) => {
    const id = request.headers["mcp-session-id"];
    let transport = sessions.get(id);
    if (!transport && id !== undefined) return void response.writeHead(404).end();
    if (!transport) {
      transport = new NodeStreamableHTTPServerTransport({
        sessionIdGenerator: randomUUID,
        onsessioninitialized: (created) => sessions.set(created, transport),
      });
      await make().connect(transport);
    }
    await transport.handleRequest(request, response, body);
  };
  return { sessions, handler };
}
