// A server of the SDK 2 on WebSockets, to be killed and started again: node websocket-server.mjs PORT
import { serveWebSockets } from "../../examples/websocket-server.mjs";
import { makeServer } from "../../test/fixtures/both-eras.mjs";

await serveWebSockets(makeServer, { port: Number(process.argv[2]), token: null });
console.error("listening");
