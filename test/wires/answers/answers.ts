/** A plain answer to each method, and an optional field of it by its path; `modern` where the revision has the method. */
export const ANSWERS: Record<string, { answer: object; optional: string[][]; modern: boolean }> = {
  initialize: {
    answer: {
      protocolVersion: "2025-11-25",
      capabilities: { tools: {} },
      serverInfo: { name: "s", version: "1" },
    },
    optional: [
      ["instructions"],
      ["_meta"],
      ["capabilities", "tools", "listChanged"],
      ["serverInfo", "title"],
    ],
    modern: false,
  },
  ping: { answer: {}, optional: [["_meta"]], modern: false },
  "logging/setLevel": { answer: {}, optional: [["_meta"]], modern: false },
  "resources/subscribe": { answer: {}, optional: [["_meta"]], modern: false },
  "resources/unsubscribe": { answer: {}, optional: [["_meta"]], modern: false },
  "server/discover": {
    answer: { supportedVersions: ["2026-07-28"], capabilities: {} },
    optional: [["instructions"], ["_meta"], ["ttlMs"], ["cacheScope"]],
    modern: true,
  },
  "tools/list": {
    answer: { tools: [{ name: "a", inputSchema: { type: "object" } }] },
    optional: [
      ["nextCursor"],
      ["_meta"],
      ["tools", "0", "title"],
      ["tools", "0", "annotations"],
      ["tools", "0", "outputSchema"],
      ["tools", "0", "icons"],
      ["tools", "0", "inputSchema", "properties"],
      ["tools", "0", "inputSchema", "required"],
    ],
    modern: true,
  },
  "prompts/list": {
    answer: { prompts: [{ name: "a" }] },
    optional: [["nextCursor"], ["prompts", "0", "arguments"], ["prompts", "0", "description"]],
    modern: true,
  },
  "resources/list": {
    answer: { resources: [{ name: "a", uri: "x:a" }] },
    optional: [["nextCursor"], ["resources", "0", "mimeType"], ["resources", "0", "size"]],
    modern: true,
  },
  "resources/templates/list": {
    answer: { resourceTemplates: [{ name: "a", uriTemplate: "x:{a}" }] },
    optional: [["nextCursor"], ["resourceTemplates", "0", "description"]],
    modern: true,
  },
  "tools/call": {
    answer: { content: [{ type: "text", text: "hi" }] },
    optional: [["isError"], ["_meta"], ["content", "0", "annotations"], ["content", "0", "_meta"]],
    modern: true,
  },
  "prompts/get": {
    answer: { messages: [{ role: "user", content: { type: "text", text: "hi" } }] },
    optional: [["description"], ["messages", "0", "content", "annotations"]],
    modern: true,
  },
  "resources/read": {
    answer: { contents: [{ uri: "x:a", text: "hi" }] },
    optional: [["_meta"], ["contents", "0", "mimeType"], ["contents", "0", "_meta"]],
    modern: true,
  },
  "completion/complete": {
    answer: { completion: { values: ["a"] } },
    optional: [
      ["completion", "total"],
      ["completion", "hasMore"],
    ],
    modern: true,
  },
};

const CACHED = /list$|read$|discover$/;

/** The answer as a server of the revision gives it. */
export function answerOf(method: string, modern: boolean): object {
  const { answer } = ANSWERS[method]!;
  if (!modern) return structuredClone(answer);
  const cached = CACHED.test(method) ? { ttlMs: 0, cacheScope: "private" } : {};
  return { ...structuredClone(answer), resultType: "complete", ...cached };
}

/** A copy with another value at the path. */
export function withAt(value: unknown, [key, ...rest]: string[], put: unknown): object {
  const copy = structuredClone(value) as Record<string, unknown>;
  copy[key!] = rest.length === 0 ? put : withAt(copy[key!] ?? {}, rest, put);
  return copy;
}
