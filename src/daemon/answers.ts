import { INTERNAL_ERROR, SERVER_ERROR } from "../contract/protocol.js";
import type { Flight, Id } from "./flights.js";

const answer = (id: Id, error: object): string => JSON.stringify({ jsonrpc: "2.0", id, error });

/** The host's last calls are being answered. */
export const endingAnswer = (id: Id): string =>
  answer(id, { code: SERVER_ERROR, message: "holdfast serve is ending; nothing was done" });

/** A request that a daemon had when it ended, and that must not be sent twice. */
export function lostAnswer(server: string, { id, method, name }: Flight): string {
  const what = typeof name === "string" ? `${method} ${name}` : method;
  const message = `${server}: the daemon ended while ${what} was on its way; it may have been done`;
  const data = { holdfast: { code: "CONNECTION_LOST", outcome: "unknown", server } };
  return answer(id, { code: INTERNAL_ERROR, message, data });
}

/** There is no daemon, and none could be started. */
export function unreachedAnswer(server: string, { id, sent }: Flight, why: string): string {
  const outcome = sent > 0 ? "unknown" : "not-sent";
  const data = { holdfast: { code: "CONNECT_FAILED", outcome, server } };
  return answer(id, { code: INTERNAL_ERROR, message: `${server}: ${why}`, data });
}
