import type { JSONRPCMessage } from "@modelcontextprotocol/client";

/** What a test has a server say: any object, a wrong one too. */
export const said = (message: object): JSONRPCMessage => message as JSONRPCMessage;
