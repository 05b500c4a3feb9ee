import type {
  Prompt,
  RequestOptions,
  Resource,
  ResourceTemplateType,
  Tool,
} from "@modelcontextprotocol/client";
import { noTemplates } from "../contract/no-templates.js";
import type { Session } from "../contract/session.js";
import type { ListKind } from "../contract/status.js";

/** Everything that a server offers, as it gives it, in its order. */
export interface Offered extends Record<ListKind, readonly object[]> {
  tools: readonly Tool[];
  prompts: readonly Prompt[];
  resources: readonly Resource[];
  resourceTemplates: readonly ResourceTemplateType[];
}

export async function readOffered(session: Session, options?: RequestOptions): Promise<Offered> {
  const [tools, prompts, resources, resourceTemplates] = await Promise.all([
    session.listTools(undefined, options).then((list) => list.tools),
    session.listPrompts(undefined, options).then((list) => list.prompts),
    session.listResources(undefined, options).then((list) => list.resources),
    session
      .listResourceTemplates(undefined, options)
      .catch(noTemplates)
      .then((list) => list.resourceTemplates),
  ]);
  return { tools, prompts, resources, resourceTemplates };
}
