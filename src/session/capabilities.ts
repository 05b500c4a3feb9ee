import type { Client, ServerCapabilities } from "@modelcontextprotocol/client";
import { factsOf } from "../contract/methods.js";

const warnedOf = new WeakSet<Client>();

/** Said once of a server that declares nothing that could be asked for: it forgot to, or is of no use. */
export function nothingDeclared(client: Client, server: string, missing: string): string | undefined {
  const { tools, prompts, resources, completions } = client.getServerCapabilities() ?? {};
  if (tools || prompts || resources || completions || warnedOf.has(client)) return undefined;
  warnedOf.add(client);
  return `${server} declares no capabilities, so it is not asked for its ${missing}; a server that has some must declare them`;
}

/** The capability that the method needs and the server did not declare, if any. */
export function missingCapability(
  declared: ServerCapabilities | undefined,
  method: string,
): string | undefined {
  const { needs } = factsOf(method);
  return needs !== undefined && !declared?.[needs] ? needs : undefined;
}
