import type { ServerCapabilities } from "@modelcontextprotocol/client";

const NEEDS: Record<string, keyof ServerCapabilities> = {
  "tools/call": "tools",
  "tools/list": "tools",
  "prompts/get": "prompts",
  "prompts/list": "prompts",
  "resources/list": "resources",
  "resources/templates/list": "resources",
  "resources/read": "resources",
  "resources/subscribe": "resources",
  "resources/unsubscribe": "resources",
  "completion/complete": "completions",
};

/** The capability that the method needs and the server did not declare, if any. */
export function missingCapability(
  declared: ServerCapabilities | undefined,
  method: string,
): string | undefined {
  const needed = NEEDS[method];
  return needed !== undefined && !declared?.[needed] ? needed : undefined;
}
