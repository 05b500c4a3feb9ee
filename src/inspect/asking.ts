import { isObject } from "../base/fields.js";
import { visible } from "../base/visible.js";
import { readOffered } from "../composite/offered.js";
import type { Session } from "../contract/session.js";
import type { ClientTransport } from "../transports/transport.js";

/** The deadline of what the page asks a server for. */
const TIMEOUT_MS = 30_000;

/** One thing that a server offers, as the page shows it. */
interface Item {
  kind: "tool" | "resource" | "template" | "prompt";
  name: string;
  says: string;
  /** Of a tool: its arguments, and whether it says that it only reads. */
  schema?: unknown;
  readOnly?: boolean;
}

/**
 * Everything that a server offers.
 * @throws Error where it is not connected: the page starts nothing by looking
 */
export const offersOf = (transport: ClientTransport): Promise<{ items: Item[] }> =>
  onConnected(transport, async (session) => {
    const { tools, resources, resourceTemplates, prompts } = await readOffered(session);
    const items: Item[] = [
      ...tools.map(({ name, description, title, inputSchema, annotations }) => ({
        kind: "tool" as const,
        name,
        says: description ?? title ?? "",
        schema: inputSchema,
        readOnly: annotations?.readOnlyHint === true,
      })),
      ...resources.map(({ uri, name, description }) => ({
        kind: "resource" as const,
        name: uri,
        says: description ?? name,
      })),
      ...resourceTemplates.map(({ uriTemplate, name, description }) => ({
        kind: "template" as const,
        name: uriTemplate,
        says: description ?? name,
      })),
      ...prompts.map(({ name, description, title }) => ({
        kind: "prompt" as const,
        name,
        says: description ?? title ?? "",
      })),
    ];
    return shown({ items });
  });

/**
 * Calls a tool that says that it only reads.
 * @throws Error for any other tool
 */
export const callOf = (transport: ClientTransport, name: string, args: unknown): Promise<unknown> =>
  onConnected(transport, async (session) => {
    const { tools } = await session.listTools();
    const tool = tools.find((known) => known.name === name);
    if (tool?.annotations?.readOnlyHint !== true)
      throw new Error(`${JSON.stringify(name)} is no tool that says that it only reads`);
    return shown(await session.callTool({ name, arguments: isObject(args) ? args : {} }));
  });

function onConnected<T>(transport: ClientTransport, use: (session: Session) => Promise<T>): Promise<T> {
  if (transport.status.state !== "connected") throw new Error("it is not connected");
  return transport.withSession(use, { timeoutMs: TIMEOUT_MS });
}

/** Each text of a server's as it is shown, deep inside, too. */
const shown = <T>(value: T): T =>
  JSON.parse(JSON.stringify(value, (_, inner) => (typeof inner === "string" ? visible(inner) : inner)));
