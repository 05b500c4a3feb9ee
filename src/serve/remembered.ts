import { fieldsOf } from "../base/fields.js";

/** So many characters of what one client asked for are known. */
const MAX_CHARACTERS = 64 * 1024;

/** What a legacy client asked for that stands until it says otherwise. */
export interface Standing {
  /** Of the logs. */
  readonly level?: string;
  /** The resources to which it is subscribed. */
  readonly uris: readonly string[];
}

/** What it takes to go on with a session: what its client said of itself, and what it asked for. */
export interface Remembered {
  readonly introduction: unknown;
  readonly standing: Standing;
}

export const NOTHING: Standing = { uris: [] };

/** What stands after a message, or a batch of them; the same object where that changed nothing. */
export const standingAfter = (before: Standing, body: unknown): Standing =>
  [body].flat().reduce((standing: Standing, message) => after(standing, fieldsOf(message)), before);

function after(before: Standing, { method, params }: Record<string, unknown>): Standing {
  const { level, uri } = fieldsOf(params);
  if (method === "logging/setLevel")
    return typeof level === "string" ? within({ ...before, level }, before) : before;
  if (typeof uri !== "string") return before;
  const known = before.uris.includes(uri);
  if (method === "resources/subscribe" && !known)
    return within({ ...before, uris: [...before.uris, uri] }, before);
  if (method === "resources/unsubscribe" && known)
    return { ...before, uris: before.uris.filter((one) => one !== uri) };
  return before;
}

const within = (standing: Standing, before: Standing): Standing =>
  [standing.level ?? "", ...standing.uris].join("").length <= MAX_CHARACTERS ? standing : before;

/** The requests of the client's that bring it about. */
export const requestsFor = ({ level, uris }: Standing): { method: string; params: object }[] => [
  ...(level === undefined ? [] : [{ method: "logging/setLevel", params: { level } }]),
  ...uris.map((uri) => ({ method: "resources/subscribe", params: { uri } })),
];
