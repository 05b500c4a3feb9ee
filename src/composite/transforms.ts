import type { Tool } from "@modelcontextprotocol/client";
import { fieldsOf } from "../base/fields.js";
import type { ToolTransform } from "../config/server.js";
import type { Access } from "./access.js";
import { ofName, originalArguments, shownSchema, wrongArguments } from "./argument-transforms.js";
import type { Pin } from "./pin.js";

/** What a config says about the tools of one server. */
export interface ToolRules {
  /** Whether something of the server may be listed and used. */
  may: Access;
  /** What is compared with a lock, if anything is. */
  pin?(): Pin | undefined;
  tools?: Record<string, ToolTransform> | undefined;
  includeTags?: readonly string[] | undefined;
  excludeTags?: readonly string[] | undefined;
}

/** A tool as it is shown, and what it is called with at the server. */
export interface ShownTool {
  tool: Tool;
  original: string;
  argumentsOf(given: Record<string, unknown> | undefined): Record<string, unknown> | undefined;
}

/** Transforms, then include, then exclude. What cannot be done as asked is reported, and the tool left out. */
export function shownTools(
  offered: readonly Tool[],
  rules: ToolRules,
  report: (why: string) => void,
): ShownTool[] {
  const tools = offered.filter(({ name }) => rules.may("tools", name));
  for (const name of Object.keys(rules.tools ?? {}))
    if (!offered.some((tool) => tool.name === name)) report(`tools.${name}: the server has no such tool`);
  const all = tools.flatMap((tool) => transformed(tool, ofName(rules.tools, tool.name), report) ?? []);
  // In one step: a name is free whose tool is shown under another one, or not at all.
  const kept = new Set(all.flatMap(({ original, tool: { name } }) => (name === original ? name : [])));
  return all.filter(({ original, tool }) => {
    const taken = tool.name !== original && kept.has(tool.name);
    if (taken)
      report(`tools.${original}.name: the server has a tool ${tool.name} already; this one is left out`);
    return !taken && passes(tagsOf(tool), rules);
  });
}

/** What carries tags besides tools: prompts, resources, templates. */
export function passesTags(item: { _meta?: unknown }, rules: ToolRules): boolean {
  return passes(tagsOf(item), rules);
}

function passes(tags: readonly string[], { includeTags, excludeTags }: ToolRules): boolean {
  if (includeTags && !includeTags.some((tag) => tags.includes(tag))) return false;
  return !excludeTags?.some((tag) => tags.includes(tag));
}

/** FastMCP's place for tags. */
function tagsOf({ _meta }: { _meta?: unknown }): readonly string[] {
  const { fastmcp, _fastmcp } = fieldsOf(_meta);
  const tags = fieldsOf(fastmcp)["tags"] ?? fieldsOf(_fastmcp)["tags"];
  return Array.isArray(tags) ? tags : [];
}

function transformed(
  tool: Tool,
  transform: ToolTransform | undefined,
  report: (why: string) => void,
): ShownTool | undefined {
  const same: ShownTool = { tool, original: tool.name, argumentsOf: (given) => given };
  if (!transform) return same;
  if (transform.enabled === false) return undefined;
  const { name, title, description, version, tags, meta } = transform;
  const args = transform.arguments ?? {};
  const wrong = wrongArguments(tool.inputSchema, args);
  if (wrong) {
    report(`tools.${tool.name}.${wrong}; the tool is left out`);
    return undefined;
  }
  const fastmcp = fieldsOf(tool._meta?.["fastmcp"]);
  const ours = {
    ...fastmcp,
    ...(tags && { tags }),
    ...(version !== undefined && { version }),
  };
  const shown: Tool = {
    ...tool,
    name: name ?? tool.name,
    ...(title !== undefined && { title }),
    ...(description !== undefined && { description }),
    inputSchema: shownSchema(tool.inputSchema, args),
    ...(meta !== undefined || tags || version !== undefined
      ? { _meta: { ...(meta === null ? {} : tool._meta), ...meta, fastmcp: ours } }
      : {}),
  };
  return {
    tool: shown,
    original: tool.name,
    argumentsOf: (given) => originalArguments(given, tool.inputSchema, args),
  };
}
