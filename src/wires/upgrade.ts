import type { IncomingMessage } from "node:http";
import type { WebSocket } from "ws";

/** Settles with the upgrade; rejects with what went wrong before it. */
export function opened(socket: WebSocket, refused: (response: IncomingMessage) => Error): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once("open", resolve);
    socket.once("unexpected-response", (_request, response) => {
      reject(refused(response));
      socket.terminate();
    });
    socket.on("error", reject);
    socket.once("close", () => reject(new Error("the socket was closed")));
  });
}

/** What a refused upgrade wants to see, as a header. */
export const challengeOf = ({ headers }: IncomingMessage): Record<string, string> =>
  headers["www-authenticate"] === undefined ? {} : { "www-authenticate": headers["www-authenticate"] };
