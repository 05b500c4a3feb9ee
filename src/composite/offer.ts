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
}
export type Kind = keyof Offer;

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
      const { tools } = await session.listTools(undefined, request);
      return { tools: byName(shownTools(tools, member, report)) };
    }
    case "prompts": {
      const { prompts } = await session.listPrompts(undefined, request);
      return { prompts: prompts.filter((prompt) => passesTags(prompt, member)) };
    }
    case "resources": {
      const { resources } = await session.listResources(undefined, request);
      return { resources: resources.filter((resource) => passesTags(resource, member)) };
    }
    case "templates": {
      const { resourceTemplates } = await session.listResourceTemplates(undefined, request);
      return { templates: resourceTemplates.filter((template) => passesTags(template, member)) };
    }
  }
}

const byName = (tools: readonly ShownTool[]): Map<string, ShownTool> =>
  new Map(tools.map((shown): [string, ShownTool] => [shown.tool.name, shown]));
