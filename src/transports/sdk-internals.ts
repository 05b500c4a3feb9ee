import { type Fields, fieldsOf } from "../base/fields.js";

/** What a server of the SDK, 1 or 2, says of itself. It is private there, and told with the handshake only. */
export const serverInfoOf = (server: unknown): Fields => fieldsOf(fieldsOf(server)["_serverInfo"]);
