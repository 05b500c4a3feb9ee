import type { Socket } from "node:net";
import { systemClock } from "../machines/clock.js";
import { ownLine } from "./hello.js";

/** What is said of oneself is short, but for a status. */
const MAX_LINE_BYTES = 4 * 1024 * 1024;
const NEWLINE = 10;

/** The first line of the other end; the socket is paused before what follows. Undefined: none came in time, or it is not one of ours. */
export function firstLine<T extends object>(socket: Socket, ms: number): Promise<Partial<T> | undefined> {
  return new Promise((resolve) => {
    let received: Buffer = Buffer.alloc(0);
    const done = (line: Partial<T> | undefined) => {
      systemClock.clearTimeout(timer);
      socket.off("data", onData).off("close", onClose);
      socket.pause();
      resolve(line);
    };
    const onData = (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      const end = received.indexOf(NEWLINE);
      if (end === -1) {
        if (received.length > MAX_LINE_BYTES) done(undefined);
        return;
      }
      const rest = received.subarray(end + 1);
      done(ownLine<T>(received.toString("utf8", 0, end)));
      if (rest.length > 0) socket.unshift(rest);
    };
    const onClose = () => done(undefined);
    const timer = systemClock.setTimeout(() => done(undefined), ms);
    socket.on("data", onData).once("close", onClose);
  });
}
