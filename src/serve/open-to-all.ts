import type { JSONRPCMessage, Server } from "@modelcontextprotocol/server";
import { inPlainWords } from "../gateway/downstream.js";

/** The same server, whose errors are such as clients that are not ours can read; `answered` hears its answers. */
export function openToAll(
  server: Server,
  answered: (answer: Exclude<JSONRPCMessage, { method: string }>) => void = () => {},
): Server {
  const connect = server.connect.bind(server);
  server.connect = (wire) => {
    const send = wire.send.bind(wire);
    wire.send = (message, options) => {
      if (!("method" in message)) answered(message);
      return send(inPlainWords(message), options);
    };
    return connect(wire);
  };
  return server;
}
