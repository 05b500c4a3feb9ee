import type { AskedCall, Asking } from "../contract/asking.js";
import type { Participant } from "../session/ports.js";

/** Whom a question of the server is for: one session; all of these together; or nobody, and why. */
export type Asked =
  | { kind: "one"; session: Participant }
  | { kind: "union"; sessions: Participant[] }
  | { kind: "nobody"; why: "unhandled" | "ambiguous" };

export interface Question {
  method: string;
  /** The call that carries it, where one does. */
  call: Asking["call"];
  /** The calls at which the server may be working; `undefined`: not known. */
  working: readonly AskedCall[] | undefined;
}

const NOBODY: Asked = { kind: "nobody", why: "unhandled" };
const AMBIGUOUS: Asked = { kind: "nobody", why: "ambiguous" };
const ROOTS = "roots/list";

/** Finds the asker among the open sessions. Never by guess: an answer in another one's name is worse than none. */
export function askerOf({ method, call, working }: Question, open: ReadonlySet<Participant>): Asked {
  const one = (session: unknown): Asked => {
    const found = [...open].find((each) => each === session);
    return found?.handles(method) ? { kind: "one", session: found } : NOBODY;
  };
  if (call && call !== "own") return one(call.session);
  const able = [...open].filter((session) => session.handles(method));
  if (able.length === 0) return NOBODY;
  // A request of our own asks in nobody's name, whoever is at work meanwhile.
  const busy = call === "own" ? [] : working && sessionsOf(working);
  if (busy?.length === 1) return one(busy[0]);
  if (busy?.length === 0 && able.length === 1) return one(able[0]);
  const meant = busy?.length === 0 ? able : busy;
  if (meant && haveOneOwner(meant, method)) return one(able.find((session) => meant.includes(session)));
  return busy?.length === 0 && method === ROOTS ? { kind: "union", sessions: able } : AMBIGUOUS;
}

const sessionsOf = (calls: readonly AskedCall[]) =>
  [...new Set(calls.map(({ session }) => session))] as Participant[];

/** All gave one and the same function: they are one owner's. */
function haveOneOwner(sessions: readonly Participant[], method: string): boolean {
  const owners = new Set(sessions.map((session) => session.owner(method)));
  return owners.size === 1 && !owners.has(undefined);
}
