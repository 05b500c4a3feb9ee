import { Catalog, type CatalogHost } from "../../src/composite/catalog.js";
import { Claims } from "../../src/composite/claims.js";
import type { Member } from "../../src/composite/member.js";
import { prefixed } from "../../src/composite/naming.js";
import { PresentedMembers } from "../../src/composite/presented.js";
import type { ToolRules } from "../../src/composite/transforms.js";
import type { Session } from "../../src/contract/session.js";
import type { ConnectionStatus } from "../../src/contract/status.js";

/** What a fake server lists: by name, or whole items. */
export interface FakeOffer {
  tools?: (string | object)[];
  prompts?: (string | object)[];
  resources?: string[];
  templates?: string[];
}

const named = (all: (string | object)[] = [], more: object = {}) =>
  all.map((one) => (typeof one === "string" ? { name: one, ...more } : { ...more, ...one }));

/** A member without a server: it answers what a test says, when the test says. */
export class FakeMember implements Member {
  state: ConnectionStatus["state"] = "connected";
  suspect = false;
  epoch = 1;
  detail: ConnectionStatus["detail"];
  reached = true;
  /** While it is set, lists wait for it. */
  hold: Promise<void> | undefined;
  /** Thrown by lists. */
  fails: Error | undefined;
  readonly asked: string[] = [];
  /** How long each list of tools was to take, in milliseconds. */
  readonly timeouts: number[] = [];
  timeoutMs: number | undefined;

  constructor(
    readonly name: string,
    public offer: FakeOffer = {},
    readonly rules: Partial<ToolRules> = {},
    more: object = {},
  ) {
    this.#session = Object.assign(this.#session, more);
  }

  get may(): ToolRules["may"] {
    return this.rules.may ?? (() => true);
  }
  get tools() {
    return this.rules.tools;
  }
  pin() {
    return this.rules.pin?.();
  }
  get includeTags() {
    return this.rules.includeTags;
  }
  get excludeTags() {
    return this.rules.excludeTags;
  }
  get session(): Session | undefined {
    return this.reached ? this.#session : undefined;
  }

  #session = {
    listTools: (_params: undefined, { timeout }: { timeout: number }) => {
      this.timeouts.push(timeout);
      return this.#answer("tools/list", {
        tools: named(this.offer.tools, { inputSchema: { type: "object" } }),
      });
    },
    listPrompts: () => this.#answer("prompts/list", { prompts: named(this.offer.prompts) }),
    listResources: () =>
      this.#answer("resources/list", {
        resources: (this.offer.resources ?? []).map((uri) => ({ uri, name: uri })),
      }),
    listResourceTemplates: () =>
      this.#answer("resources/templates/list", {
        resourceTemplates: (this.offer.templates ?? []).map((uriTemplate) => ({
          uriTemplate,
          name: uriTemplate,
        })),
      }),
    ping: () => this.#answer("ping", {}),
    getServerCapabilities: () => ({ tools: {} }),
    getProtocolEra: () => "legacy",
    getInstructions: () => undefined,
  } as unknown as Session;

  status = () =>
    ({
      state: this.state,
      suspect: this.suspect,
      detail: this.detail,
      epoch: this.epoch,
    }) as unknown as ConnectionStatus;

  async opened(signal: AbortSignal): Promise<Session> {
    if (this.reached) return this.#session;
    return new Promise((_, reject) => {
      const onAbort = () => reject(new Error(`${this.name} was never reached`, { cause: signal.reason }));
      if (signal.aborted) onAbort();
      signal.addEventListener("abort", onAbort, { once: true });
    });
  }

  async #answer<T>(method: string, result: T): Promise<T> {
    this.asked.push(method);
    await this.hold;
    if (this.fails) throw this.fails;
    return result;
  }
}

/** A catalog over these members, and what it reported. */
export function catalogOf(all: FakeMember[], options: Partial<CatalogHost> = {}) {
  const reports: string[] = [];
  const late: string[] = [];
  let slow = 0;
  const members = [...all];
  const catalog = new Catalog({
    servers: () => members.map(({ name }) => name),
    members: () => members,
    member: (name) => members.find((member) => member.name === name),
    rule: prefixed,
    uriPrefix: true,
    claims: { tools: new Claims(), prompts: new Claims() },
    listWaitMs: 1_000,
    listTimeoutMs: 10_000,
    report: (message) => reports.push(message),
    onLate: (kind) => late.push(kind),
    onSlow: () => slow++,
    ...options,
  });
  const presented = new PresentedMembers(catalog, () => members);
  return { catalog, presented, members, reports, late, slow: () => slow };
}

export const NEVER = new AbortController().signal;
