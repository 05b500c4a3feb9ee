import { INTERNAL_ERROR, SERVER_ERROR } from "../contract/protocol.js";
import type { Flight, Id } from "./flights.js";
import { MAX_LINE_BYTES } from "./link.js";

const answer = (id: Id, error: object): string => JSON.stringify({ jsonrpc: "2.0", id, error });

/** The host's last calls are being answered. */
export const endingAnswer = (id: Id): string =>
  answer(id, { code: SERVER_ERROR, message: "holdfast serve is ending; nothing was done" });

/** A request that a daemon had when it ended, and that must not be sent twice. */
export function lostAnswer(server: string, flight: Flight): string {
  const message = `${server}: the daemon ended while ${whatOf(flight)} was on its way; it may have been done`;
  const data = { holdfast: { code: "CONNECTION_LOST", outcome: "unknown", server } };
  return answer(flight.id, { code: INTERNAL_ERROR, message, data });
}

/** The answer of the daemon was dropped for its size. */
export function droppedAnswer(server: string, flight: Flight, bytes: number): string {
  const message = `${server}: the answer to ${whatOf(flight)} has ${bytes} bytes, and ${MAX_LINE_BYTES} at most come through the daemon; ask for less`;
  const data = { holdfast: { code: "MESSAGE_TOO_LARGE", outcome: "unknown", server } };
  return answer(flight.id, { code: INTERNAL_ERROR, message, data });
}

/** A request of the client was dropped for its size. */
export function droppedRequest(server: string, id: Id, bytes: number): string {
  const message = `${server}: a request has ${bytes} bytes, and ${MAX_LINE_BYTES} at most go through the daemon; send less`;
  const data = { holdfast: { code: "MESSAGE_TOO_LARGE", outcome: "not-sent", server } };
  return answer(id, { code: INTERNAL_ERROR, message, data });
}

const whatOf = ({ method, name }: Flight): string =>
  typeof name === "string" ? `${method} ${name}` : method;

/** There is no daemon, and none could be started. */
export function unreachedAnswer(server: string, { id, sent }: Flight, why: string): string {
  const outcome = sent > 0 ? "unknown" : "not-sent";
  const data = { holdfast: { code: "CONNECT_FAILED", outcome, server } };
  return answer(id, { code: INTERNAL_ERROR, message: `${server}: ${why}`, data });
}
