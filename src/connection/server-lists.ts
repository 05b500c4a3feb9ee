import { isDeepStrictEqual } from "node:util";
import type { Client, Implementation, RequestOptions } from "@modelcontextprotocol/client";
import { fieldsOf } from "../base/fields.js";
import { factsOf } from "../contract/methods.js";
import { noTemplates } from "../contract/no-templates.js";
import type { FieldChange, ListDifference, ListKind, ServerChange } from "../contract/status.js";

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

/** What a server is expected to be, before it is reached for the first time. */
export interface Expected {
  lists: Partial<Record<ListKind, readonly object[]>>;
  server: Implementation | undefined;
  /** The names of its capabilities. */
  capabilities: string[];
}

/** What the server was last seen to offer: what tools say of themselves, and what a reconnect is compared with. */
export class ServerLists {
  readonly #known = new Map<ListKind, Items>();
  /** The pages of a list that is being read. */
  readonly #reading = new Map<ListKind, Items>();
  /** Those that are being compared: who compares tells what differs. */
  readonly #comparing = new Set<ListKind>();
  /** What was known when the list that is being read began. */
  readonly #before = new Map<ListKind, Items>();
  #server: { version: Implementation | undefined; capabilities: string[] } | undefined;

  /** `differs` hears how a list that was read again, for whatever reason, is another one than before. */
  constructor(private readonly differs: (kind: ListKind, difference: ListDifference) => void = () => {}) {}

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
    // Its pages are mixed with what was known, of which a copy is left to compare with.
    const known = this.#known.get(kind);
    if (cursor === undefined && known) this.#before.set(kind, new Map(known));
    if (more !== undefined && reading) this.#reading.set(kind, reading);
    else this.#reading.delete(kind);
    // Until the last page came, what was known before may still be there.
    if (reading && more === undefined) this.#whole(kind, reading);
    else this.#known.set(kind, merge(this.#known.get(kind) ?? new Map(), items));
  }

  /** What the server offered when it last ran: what it offers when it is reached is compared with that. */
  expect({ lists, server, capabilities }: Expected): void {
    this.#known.clear();
    for (const [kind, items] of Object.entries(lists)) this.#known.set(kind as ListKind, itemsOf(items));
    this.#server = { version: server, capabilities };
  }

  #whole(kind: ListKind, now: Items): void {
    const before = this.#before.get(kind);
    this.#known.set(kind, now);
    this.#before.delete(kind);
    const difference = before && !this.#comparing.has(kind) && differenceOf(before, now);
    if (difference) this.differs(kind, difference);
  }

  /** Reads again what is known of these kinds; undefined: nothing is. */
  reread(
    kinds: readonly ListKind[],
    client: Client,
    options: RequestOptions,
  ): Promise<ServerChange["lists"]> | undefined {
    const known = kinds.filter((kind) => this.#known.has(kind));
    return known.length > 0 ? this.#differences(known, client, options) : undefined;
  }

  async #differences(
    kinds: readonly ListKind[],
    client: Client,
    options: RequestOptions,
  ): Promise<ServerChange["lists"]> {
    const lists: ServerChange["lists"] = {};
    await Promise.all(
      kinds.map(async (kind) => {
        // A copy: what comes in meanwhile is noted there.
        const old = new Map(this.#known.get(kind));
        this.#comparing.add(kind);
        try {
          const now = itemsOf(await read(kind, client, options));
          this.#known.set(kind, now);
          const difference = differenceOf(old, now);
          if (difference) lists[kind] = difference;
        } finally {
          this.#comparing.delete(kind);
        }
      }),
    );
    return lists;
  }

  /** A tool as it was last listed. */
  tool(name: string): object | undefined {
    return this.#known.get("tools")?.get(name);
  }

  /** Whether a tool's annotations say that calling it twice is calling it once. */
  repeatable(name: string | undefined): boolean {
    const tool = name === undefined ? undefined : this.tool(name);
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
    change.lists = await this.#differences([...this.#known.keys()], client, options);
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
        ? (await client.listResourceTemplates(undefined, fresh).catch(noTemplates)).resourceTemplates
        : [];
  }
}

function differenceOf(old: Items, now: Items): ListDifference | undefined {
  const added = [...now.keys()].filter((key) => !old.has(key));
  const removed = [...old.keys()].filter((key) => !now.has(key));
  const fields: NonNullable<ListDifference["fields"]> = {};
  for (const [key, item] of now) {
    const before = old.get(key);
    const altered = before ? fieldsThatDiffer(before, item) : [];
    if (altered.length > 0) Object.defineProperty(fields, key, { value: altered, enumerable: true });
  }
  const changed = Object.keys(fields);
  if (added.length + removed.length + changed.length === 0) return undefined;
  return { added, removed, changed, ...(changed.length > 0 && { fields }) };
}

function fieldsThatDiffer(before: object, now: object): FieldChange[] {
  const [from, to] = [fieldsOf(before), fieldsOf(now)];
  return [...new Set([...Object.keys(from), ...Object.keys(to)])]
    .filter((field) => !isDeepStrictEqual(from[field], to[field]))
    .map((field) => ({ field, from: bounded(from[field]), to: bounded(to[field]) }));
}

/** More of one value nobody reads, and it is copied for each who is told. */
const MAX_PARTS = 1_000;
const MAX_CHARACTERS = 64 * 1024;

function bounded(value: unknown): unknown {
  let parts = 0;
  let characters = 0;
  const waiting = [value];
  while (waiting.length > 0) {
    const part = waiting.pop();
    if (typeof part === "string") characters += part.length;
    else if (typeof part === "object" && part !== null)
      for (const [key, one] of Object.entries(part)) {
        characters += key.length;
        if (++parts > MAX_PARTS) break;
        waiting.push(one);
      }
    if (parts > MAX_PARTS || characters > MAX_CHARACTERS) return "[too large to show]";
  }
  return value;
}
