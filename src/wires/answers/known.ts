import { isObject } from "./excerpt.js";

type Fields = Record<string, unknown>;

/** What servers write in a way of their own, and what they mean by it; `undefined` where they mean nothing by it. */
const KNOWN: Record<string, (result: Fields) => Fields> = {
  initialize: (result) => ({
    ...result,
    // It is only shown.
    serverInfo: isObject(result["serverInfo"])
      ? { name: "unnamed", version: "unknown", ...defined(result["serverInfo"]) }
      : { name: "unnamed", version: "unknown" },
    capabilities: capabilitiesOf(result["capabilities"]),
  }),
  "tools/call": (result) => ({
    ...result,
    ...("content" in result && { content: contentOf(result["content"]) }),
    ...("isError" in result && { isError: flagOf(result["isError"]) }),
  }),
  "prompts/get": (result) => ({
    ...result,
    ...(Array.isArray(result["messages"]) && { messages: result["messages"].map(messageOf) }),
  }),
};

export function asMeant(method: string, result: Fields): Fields {
  const meant = Object.hasOwn(KNOWN, method) ? KNOWN[method]!(result) : result;
  // A number for a cursor is the cursor; false, like null, is no cursor.
  const cursor = meant["nextCursor"];
  if (typeof cursor === "number") return { ...meant, nextCursor: String(cursor) };
  return cursor === false ? { ...meant, nextCursor: null } : meant;
}

/** A tool without a schema takes an object; what has no name is called by its URI. */
export function itemAsMeant(list: string, item: unknown): unknown {
  if (!isObject(item)) return item;
  const uri = item["uri"] ?? item["uriTemplate"];
  if (typeof uri === "string") return typeof item["name"] === "string" ? item : { ...item, name: uri };
  if (list !== "tools") return item;
  const schema = item["inputSchema"] ?? {};
  return isObject(schema) ? { ...item, inputSchema: { ...schema, type: schema["type"] ?? "object" } } : item;
}

/** `true` says that there is one, `false` that there is none. */
function capabilitiesOf(given: unknown): unknown {
  if (given === undefined || given === null) return {};
  if (!isObject(given)) return given;
  return Object.fromEntries(
    Object.entries(given).flatMap(([name, value]) =>
      value === false ? [] : [[name, value === true ? {} : value]],
    ),
  );
}

function contentOf(content: unknown): unknown {
  if (Array.isArray(content) || content === null) return content;
  return [content];
}

function messageOf(message: unknown): unknown {
  if (!isObject(message) || typeof message["content"] !== "string") return message;
  return { ...message, content: { type: "text", text: message["content"] } };
}

/** Never a success because "true" is no truth value. */
function flagOf(value: unknown): unknown {
  if (value === "true" || value === 1) return true;
  return value === "false" || value === 0 ? false : value;
}

const defined = (fields: Fields): Fields =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null && value !== undefined));
