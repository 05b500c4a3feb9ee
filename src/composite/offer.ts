import type { Prompt, Resource, ResourceTemplateType, Tool } from "@modelcontextprotocol/client";
import { noTemplates } from "../contract/no-templates.js";
import type { ListKind } from "../contract/status.js";
import type { ListMethod } from "../gateway/presented.js";
import type { Access } from "./access.js";
import type { Manifest } from "./manifest.js";
import type { Member } from "./member.js";
import type { Drift } from "./pin.js";
import { passesTags, type ShownTool, shownTools } from "./transforms.js";

/** What one server offers, as it was last read; what was never read is not there. */
export interface Offer {
  /** By the name that they have here, which a transform may have given. */
  tools?: ReadonlyMap<string, ShownTool>;
  prompts?: readonly Prompt[];
  resources?: readonly Resource[];
  templates?: readonly ResourceTemplateType[];
  /** How long each list may be kept. */
  keep?: { readonly [K in Kind]?: Keep };
  /** What is blocked because it is not as it was locked, with the reasons. */
  drift?: { readonly [K in Kind]?: Drift | undefined };
  /** The epoch of the server's connection in which each list was read. */
  epochs?: { readonly [K in Kind]?: number };
}
export type Kind = "tools" | "prompts" | "resources" | "templates";

/** What a modern server says of an answer: for how long it holds, and for whom. */
export interface Keep {
  ttlMs: number;
  cacheScope: "public" | "private";
}

/** What holds for several answers as one: the least of them. One that says nothing may not be kept. */
export function leastOf(all: readonly (Keep | undefined)[]): Keep {
  const ttlMs = all.length > 0 ? Math.min(...all.map((keep) => keep?.ttlMs ?? 0)) : 0;
  const shared = all.length > 0 && all.every((keep) => keep?.cacheScope === "public");
  return { ttlMs, cacheScope: shared ? "public" : "private" };
}

function keepIn({ ttlMs, cacheScope }: Record<string, unknown>): Keep {
  const counts = typeof ttlMs === "number" && ttlMs > 0 && Number.isSafeInteger(ttlMs);
  return { ttlMs: counts ? ttlMs : 0, cacheScope: cacheScope === "public" ? "public" : "private" };
}

export const METHOD_OF: Record<Kind, ListMethod> = {
  tools: "tools/list",
  prompts: "prompts/list",
  resources: "resources/list",
  templates: "resources/templates/list",
};

interface ReadOptions {
  signal: AbortSignal;
  /** Milliseconds. */
  timeout: number;
  report(why: string): void;
}

/** Reads one list of a server that is up, as the config shows it. */
export async function readOffer(member: Member, kind: Kind, options: ReadOptions): Promise<Offer> {
  const { report, ...request } = options;
  const session = await member.opened(options.signal);
  const { epoch } = member.status();
  switch (kind) {
    case "tools": {
      const { tools, ...rest } = await session.listTools(undefined, request);
      return offerOf(member, { kind, items: tools, keep: keepIn(rest), epoch }, report);
    }
    case "prompts": {
      const { prompts, ...rest } = await session.listPrompts(undefined, request);
      return offerOf(member, { kind, items: prompts, keep: keepIn(rest), epoch }, report);
    }
    case "resources": {
      const { resources, ...rest } = await session.listResources(undefined, request);
      return offerOf(member, { kind, items: resources, keep: keepIn(rest), epoch }, report);
    }
    case "templates": {
      const listed = await session.listResourceTemplates(undefined, request).catch(noTemplates);
      const { resourceTemplates, ...rest } = listed;
      return offerOf(member, { kind, items: resourceTemplates, keep: keepIn(rest), epoch }, report);
    }
  }
}

/** What is known of a server that is not started, as the config shows it: its lists, which may be others once it is. */
export function knownOffer(member: Member, { lists }: Manifest, report: (why: string) => void): Offer {
  const keep = leastOf([]);
  const { epoch } = member.status();
  const offers = [
    offerOf(member, { kind: "tools", items: lists.tools, keep, epoch }, report),
    offerOf(member, { kind: "prompts", items: lists.prompts, keep, epoch }, report),
    offerOf(member, { kind: "resources", items: lists.resources, keep, epoch }, report),
    offerOf(member, { kind: "templates", items: lists.resourceTemplates, keep, epoch }, report),
  ];
  return offers.reduce(joined);
}

/** Two lists of one server. */
export const joined = (one: Offer, other: Offer): Offer => ({
  ...one,
  ...other,
  keep: { ...one.keep, ...other.keep },
  drift: { ...one.drift, ...other.drift },
  epochs: { ...one.epochs, ...other.epochs },
});

type Listed = { keep: Keep; epoch: number } & (
  | { kind: "tools"; items: readonly Tool[] }
  | { kind: "prompts"; items: readonly Prompt[] }
  | { kind: "resources"; items: readonly Resource[] }
  | { kind: "templates"; items: readonly ResourceTemplateType[] }
);

/** One list of a server, as the config shows it. */
function offerOf(member: Member, list: Listed, report: (why: string) => void): Offer {
  const { kind, keep } = list;
  const { may, ...read } = compared(member, kind, list.items, list.epoch, report);
  const also = { keep: { [kind]: keep }, ...read };
  switch (list.kind) {
    case "tools": {
      const { tools: transforms, includeTags, excludeTags } = member;
      const rules = { may, tools: transforms, includeTags, excludeTags };
      return { tools: byName(shownTools(list.items, rules, report)), ...also };
    }
    case "prompts": {
      const shown = list.items.filter((one) => may("prompts", one.name) && passesTags(one, member));
      return { prompts: shown, ...also };
    }
    case "resources": {
      const shown = list.items.filter((one) => may("resources", one.uri) && passesTags(one, member));
      return { resources: shown, ...also };
    }
    case "templates": {
      const shown = list.items.filter((one) => may("resources", one.uriTemplate) && passesTags(one, member));
      return { templates: shown, ...also };
    }
  }
}

/** What of one list may be shown, once it was compared with the lock: before all transforms. */
function compared(
  member: Member,
  kind: Kind,
  items: readonly object[],
  epoch: number,
  report: (why: string) => void,
): Pick<Offer, "drift" | "epochs"> & { may: Access } {
  const pin = member.pin?.();
  const drift = pin?.driftOf(member.name, LIST_OF[kind], items, report);
  const blocked = pin?.blocks ? drift : undefined;
  const may: Access = (what, key) => member.may(what, key) && !blocked?.has(key);
  return { may, drift: { [kind]: blocked }, epochs: { [kind]: epoch } };
}

const LIST_OF: Record<Kind, ListKind> = {
  tools: "tools",
  prompts: "prompts",
  resources: "resources",
  templates: "resourceTemplates",
};

const byName = (tools: readonly ShownTool[]): Map<string, ShownTool> =>
  new Map(tools.map((shown): [string, ShownTool] => [shown.tool.name, shown]));
