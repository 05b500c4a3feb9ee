import type { Tool } from "@modelcontextprotocol/client";
import { fieldsOf } from "../../internal.js";
import { keyOf, SchemaTypes } from "./schema-types.js";

/** So many parts of one schema are written; the rest is `unknown`. */
const PARTS = 5_000;

/** A module of TypeScript: what each tool takes and gives, and a function that calls them on a session. */
export function typesOf(offered: readonly Tool[], made: { name: string; version: string }): string {
  // A server that offers one name twice answers it with one tool.
  const tools = [...new Map(offered.map((tool) => [tool.name, tool])).values()];
  return `// Written by holdfast ${made.version} from the tools of ${oneLine(made.name)}: holdfast generate types. Do not edit.
import { type Session, toolData } from "holdfast";

/** What each tool takes, and the data that it gives. */
export interface Tools {
${tools.map(entryOf).join("\n")}
}

type Options = Parameters<typeof toolData>[3];
type Arguments<A> = {} extends A ? [args?: A, options?: Options] : [args: A, options?: Options];

/** A function for each tool. It throws TOOL_FAILED where the tool says that it failed, else as \`session.callTool\`. */
export type TypedTools = {
  [Name in keyof Tools]: (...args: Arguments<Tools[Name]["arguments"]>) => Promise<Tools[Name]["data"]>;
};

const NAMES: readonly (keyof Tools)[] = ${JSON.stringify(tools.map(({ name }) => name))};

/** The tools of a session: \`const tools = toolsOf(session)\`. */
export function toolsOf(session: Session): TypedTools {
  const call = (name: string) => (args?: Record<string, unknown>, options?: Options) =>
    toolData(session, name, args, options);
  return Object.fromEntries(NAMES.map((name) => [name, call(name)])) as unknown as TypedTools;
}`;
}

function entryOf({ name, description, title, inputSchema, outputSchema }: Tool): string {
  const style = {
    parts: PARTS,
    comment: (schema: Record<string, unknown>) => commentOf(schema["description"], " "),
  };
  const takes = new SchemaTypes(inputSchema, style).typeOf(inputSchema);
  const gives = outputSchema ? new SchemaTypes(dataOf(outputSchema), style) : undefined;
  const data = gives ? gives.typeOf(dataOf(outputSchema)) : "unknown";
  return `${commentOf(description ?? title, "\n", "  ")}  ${keyOf(name)}: { arguments: ${takes}; data: ${data} };`;
}

/** Servers of Python wrap what is no object, and `toolData` unwraps it. */
function dataOf(schema: unknown): unknown {
  const { properties, "x-fastmcp-wrap-result": isWrapped, $defs } = fieldsOf(schema);
  const result = fieldsOf(properties)["result"];
  return isWrapped === true && result !== undefined ? { $defs, ...fieldsOf(result) } : schema;
}

function commentOf(text: unknown, after: string, before = ""): string {
  if (typeof text !== "string" || text.trim() === "") return "";
  return `${before}/** ${text.trim().replaceAll("*/", "*\\/").replace(/\n/g, `\n${before} * `)} */${after}`;
}

const oneLine = (text: string): string => text.replace(/\s+/g, " ");
