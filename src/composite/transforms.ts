import type { Tool } from "@modelcontextprotocol/client";
import { fieldsOf } from "../base/fields.js";
import type { ArgumentTransform, ToolTransform } from "../config/server.js";

/** What a config says about the tools of one server. */
export interface ToolRules {
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

type Schema = Tool["inputSchema"];
type Properties = Record<string, Record<string, unknown>>;

/** Transforms, then include, then exclude. What cannot be done as asked is reported, and the tool left out. */
export function shownTools(
  tools: readonly Tool[],
  rules: ToolRules,
  report: (why: string) => void,
): ShownTool[] {
  for (const name of Object.keys(rules.tools ?? {}))
    if (!tools.some((tool) => tool.name === name)) report(`tools.${name}: the server has no such tool`);
  const own = new Set(tools.map(({ name }) => name));
  return tools.flatMap((tool) => {
    const shown = transformed(tool, ofName(rules.tools, tool.name), report);
    if (!shown || !passes(tagsOf(shown.tool), rules)) return [];
    const taken = shown.tool.name !== tool.name && own.has(shown.tool.name);
    if (taken)
      report(
        `tools.${tool.name}.name: the server has a tool ${shown.tool.name} already; this one is left out`,
      );
    return taken ? [] : [shown];
  });
}

/** What carries tags besides tools: prompts, resources, templates. */
export function passesTags(item: { _meta?: unknown }, rules: ToolRules): boolean {
  return passes(tagsOf(item), rules);
}

/** What a record says of a name that a server chose, which may be any. */
function ofName<T>(record: Record<string, T> | undefined, name: string): T | undefined {
  return record && Object.hasOwn(record, name) ? record[name] : undefined;
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
  return { tool: shown, original: tool.name, argumentsOf: (given) => originalArguments(given, args) };
}

function wrongArguments(schema: Schema, args: Record<string, ArgumentTransform>): string | undefined {
  const properties = (schema.properties ?? {}) as Properties;
  const names = new Set<string>();
  for (const property of Object.keys(properties)) {
    if (ofName(args, property)?.hide) continue;
    const name = ofName(args, property)?.name ?? property;
    if (names.has(name))
      return `arguments.${property}: another argument is called ${JSON.stringify(name)} already`;
    names.add(name);
  }
  for (const [name, { hide, default: value }] of Object.entries(args)) {
    if (!Object.hasOwn(properties, name)) return `arguments.${name}: the tool has no such argument`;
    if (hide && value === undefined && schema.required?.includes(name) && !("default" in properties[name]!))
      return `arguments.${name}: a required argument can be hidden only with a default`;
  }
  return undefined;
}

function shownSchema(schema: Schema, args: Record<string, ArgumentTransform>): Schema {
  const properties: Properties = {};
  const required: string[] = [];
  for (const [name, property] of Object.entries((schema.properties ?? {}) as Properties)) {
    const {
      hide,
      name: renamed,
      description,
      default: value,
      required: must,
      examples,
    } = ofName(args, name) ?? {};
    if (hide) continue;
    const shown = renamed ?? name;
    properties[shown] = {
      ...property,
      ...(description !== undefined && { description }),
      ...(value !== undefined && { default: value }),
      ...(examples !== undefined && { examples }),
    };
    // What has a default now may be left out.
    if (must ?? (value === undefined && schema.required?.includes(name))) required.push(shown);
  }
  const { required: _, ...rest } = schema;
  return { ...rest, properties, ...(required.length > 0 && { required }) } as Schema;
}

/** What the server is called with: the original names, and the defaults of what is hidden or left out. */
function originalArguments(
  given: Record<string, unknown> = {},
  args: Record<string, ArgumentTransform>,
): Record<string, unknown> {
  const originals = new Map(Object.entries(args).map(([name, { name: shown }]) => [shown ?? name, name]));
  const hidden = new Set(Object.entries(args).flatMap(([name, { hide }]) => (hide ? [name] : [])));
  const result: Record<string, unknown> = {};
  for (const [shown, value] of Object.entries(given)) {
    const name = originals.get(shown) ?? shown;
    // A hidden argument is nobody's to set.
    if (!hidden.has(name)) result[name] = value;
  }
  for (const [name, { default: value }] of Object.entries(args))
    if (value !== undefined && !(name in result)) result[name] = value;
  return result;
}
