import { isDeepStrictEqual } from "node:util";
import type { Result, Tool } from "@modelcontextprotocol/client";
import { ProtocolError, ProtocolErrorCode } from "@modelcontextprotocol/server";
import { fieldsOf } from "../base/fields.js";
import type { ListMethod, Params, PresentedMany, Route } from "../gateway/presented.js";
import type { Catalog } from "./catalog.js";
import type { Member } from "./member.js";
import { PresentedMembers } from "./presented.js";
import { ToolIndex } from "./tool-index.js";

const FIND = "find_tools";
const CALL = "call_tool";
/** How many tools are found where nobody says, and at most. */
const FOUND = 5;
const MOST = 50;

const findTool = (servers: readonly string[]): Tool => ({
  name: FIND,
  description: `Finds the tools that do something, said in plain words, and how they are called: with ${CALL}. There are tools of: ${servers.join(", ")}.`,
  inputSchema: {
    type: "object",
    properties: {
      query: { type: "string", description: "What is to be done" },
      limit: { type: "integer", minimum: 1, maximum: MOST, default: FOUND },
    },
    required: ["query"],
  },
  annotations: { readOnlyHint: true },
});

const CALL_TOOL: Tool = {
  name: CALL,
  description: `Calls a tool that ${FIND} found.`,
  inputSchema: {
    type: "object",
    properties: { name: { type: "string" }, arguments: { type: "object" } },
    required: ["name"],
  },
};

/**
 * The members of a composite, with two tools in the place of all of theirs: one finds them, one calls them. Whoever knows
 * the name of a tool may call it as before.
 */
class SearchedMembers extends PresentedMembers {
  #tools: readonly Tool[] | undefined;
  #index: Promise<ToolIndex> | undefined;

  constructor(
    catalog: Catalog,
    members: () => readonly Member[],
    private readonly servers: () => readonly string[],
  ) {
    super(catalog, members);
  }

  override async list(method: ListMethod, signal: AbortSignal): Promise<Result> {
    if (method !== "tools/list") return super.list(method, signal);
    return { tools: [findTool(this.servers()), CALL_TOOL], ttlMs: 0, cacheScope: "private" };
  }

  override known(method: string, params: Params): Route | undefined {
    return super.known(method, meant(method, params));
  }

  override route(method: string, params: Params, signal: AbortSignal): Promise<Route> {
    return super.route(method, meant(method, params), signal);
  }

  own(method: string, params: Params, signal: AbortSignal): Promise<Result> | undefined {
    return method === "tools/call" && params["name"] === FIND ? this.#find(params, signal) : undefined;
  }

  async #find({ arguments: given }: Params, signal: AbortSignal): Promise<Result> {
    const { query, limit = FOUND } = fieldsOf(given);
    if (typeof query !== "string" || query.trim() === "")
      throw invalid(`${FIND} needs "query": what is to be done, in plain words`);
    if (typeof limit !== "number" || !Number.isInteger(limit) || limit < 1 || limit > MOST)
      throw invalid(`"limit" of ${FIND} is a whole number from 1 to ${MOST}`);
    const tools = await this.catalog.tools(signal);
    const found = (await this.#indexOf(tools)).find(query, limit).map(brief);
    return { content: [{ type: "text", text: JSON.stringify(found) }], structuredContent: { tools: found } };
  }

  /** The index of these tools, made anew when they are others than before. */
  #indexOf(tools: readonly Tool[]): Promise<ToolIndex> {
    if (!this.#index || !isDeepStrictEqual(this.#tools, tools)) {
      this.#tools = tools;
      this.#index = ToolIndex.of(tools);
    }
    return this.#index;
  }
}

/** The members as the config's option says. */
export const presentedAs = (
  tools: "list" | "search" = "list",
  catalog: Catalog,
  members: () => readonly Member[],
  servers: () => readonly string[],
): PresentedMany =>
  tools === "search"
    ? new SearchedMembers(catalog, members, servers)
    : new PresentedMembers(catalog, members);

/** What is needed to choose a tool and to call it. */
const brief = ({ name, title, description, inputSchema, annotations }: Tool) => ({
  name,
  ...(title !== undefined && { title }),
  ...(description !== undefined && { description }),
  inputSchema,
  ...(annotations && { annotations }),
});

/** A call of the tool that calls, as the call that is meant. */
function meant(method: string, params: Params): Params {
  if (method !== "tools/call" || params["name"] !== CALL) return params;
  const { name, arguments: args = {} } = fieldsOf(params["arguments"]);
  if (typeof name !== "string") throw invalid(`${CALL} needs "name": the name of a tool as ${FIND} gives it`);
  if (typeof args !== "object" || args === null || Array.isArray(args))
    throw invalid(`"arguments" of ${CALL} is an object: the arguments of ${JSON.stringify(name)}`);
  return { ...params, name, arguments: args };
}

const invalid = (message: string) => new ProtocolError(ProtocolErrorCode.InvalidParams, message);
