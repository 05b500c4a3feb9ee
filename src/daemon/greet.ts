import { connect, type Socket } from "node:net";
import { codeOf } from "../base/errors.js";
import { firstLine } from "./first-line.js";
import { type Hello, lineOf, type Welcome } from "./hello.js";

/** A daemon that stands answers at once; one that was stopped (SIGSTOP) never does. */
const WELCOME_MS = 60_000;

/** A daemon stands, and does not answer. */
export class Silent extends Error {}

/** A connection to a daemon that let us in. */
export interface Greeted {
  socket: Socket;
  welcome: Welcome;
}

/**
 * Connects to a daemon and says who we are.
 * Undefined: there is none, or it went away before it answered.
 * @throws Error where it does not answer within `ms`, or is not ours to reach
 */
export function greet(path: string, hello: Hello, ms = WELCOME_MS): Promise<Greeted | undefined> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    let gone = false;
    socket.once("close", () => {
      gone = true;
    });
    socket.on("error", (error) => {
      const code = codeOf(error);
      if (code === "EACCES" || code === "EPERM")
        reject(new Error(`${path} cannot be reached: it is another user's (${code})`));
    });
    socket.once("connect", () => socket.write(lineOf(hello)));
    void firstLine<Welcome>(socket, ms).then((welcome) => {
      if (welcome?.protocol !== undefined) return resolve({ socket, welcome: welcome as Welcome });
      // Of what is closed nobody knows whether it was one; what is silent is one that was stopped.
      if (gone) return resolve(undefined);
      socket.destroy();
      reject(new Silent(`the daemon behind ${path} does not answer; end it with: holdfast stop`));
    });
  });
}
