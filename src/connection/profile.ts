import { isDeepStrictEqual } from "node:util";
import type { ClientCapabilities, Implementation, InputRequiredOptions } from "@modelcontextprotocol/client";
import { fieldsOf } from "../base/fields.js";
import { VERSION } from "../base/version.js";
import type { SessionOptions } from "../contract/session.js";
import { capabilitiesOf } from "../session/handlers.js";

/** What a handshake fixes for as long as the connection lives. */
export interface Profile {
  clientInfo: Implementation;
  capabilities: ClientCapabilities;
  inputRequired: InputRequiredOptions | undefined;
  listMaxPages: number | undefined;
}

export const OWN_INFO: Implementation = { name: "holdfast", version: VERSION };

/** The handshake that serves all of these sessions: their capabilities together, the first client info that one named. */
export function profileOf(sessions: readonly SessionOptions[]): Profile {
  const first = <K extends keyof SessionOptions>(key: K) =>
    sessions.find((options) => options[key] !== undefined)?.[key];
  return {
    clientInfo: first("clientInfo") ?? OWN_INFO,
    capabilities: sessions.map(capabilitiesOf).reduce(merge, {}),
    inputRequired: first("inputRequired"),
    listMaxPages: first("listMaxPages"),
  };
}

/** Why a session with these options cannot share a connection of that profile; undefined if it can. */
export function conflictWith(profile: Profile, options: SessionOptions): string | undefined {
  const { clientInfo, inputRequired, listMaxPages } = options;
  if (clientInfo && !isDeepStrictEqual(clientInfo, profile.clientInfo)) return "another clientInfo";
  if (inputRequired && !isDeepStrictEqual(inputRequired, profile.inputRequired))
    return "other inputRequired options";
  if (listMaxPages !== undefined && listMaxPages !== profile.listMaxPages) return "another listMaxPages";
  const wanted = capabilitiesOf(options);
  if (isDeepStrictEqual(merge(profile.capabilities, wanted), profile.capabilities)) return undefined;
  const missing = Object.keys(wanted).filter((key) => {
    const one = { [key]: fieldsOf(wanted)[key] };
    return !isDeepStrictEqual(merge(profile.capabilities, one), profile.capabilities);
  });
  return `capabilities that were not declared (${missing.join(", ")})`;
}

type Tree = Record<string, unknown>;
const isTree = (value: unknown): value is Tree =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function mergeTrees(a: Tree, b: Tree): Tree {
  const merged = { ...a };
  for (const [key, value] of Object.entries(b)) {
    const before = merged[key];
    merged[key] = isTree(before) && isTree(value) ? mergeTrees(before, value) : value;
  }
  return merged;
}

const merge = (a: ClientCapabilities, b: ClientCapabilities): ClientCapabilities =>
  mergeTrees({ ...a }, { ...b });
