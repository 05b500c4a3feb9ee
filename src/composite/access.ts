import type { AccessList } from "../config/server.js";
import { fold } from "./owners.js";

export type AccessKind = "tools" | "prompts" | "resources";

/** What may be listed and used. What is denied is denied, whatever is allowed. */
export interface AccessRules {
  /** Default: everything. */
  allow?: AccessList | undefined;
  deny?: AccessList | undefined;
}

/** The words of other programs for tools that are shut off. */
export interface ToolLists {
  includeTools?: string[] | undefined;
  enabledTools?: string[] | undefined;
  excludeTools?: string[] | undefined;
  disabledTools?: string[] | undefined;
}

/** Whether something of a server may be listed and used, by its name at the server, or its URI. */
export type Access = (kind: AccessKind, name: string) => boolean;

export function accessOf(rules: AccessRules & ToolLists): Access {
  const allowed = [rules.allow, onlyTools(rules.includeTools), onlyTools(rules.enabledTools)];
  const denied = [rules.deny, onlyTools(rules.excludeTools), onlyTools(rules.disabledTools)];
  return (kind, name) =>
    allowed.every((list) => globsOf(list, kind)?.some((glob) => matches(glob, name)) ?? true) &&
    // Neither case nor punctuation gets around what is shut off.
    !denied.some((list) => globsOf(list, kind)?.some((glob) => matches(loose(glob), loose(name))));
}

const onlyTools = (tools: string[] | undefined): AccessList | undefined => tools && { tools };

const globsOf = (list: AccessList | undefined, kind: AccessKind): string[] | undefined =>
  Array.isArray(list) ? list : list?.[kind];

/** As programs read it, with the glob's own signs left. */
const loose = (glob: string) =>
  glob
    .split(/([*?])/)
    .map((part, i) => (i % 2 === 1 ? part : fold(part)))
    .join("");

/** Whether a whole name fits, in time that grows with its length and no faster than with that times the glob's. */
export function matches(glob: string, name: string): boolean {
  let [at, in_] = [0, 0];
  let star = -1;
  let from = 0;
  while (at < name.length) {
    if (glob[in_] === "*") [star, from] = [in_++, at];
    else if (glob[in_] === "?" || glob[in_] === name[at]) [at, in_] = [at + 1, in_ + 1];
    else if (star >= 0) [at, in_] = [++from, star + 1];
    else return false;
  }
  while (glob[in_] === "*") in_++;
  return in_ === glob.length;
}
