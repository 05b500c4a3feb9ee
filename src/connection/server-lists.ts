import { isDeepStrictEqual } from "node:util";
import type { Client, Implementation, RequestOptions } from "@modelcontextprotocol/client";
import { fieldsOf } from "../base/fields.js";
import { factsOf } from "../contract/methods.js";
import type { ListDifference, ListKind, ServerChange } from "../contract/status.js";

type Items = Map<string, object>;

const keyOf = (item: object): string | undefined => {
  const { uri, uriTemplate, name } = fieldsOf(item);
  const key = uri ?? uriTemplate ?? name;
  return typeof key === "string" ? key : undefined;
};

const itemsOf = (list: unknown): Items => {
  const items: Items = new Map();
  if (!Array.isArray(list)) return items;
  for (const item of list) {
    const key = typeof item === "object" && item !== null ? keyOf(item) : undefined;
    if (key !== undefined) items.set(key, item);
  }
  return items;
};

/** Of a longer list only the end is remembered. */
const MAX_ITEMS = 10_000;

function merge(known: Items, items: Items): Items {
  for (const [key, item] of items) known.set(key, item);
  for (const key of known.keys()) {
    if (known.size <= MAX_ITEMS) break;
    known.delete(key);
  }
  return known;
}

/** What the server was last seen to offer: what tools say of themselves, and what a reconnect is compared with. */
export class ServerLists {
  readonly #known = new Map<ListKind, Items>();
  /** The pages of a list that is being read. */
  readonly #reading = new Map<ListKind, Items>();
  #server: { version: Implementation | undefined; capabilities: string[] } | undefined;

  /**
   * One page of a list, as it came in; without a cursor it is the first. What the whole list no longer holds is forgotten. A
   * hostile page is not looked at; the Client says what is wrong with it.
   */
  note(method: string, result: object, cursor?: unknown): void {
    const kind = factsOf(method).list;
    if (kind === undefined) return;
    const items = itemsOf(fieldsOf(result)[kind]);
    const more = fieldsOf(result)["nextCursor"] ?? undefined;
    const reading = cursor === undefined ? new Map() : this.#reading.get(kind);
    if (reading) merge(reading, items);
    if (more !== undefined && reading) this.#reading.set(kind, reading);
    else this.#reading.delete(kind);
    // Until the last page came, what was known before may still be there.
    if (reading && more === undefined) this.#known.set(kind, reading);
    else this.#known.set(kind, merge(this.#known.get(kind) ?? new Map(), items));
  }

  /** Whether a tool's annotations say that calling it twice is calling it once. */
  repeatable(name: string | undefined): boolean {
    const tool = name === undefined ? undefined : this.#known.get("tools")?.get(name);
    const { readOnlyHint, idempotentHint } = fieldsOf(fieldsOf(tool)["annotations"]);
    return readOnlyHint === true || idempotentHint === true;
  }

  /** Reads again what was read before, which refills the Client's cache of schemas too; undefined: nothing changed. */
  async compare(client: Client, options: RequestOptions): Promise<ServerChange | undefined> {
    const before = this.#server;
    const version = client.getServerVersion();
    const capabilities = Object.keys(client.getServerCapabilities() ?? {});
    this.#server = { version, capabilities };
    if (!before) return undefined;
    const change: ServerChange = { lists: {} };
    if (!isDeepStrictEqual(before.version, version)) change.server = { from: before.version, to: version };
    const added = capabilities.filter((name) => !before.capabilities.includes(name));
    const removed = before.capabilities.filter((name) => !capabilities.includes(name));
    if (added.length + removed.length > 0) change.capabilities = { added, removed };
    await Promise.all(
      [...this.#known].map(async ([kind, known]) => {
        // A copy: what comes in meanwhile is noted there.
        const old = new Map(known);
        const now = itemsOf(await read(kind, client, options));
        this.#known.set(kind, now);
        const difference = differenceOf(old, now);
        if (difference) change.lists[kind] = difference;
      }),
    );
    const same = !change.server && !change.capabilities && Object.keys(change.lists).length === 0;
    return same ? undefined : change;
  }
}

async function read(kind: ListKind, client: Client, options: RequestOptions): Promise<unknown> {
  const offered = client.getServerCapabilities();
  const fresh = { ...options, cacheMode: "refresh" as const };
  switch (kind) {
    case "tools":
      return offered?.tools ? (await client.listTools(undefined, fresh)).tools : [];
    case "prompts":
      return offered?.prompts ? (await client.listPrompts(undefined, fresh)).prompts : [];
    case "resources":
      return offered?.resources ? (await client.listResources(undefined, fresh)).resources : [];
    case "resourceTemplates":
      return offered?.resources
        ? (await client.listResourceTemplates(undefined, fresh)).resourceTemplates
        : [];
  }
}

function differenceOf(old: Items, now: Items): ListDifference | undefined {
  const difference = {
    added: [...now.keys()].filter((key) => !old.has(key)),
    removed: [...old.keys()].filter((key) => !now.has(key)),
    changed: [...now]
      .filter(([key, item]) => old.has(key) && !isDeepStrictEqual(old.get(key), item))
      .map(([key]) => key),
  };
  const { added, removed, changed } = difference;
  return added.length + removed.length + changed.length > 0 ? difference : undefined;
}
