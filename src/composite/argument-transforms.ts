import type { Tool } from "@modelcontextprotocol/client";
import { ProtocolError, ProtocolErrorCode } from "@modelcontextprotocol/server";
import type { ArgumentTransform } from "../config/server.js";

type Schema = Tool["inputSchema"];
type Properties = Record<string, Record<string, unknown>>;
type Transforms = Record<string, ArgumentTransform>;
type Given = Record<string, unknown>;

/** What a record says of a name that a server chose, which may be any. */
export function ofName<T>(record: Record<string, T> | undefined, name: string): T | undefined {
  return record && Object.hasOwn(record, name) ? record[name] : undefined;
}

/** Why these transforms cannot be done with the arguments that a tool has. */
export function wrongArguments(schema: Schema, transforms: Transforms): string | undefined {
  const properties = (schema.properties ?? {}) as Properties;
  const names = new Set<string>();
  for (const property of Object.keys(properties)) {
    const { hide, name = property } = ofName(transforms, property) ?? {};
    if (hide) continue;
    if (names.has(name))
      return `arguments.${property}: another argument is called ${JSON.stringify(name)} already`;
    names.add(name);
  }
  for (const [name, { hide, default: value }] of Object.entries(transforms)) {
    if (!Object.hasOwn(properties, name)) return `arguments.${name}: the tool has no such argument`;
    if (hide && value === undefined && schema.required?.includes(name) && !("default" in properties[name]!))
      return `arguments.${name}: a required argument can be hidden only with a default`;
  }
  return undefined;
}

export function shownSchema(schema: Schema, transforms: Transforms): Schema {
  const shown = Object.entries((schema.properties ?? {}) as Properties).flatMap(([own, property]) => {
    const transform = ofName(transforms, own) ?? {};
    if (transform.hide) return [];
    const { name = own, default: value, required } = transform;
    // What has a default now may be left out.
    const must = required ?? (value === undefined && schema.required?.includes(own));
    return [{ name, property: shownProperty(property, transform), must }];
  });
  const required = shown.filter(({ must }) => must).map(({ name }) => name);
  const { required: _, ...rest } = schema;
  const properties = Object.fromEntries(shown.map(({ name, property }) => [name, property]));
  return { ...rest, properties, ...(required.length > 0 && { required }) } as Schema;
}

function shownProperty(
  property: Given,
  { description, default: value, required, examples }: ArgumentTransform,
): Given {
  const { default: own, ...rest } = property;
  return {
    ...rest,
    // What must be given has no default.
    ...("default" in property && !required && { default: own }),
    ...(description !== undefined && { description }),
    ...(value !== undefined && { default: value }),
    ...(examples !== undefined && { examples }),
  };
}

/**
 * What the server is called with: the original names, and the defaults of what is hidden or left out.
 * @throws ProtocolError for what is not an argument as it is shown
 */
export function originalArguments(given: Given = {}, schema: Schema, transforms: Transforms): Given {
  const owns = new Map<string, string>();
  for (const own of Object.keys(schema.properties ?? {})) {
    const { hide, name = own } = ofName(transforms, own) ?? {};
    if (!hide) owns.set(name, own);
  }
  const result: Given = {};
  for (const [name, value] of Object.entries(given)) {
    const own = owns.get(name);
    if (own === undefined && Object.hasOwn(transforms, name)) throw refused(name, transforms[name]!);
    result[own ?? name] = value;
  }
  for (const [own, { name = own, required, default: value }] of Object.entries(transforms)) {
    if (Object.hasOwn(result, own)) continue;
    if (required) throw invalidArgument(`the argument ${JSON.stringify(name)} is required`);
    if (value !== undefined) result[own] = value;
  }
  return result;
}

function refused(own: string, { hide, name }: ArgumentTransform): ProtocolError {
  const why = hide ? "is not to be set" : `is called ${JSON.stringify(name)} here`;
  return invalidArgument(`the argument ${JSON.stringify(own)} ${why}`);
}

const invalidArgument = (message: string) => new ProtocolError(ProtocolErrorCode.InvalidParams, message);
