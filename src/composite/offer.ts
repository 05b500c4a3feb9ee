import type { Prompt, Resource, ResourceTemplateType } from "@modelcontextprotocol/client";
import type { ListMethod } from "../gateway/presented.js";
import type { Member } from "./member.js";
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
  switch (kind) {
    case "tools": {
      const { tools, ...rest } = await session.listTools(undefined, request);
      return { tools: byName(shownTools(tools, member, report)), keep: { tools: keepIn(rest) } };
    }
    case "prompts": {
      const { prompts, ...rest } = await session.listPrompts(undefined, request);
      return {
        prompts: prompts.filter((prompt) => member.may("prompts", prompt.name) && passesTags(prompt, member)),
        keep: { prompts: keepIn(rest) },
      };
    }
    case "resources": {
      const { resources, ...rest } = await session.listResources(undefined, request);
      return {
        resources: resources.filter(
          (resource) => member.may("resources", resource.uri) && passesTags(resource, member),
        ),
        keep: { resources: keepIn(rest) },
      };
    }
    case "templates": {
      const { resourceTemplates, ...rest } = await session.listResourceTemplates(undefined, request);
      return {
        templates: resourceTemplates.filter(
          (template) => member.may("resources", template.uriTemplate) && passesTags(template, member),
        ),
        keep: { templates: keepIn(rest) },
      };
    }
  }
}

const byName = (tools: readonly ShownTool[]): Map<string, ShownTool> =>
  new Map(tools.map((shown): [string, ShownTool] => [shown.tool.name, shown]));
